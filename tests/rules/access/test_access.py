"""Who sees what: the rule for one ticket and the rule for a list say the same, over generated people and tickets."""

import random

import pytest
from sqlalchemy import select

from helpdesk.access import lookups, visibility
from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.events import events
from helpdesk.lists import saved_views, ticket_lists
from helpdesk.tickets import tickets, timeline
from models import Event, Message, Ticket, Watcher, db
from tests.support import builders

ROLES = ("user", "user", "user", "agent", "admin")


def test_the_generated_crowds_hold_every_case(app):
    """Else the tests below would prove little."""
    crowd, raised = generated(random.Random(3))
    assert {person.role for person in crowd} == {"user", "agent", "admin"}
    assert {person.is_active for person in crowd} == {True, False}
    assert {ticket.trashed_at is None for ticket in raised} == {True, False}
    assert db.session.query(Watcher).count() and db.session.query(Message).filter_by(kind="note").count()


@pytest.mark.parametrize("seed", range(5))
def test_the_rule_for_lists_equals_the_rule_for_one_ticket(app, seed):
    crowd, raised = generated(random.Random(seed))
    for person in crowd:
        listed = set(db.session.scalars(select(Ticket.id).where(visibility.visible_tickets(person))))
        judged = {ticket.id for ticket in raised if visibility.sees_ticket(person, ticket)}
        assert listed == judged, f"{person.role} {person.name}"
        found = {t.id for t in raised if lookups.find_ticket(person, t.id, to_change=False) is not None}
        assert found == judged


@pytest.mark.parametrize("seed", range(5))
def test_every_list_and_every_count_stays_inside_the_rule(app, seed):
    crowd, raised = generated(random.Random(100 + seed))
    for person in crowd:
        judged = {ticket.id for ticket in raised if visibility.sees_ticket(person, ticket)}
        for view in saved_views.STANDING:
            rows = {row.id for row in ticket_lists.listing(view, person).rows}
            assert rows <= judged
            assert ticket_lists.counts(person, [view])[view] == len(rows)
        assert {row.id for row in ticket_lists.in_trash(person)} <= judged
        for finished in (False, True):
            assert {row.id for row in ticket_lists.own(person, finished=finished).rows} <= judged


@pytest.mark.parametrize("seed", range(3))
def test_notes_and_their_events_are_found_by_agents_alone(app, seed):
    crowd, raised = generated(random.Random(200 + seed))
    notes = set(db.session.scalars(select(Message.id).where(Message.kind == "note")))
    for person in crowd:
        read = set(db.session.scalars(select(Message.id).where(visibility.visible_messages(person))))
        assert read & notes == (notes if person.is_agent else set())
        told = db.session.scalars(select(Event.kind).where(visibility.visible_events(person)))
        assert person.is_agent or not {"noted", "note_corrected", "trashed", "restored"} & set(told)
        for ticket in raised:
            assert person.is_agent or "noted" not in {event.kind for event in timeline.timeline(ticket, person)}


def test_what_hangs_below_a_ticket_is_found_inside_that_ticket_only(cast):
    first, second = builders.ticket(cast.ada), builders.ticket(cast.ada)
    builders.reply(first, by=cast.cleo)
    builders.act(tickets.add_watcher, first, watcher=cast.ben, by=cast.cleo)
    message = db.session.scalar(select(Message))
    assert lookups.find_message(cast.ada, first, message.id) is message
    assert lookups.find_message(cast.ada, second, message.id) is None
    assert lookups.find_watcher(cast.cleo, first, cast.ben.id) is cast.ben
    assert lookups.find_watcher(cast.cleo, second, cast.ben.id) is None
    assert lookups.find_watcher(cast.cleo, first, cast.ada.id) is None


def test_somebody_who_is_switched_off_sees_nothing(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(people.switch_off, cast.ada, by=cast.eve)
    assert not visibility.sees_ticket(cast.ada, ticket)
    assert lookups.find_ticket(cast.ada, ticket.id, to_change=False) is None


def test_a_new_requester_sees_the_ticket_and_the_old_one_does_not(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.change_requester, ticket, to=cast.ben, by=cast.cleo)
    assert visibility.sees_ticket(cast.ben, ticket)
    assert not visibility.sees_ticket(cast.ada, ticket)


def generated(chance):
    """A crowd of 8 people of any role, some switched off, and 12 tickets in any state that they raised and watch."""
    with transactions.writing():
        crowd = [_somebody(chance, number) for number in range(8)]
        raised = [_some_ticket(chance, crowd) for _ in range(12)]
        db.session.flush()
        for ticket in raised:
            for watcher in chance.sample(crowd, chance.randint(0, 3)):
                if watcher is not ticket.requester:
                    db.session.add(Watcher(ticket_id=ticket.id, person_id=watcher.id))
            _some_messages(chance, ticket, crowd)
    return crowd, raised


def _somebody(chance, number):
    person = people.add(f"Person {number}", f"person{number}@example.com", role=chance.choice(ROLES))
    if chance.random() < 0.2:
        person.switched_off_at = transactions.now()
    return person


def _some_ticket(chance, crowd):
    ticket = tickets.raise_ticket(by=chance.choice(crowd), subject="Subject", description="Text")
    ticket.requester = chance.choice(crowd)
    ticket.assignee = chance.choice([None, *(person for person in crowd if person.is_agent)])
    ticket.status = chance.choice(["new", "open", "pending", "resolved", "closed"])
    if chance.random() < 0.25:
        ticket.trashed_at = transactions.now()
    return ticket


def _some_messages(chance, ticket, crowd):
    for kind in chance.choices(("reply", "note"), k=chance.randint(0, 3)):
        author = chance.choice([person for person in crowd if person.is_agent] or crowd)
        message = Message(ticket=ticket, author=author, kind=kind, body="Text", created_at=transactions.now())
        db.session.add(message)
        events.record("replied" if kind == "reply" else "noted", ticket=ticket, message=message, by=author)
