"""The tallies of the dashboard: whatever happens to the tickets, they say what a count of the rows says."""

import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from helpdesk.choices import ACTIVE, STATUSES
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.reports import daily_counts, dashboard as reports_dashboard
from helpdesk.tickets import messages, tickets, undo
from models import DeskFact, Event, Ticket, db
from tests.support import builders
from tests.support.builders import act

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
UTC = ZoneInfo("UTC")


@pytest.fixture
def large(monkeypatch):
    """Every desk counts as a large one, so the worker keeps tallies."""
    monkeypatch.setattr(daily_counts, "LARGE", 1)


def counted(zone, at):
    """The same figures, straight from the rows and in the plainest way."""
    rows = [ticket for ticket in db.session.query(Ticket) if ticket.trashed_at is None]
    day = lambda moment: moment and moment.astimezone(zone).date()  # noqa: E731
    came = Counter(day(ticket.created_at) for ticket in rows)
    went = Counter(day(ticket.finished_at) for ticket in rows)
    last = at.astimezone(zone).date()
    days = [last - timedelta(days=back) for back in range(29, -1, -1)]
    active = Counter((t.category_id, t.priority) for t in rows if t.status in ACTIVE)
    return [(one, came[one], went[one]) for one in days], active


def shown(tally, zone):
    days = [(one.day, one.came, one.went) for one in tally.days[zone.key]]
    return days, {(category, priority): count for category, priority, count in tally.active}


def something(chance, cast, ticket, categories, at):
    """One thing that may happen to a ticket, allowed or not."""
    return chance.choice(
        [
            lambda: tickets.set_status(ticket, chance.choice(list(STATUSES)), by=cast.eve, reason="a part", at=at),
            lambda: tickets.set_priority(ticket, chance.choice(["low", "normal", "urgent"]), by=cast.eve, at=at),
            lambda: tickets.set_category(ticket, chance.choice(categories), by=cast.eve, at=at),
            lambda: tickets.solve(ticket, by=cast.ada, at=at),
            lambda: tickets.reopen(ticket, by=cast.eve, at=at),
            lambda: tickets.trash(ticket, by=cast.eve, at=at),
            lambda: tickets.restore(ticket, by=cast.eve, at=at),
            lambda: tickets.purge(ticket, by=cast.eve, at=at),
            lambda: messages.reply(ticket, "Again.", by=cast.ada, at=at),
            lambda: undo.undo(last_of(ticket), by=cast.eve, at=at),
        ]
    )


def last_of(ticket):
    found = db.session.query(Event).filter(Event.ticket_id == ticket.id, Event.kind != "undone")
    return found.order_by(Event.id.desc()).first()


@pytest.mark.parametrize("seed", range(4))
def test_after_any_acts_the_tallies_are_what_a_count_of_the_rows_says(cast, large, seed):
    chance, categories = random.Random(seed), [builders.category("Hardware"), builders.category("Access"), None]
    zone = ZoneInfo(chance.choice(["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]))
    for step in range(60):
        at = NOW - timedelta(hours=(60 - step) * 13)
        if step % 4 == 0:
            builders.ticket(cast.ada, at=at, category=chance.choice(categories))
        ticket = chance.choice(db.session.query(Ticket).all() or [builders.ticket(cast.ada, at=at)])
        try:
            act(something(chance, cast, ticket, categories, at))
        except Refused:
            pass
        if step % 10 == 9:
            daily_counts.forget()
            assert daily_counts.keep(zone.key, NOW)
            tally, late = daily_counts.current(zone, NOW + timedelta(seconds=60))
            assert shown(tally, zone) == counted(zone, NOW) and tally.at == NOW and late is None


def test_a_small_desk_counts_when_asked_and_keeps_nothing(cast, monkeypatch):
    monkeypatch.setattr(
        daily_counts, "LARGE", 2**31
    )  # How large a desk is, its highest number tells, whatever was before.
    builders.ticket(cast.ada)
    assert daily_counts.keep("UTC") is False
    assert db.session.get(DeskFact, daily_counts.FACT) is None
    tally, late = daily_counts.current(UTC, transactions.now())
    assert tally.days["UTC"][-1].came == 1 and late is None


def test_a_large_desk_shows_what_the_worker_counted_and_as_of_when(cast, large):
    builders.ticket(cast.ada, at=NOW)
    daily_counts.keep("UTC", NOW)
    builders.ticket(cast.ada, at=NOW)
    dashboard = reports_dashboard.figures(cast.cleo, UTC, NOW + timedelta(seconds=20))
    assert dashboard.at == NOW and dashboard.days[-1].came == 1
    assert dashboard.new == 2, "what waits is always counted as it is now"
    daily_counts.keep("UTC", NOW + timedelta(seconds=40))
    assert reports_dashboard.figures(cast.cleo, UTC, NOW + timedelta(seconds=45)).days[-1].came == 2


def test_a_second_worker_does_not_count_again_at_once(cast, large):
    builders.ticket(cast.ada, at=NOW)
    daily_counts.keep("UTC", NOW)
    daily_counts.keep("UTC", NOW + timedelta(seconds=5))
    assert daily_counts.current(UTC, NOW + timedelta(seconds=6))[0].at == NOW


def test_where_the_worker_is_silent_the_page_counts_and_says_since_when(cast, large):
    builders.ticket(cast.ada, at=NOW)
    daily_counts.keep("UTC", NOW)
    builders.ticket(cast.ada, at=NOW)
    later = NOW + timedelta(minutes=3)
    tally, late = daily_counts.current(UTC, later)
    assert (tally.at, late) == (later, NOW) and tally.days["UTC"][-1].came == 2


def test_an_agent_in_another_zone_gets_days_of_their_own(cast, large):
    with transactions.writing():
        cast.cleo.time_zone = "Africa/Lagos"
    builders.ticket(cast.ada, at=datetime(2026, 11, 19, 23, 30, tzinfo=timezone.utc))
    daily_counts.keep("UTC", NOW)
    kept = daily_counts.current(ZoneInfo("Africa/Lagos"), NOW)[0]
    assert set(kept.days) == {"UTC", "Africa/Lagos"}
    assert [day.came for day in kept.days["UTC"][-2:]] == [1, 0]
    assert [day.came for day in kept.days["Africa/Lagos"][-2:]] == [0, 1]
    asked = daily_counts.current(ZoneInfo("Asia/Tokyo"), NOW)[0]
    assert set(asked.days) == {"Asia/Tokyo"}, "a zone chosen a moment ago is counted when asked for"


def test_what_was_kept_comes_back_as_it_was(cast, large):
    builders.ticket(cast.ada, at=NOW, category=builders.category())
    daily_counts.keep("UTC", NOW)
    assert daily_counts.current(UTC, NOW)[0] == daily_counts.count([UTC], NOW)
