"""The demo company: alive enough to try the desk out, and silent."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select

import config
from app import create_app
from helpdesk import choices
from helpdesk.accounts import passwords
from helpdesk.db import transactions
from helpdesk.demo import company as demo_company, script
from helpdesk.query import language
from helpdesk.search import search
from helpdesk.search.filters import SearchContext
from helpdesk.tickets import tags
from models import Category, Delivery, Event, Message, Person, ReadMark, SavedView, Ticket, TicketLink, Watcher, db
from tests.conftest import SETTINGS
from tests.support.databases import empty_database

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def company():
    """A desk of its own with the company in it, for all tests of this file: its accounts and their password."""
    with empty_database() as address:
        desk = create_app(SETTINGS | {"DATABASE_URL": address})
        with desk.app_context():
            upgrade(directory=str(config.HERE / "migrations"))
            yield demo_company.fill(zone=BERLIN)
            db.session.remove()
            db.engine.dispose()


def count(model, *where):
    return db.session.scalar(select(func.count()).select_from(model).where(*where))


def test_the_company_has_about_25_people_and_150_tickets_of_every_kind(company):
    assert 24 <= count(Person) <= 27
    assert 145 <= count(Ticket) <= 165
    assert set(db.session.scalars(select(Ticket.status))) == set(choices.STATUSES)
    assert set(db.session.scalars(select(Ticket.priority))) == set(choices.PRIORITIES)
    assert set(db.session.scalars(select(Ticket.category_id))) == set(db.session.scalars(select(Category.id)))
    for ticket_with in (Ticket.trashed_at, Ticket.follows_id, Ticket.pending_reason):
        assert count(Ticket, ticket_with.is_not(None)) > 0
    assert count(Message, Message.kind == "reply") > 200
    assert count(Message, Message.kind == "note") > 30
    assert count(Watcher) > 10
    assert count(Event, Event.kind == "reopened") > 5


def test_a_newcomer_meets_tags_links_a_merged_ticket_and_a_view_for_everybody(company):
    active = db.session.query(Ticket).where(Ticket.status.not_in(choices.FINISHED))
    assert {"vpn", "onboarding"} <= {tag.name for ticket in active for tag in ticket.tags}
    assert {"vpn", "onboarding", "printer"} <= set(tags.used())
    assert set(db.session.scalars(select(TicketLink.kind))) == {"related", "blocks", "duplicate"}
    closed_as = db.session.scalars(select(Ticket.closed_as).where(Ticket.closed_as.is_not(None))).all()
    assert sorted(closed_as) == ["duplicate", "merged"]
    boss = db.session.get(Person, company[0][0].id)
    for view in db.session.query(SavedView).where(SavedView.owner_id.is_(None)):
        wanted = language.parse(view.query, search.known_to(boss))
        assert search.run(wanted, SearchContext(boss, BERLIN, transactions.now())).total > 1, view.name
    assert count(SavedView) == 1


def test_everything_happened_in_the_last_three_months_in_the_order_of_its_numbers(company):
    now = transactions.now()
    raised = db.session.scalars(select(Ticket.created_at).order_by(Ticket.id)).all()
    assert raised == sorted(raised)
    assert raised[0] > now - timedelta(days=93)
    assert max(db.session.scalars(select(Event.at))) <= now
    for ticket in db.session.query(Ticket):
        happened = db.session.scalars(select(Event.at).where(Event.ticket_id == ticket.id).order_by(Event.id)).all()
        assert happened == sorted(happened) and happened[0] == ticket.created_at


@pytest.mark.parametrize("weekday", range(7))
def test_on_every_day_of_the_week_all_acts_are_over_and_none_is_at_night(weekday):
    now = datetime(2026, 6, 1 + weekday, 14, 30, tzinfo=timezone.utc)
    for play in script.plays(now, BERLIN):
        assert play.moments == sorted(play.moments) and play.moments[-1] < now, play.subject
        if play.age >= timedelta(days=20):
            by_people = [at.astimezone(BERLIN) for at, act in zip(play.moments[1:], play.acts) if act.who != "desk"]
            assert all(at.weekday() < 5 and 8 <= at.hour < 18 for at in by_people), play.subject


@pytest.mark.parametrize("weekday", range(7))
def test_on_every_day_of_the_week_a_ticket_that_another_names_is_there_by_then(weekday):
    plays = script.plays(datetime(2026, 6, 1 + weekday, 9, tzinfo=timezone.utc), BERLIN)
    by_subject = {play.subject: play for play in plays}
    assert len(by_subject) == len(plays)
    named = [(act, at) for play in plays for at, act in story(play) if act.other]
    assert {act.verb for act, _at in named} == set(script.RELATING)
    for act, at in named:
        other = by_subject[act.other]
        assert other.moments[0] < at, act
        if act.verb == "merges":
            assert not any(one.verb in ("closes", "trashes") and ended < at for ended, one in story(other)), act


def story(play):
    return zip(play.moments[1:], play.acts)


def test_nothing_is_owed_to_anybody(company):
    assert set(db.session.scalars(select(Delivery.state))) == {"cancelled"}


def test_nothing_is_due_to_close_by_itself(company):
    assert count(Ticket, Ticket.status == "resolved", Ticket.resolved_at < transactions.now() - timedelta(days=7)) == 0


def test_its_accounts_share_a_password_that_the_desk_would_accept(company):
    accounts, password = company
    assert [person.role for person in accounts[:2]] == ["admin", "agent"]
    assert all(passwords.matches(password, person.password_hash) for person in accounts[:2])
    assert len(password) >= choices.PASSWORD_MIN and not passwords.is_common(password)
    assert all(person.is_active and person.confirmed_at for person in accounts)


def test_some_answers_are_read_and_some_are_not(company):
    read = select(ReadMark.ticket_id).where(ReadMark.person_id == Ticket.requester_id, ReadMark.ticket_id == Ticket.id)
    unread = count(Ticket, ~read.exists())
    assert 5 < unread < count(Ticket) / 2
