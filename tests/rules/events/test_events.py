"""record(): an event, what is owed because of it, and the two times of a ticket."""

import logging

import pytest

from helpdesk.access import lookups
from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.events import events, kinds
from helpdesk.tickets import tags, tickets, timeline
from models import Delivery, Event, db
from tests.support import builders
from tests.support.builders import act


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def test_an_unknown_kind_or_undeclared_facts_are_a_mistake_in_our_code(ticket, cast):
    with pytest.raises(KeyError):
        events.record("exploded", ticket=ticket, by=cast.ada)
    with pytest.raises(ValueError, match="declares the facts"):
        events.record("taken", ticket=ticket, by=cast.ada, colour="red")
    with pytest.raises(ValueError, match="declares the facts"):
        events.record("taken", ticket=ticket, by=cast.ada)


def test_event_and_mails_come_and_go_with_the_change(ticket, cast):
    with pytest.raises(ZeroDivisionError), transactions.writing():
        tickets.set_status(ticket, "resolved", by=cast.cleo)
        assert db.session.query(Delivery).filter_by(mail="resolved").count() == 1
        raise ZeroDivisionError
    assert db.session.query(Delivery).filter_by(mail="resolved").count() == 0
    assert [event.kind for event in db.session.query(Event)] == ["raised"]
    assert ticket.status == "new"


def test_each_mail_has_a_message_id_of_its_own(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    builders.reply(ticket, by=cast.cleo)
    ids = [delivery.message_id for delivery in db.session.query(Delivery)]
    assert len(ids) == len(set(ids)) == 3
    assert all(one.startswith(f"ticket-{ticket.id}.") for one in ids)


def test_public_events_move_both_times_and_secret_ones_only_that_of_agents(ticket, cast):
    later = transactions.now()
    act(events.record, "noted", ticket=ticket, by=cast.cleo, at=later)
    assert ticket.activity_at == later and ticket.public_activity_at < later
    act(events.record, "replied", ticket=ticket, by=cast.cleo, at=later)
    assert ticket.public_activity_at == later


def test_the_timeline_and_the_news_are_what_the_reader_may_see(ticket, cast):
    start = timeline.newest(ticket, cast.ada)
    builders.note(ticket, by=cast.cleo)
    assert timeline.newest(ticket, cast.ada) == start
    assert timeline.since(ticket, cast.ada, start) == []
    assert [event.kind for event in timeline.since(ticket, cast.dan, start)] == ["noted"]
    act(tickets.trash, ticket, by=cast.eve)
    act(tickets.restore, ticket, by=cast.eve)
    assert timeline.since(ticket, cast.ada, start) == []
    builders.reply(ticket, by=cast.cleo)
    assert [e.kind for e in timeline.timeline(ticket, cast.ada)] == ["raised", "replied", "status_set"]
    assert len(timeline.timeline(ticket, cast.cleo)) == 6


def test_an_act_is_logged_once_it_is_committed_and_not_before(ticket, cast, caplog):
    with caplog.at_level(logging.INFO, logger="desk.act"), transactions.writing():
        tickets.take(ticket, by=cast.cleo)
        assert caplog.records == []
    assert [(record.kind, record.ticket, record.actor) for record in caplog.records] == [
        ("taken", ticket.id, cast.cleo.id),
        ("status_set", ticket.id, cast.cleo.id),
    ]


def test_an_act_that_was_undone_is_never_logged(ticket, cast, caplog):
    with caplog.at_level(logging.INFO, logger="desk.act"), transactions.writing():
        tickets.take(ticket, by=cast.cleo)
        transactions.rollback()
    assert caplog.records == []
    assert lookups.find_ticket(cast.ada, ticket.id, to_change=False).assignee is None


def test_an_event_without_an_actor_is_told_of_the_desk(ticket, cast):
    act(tickets.set_status, ticket, "closed", by=None)
    assert kinds.tell(timeline.timeline(ticket, cast.ada)[-1]) == "The desk closed the ticket"


def test_an_act_that_a_later_one_took_along_is_never_logged(ticket, cast, caplog):
    act(tags.set_tags, ticket, [f"tag {number}" for number in range(10)], by=cast.cleo)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="desk.act"):
        act(jobs.start_with, [ticket.id], {"priority": "urgent", "tag": "one more"}, by=cast.cleo)
    assert caplog.records == []
