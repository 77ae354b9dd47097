"""The acts on a ticket: what each changes, what it refuses, and who hears of it."""

from datetime import timedelta

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import editing, messages, tickets
from models import Delivery, Event, Message, Person, Ticket, Watcher, db
from tests.support import builders
from tests.support.builders import act


def kinds():
    return [event.kind for event in db.session.query(Event).order_by(Event.id)]


def mails():
    return sorted((d.email.split("@")[0], d.mail) for d in db.session.query(Delivery))


@pytest.fixture
def ticket(cast):
    """Ada's ticket, as it came in, with its receipt out of the way."""
    made = builders.ticket(cast.ada)
    with transactions.writing():
        db.session.query(Delivery).delete()
        db.session.query(Event).filter(Event.kind != "raised").delete()
    return made


# ---- raise


def test_raising_sends_the_receipt_and_tells_agents_who_asked(cast):
    with transactions.writing():
        cast.cleo.wants_every_new = True
    builders.ticket(cast.ada)
    assert mails() == [("ada", "received"), ("cleo", "new_ticket")]


def test_an_agent_who_asked_for_every_new_ticket_is_not_told_of_their_own(cast):
    with transactions.writing():
        cast.cleo.wants_every_new = cast.dan.wants_every_new = True
    made = builders.ticket(cast.cleo, requester=cast.ada)
    assert mails() == [("ada", "received"), ("dan", "new_ticket")]
    assert made.requester is cast.ada and made.raised_by is cast.cleo
    assert kinds() == ["raised_for"]


def test_the_same_form_sent_twice_makes_one_ticket(cast):
    first = builders.ticket(cast.ada, form_token="once")
    again = builders.ticket(cast.ada, form_token="once", subject="Another text")
    assert first.id == again.id
    assert db.session.query(Ticket).count() == db.session.query(Event).count() == 1
    assert builders.ticket(cast.ben, form_token="once").id != first.id


# ---- take and assign


def test_taking_a_new_ticket_opens_it(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    assert (ticket.status, ticket.assignee) == ("open", cast.cleo)
    assert kinds() == ["raised", "taken", "status_set"]
    assert mails() == []


def test_a_ticket_that_somebody_has_cannot_be_taken(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    with pytest.raises(Refused, match="Cleo Hart has this ticket already"):
        act(tickets.take, ticket, by=cast.dan)
    with pytest.raises(Refused, match="You have this ticket already"):
        act(tickets.take, ticket, by=cast.cleo)
    assert ticket.assignee is cast.cleo


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_a_finished_ticket_cannot_be_taken(ticket, cast, status):
    act(tickets.set_status, ticket, status, by=cast.dan)
    with pytest.raises(Refused, match="Reopen it first"):
        act(tickets.take, ticket, by=cast.cleo)


def test_assigning_tells_the_assignee_unless_they_did_it(ticket, cast):
    act(tickets.assign, ticket, to=cast.dan, by=cast.cleo)
    assert mails() == [("dan", "assigned")]
    act(tickets.assign, ticket, to=cast.cleo, by=cast.cleo)
    assert mails() == [("dan", "assigned")]


@pytest.mark.parametrize("name", ["ada", "zoe"])
def test_only_an_active_agent_can_be_assigned(ticket, cast, name):
    with pytest.raises(Refused, match="is not an agent"):
        act(tickets.assign, ticket, to=getattr(cast, name), by=cast.cleo)


def test_a_closed_ticket_cannot_be_assigned(ticket, cast):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    with pytest.raises(Refused, match="Reopen it first"):
        act(tickets.assign, ticket, to=cast.dan, by=cast.cleo)


def test_giving_a_ticket_back_leaves_it_open(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    act(tickets.assign, ticket, to=None, by=cast.cleo)
    assert (ticket.assignee, ticket.status) == (None, "open")


def test_tickets_of_somebody_who_is_switched_off_have_nobody(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    act(people.switch_off, cast.cleo, by=cast.eve)
    assert ticket.assignee is None
    assert kinds()[-2:] == ["unassigned", "switched_off"]


# ---- status

MOVES = [
    (old, new)
    for old in ("new", "open", "pending", "resolved", "closed")
    for new in ("open", "pending", "resolved", "closed")
]


@pytest.mark.parametrize("old, new", MOVES)
def test_an_agent_can_set_every_status_but_new(ticket, cast, old, new):
    reason = "a part"
    if old != "new":
        act(tickets.set_status, ticket, old, by=cast.cleo, reason=reason)
    act(tickets.set_status, ticket, new, by=cast.cleo, reason=reason)
    assert ticket.status == new
    assert (ticket.pending_reason is not None) == (new == "pending")
    assert (ticket.finished_at is not None) == (new in ("resolved", "closed"))
    with pytest.raises(Refused, match="cannot be new again"):
        act(tickets.set_status, ticket, "new", by=cast.cleo)


def test_pending_needs_a_reason(ticket, cast):
    with pytest.raises(Refused, match="Say what the ticket is waiting for"):
        act(tickets.set_status, ticket, "pending", by=cast.cleo)
    assert ticket.status == "new"


def test_setting_the_status_it_has_is_no_event(ticket, cast):
    act(tickets.set_status, ticket, "new", by=cast.cleo)
    assert kinds() == ["raised"]


def test_closing_what_was_resolved_keeps_the_day_it_was_finished(ticket, cast):
    then = transactions.now() - timedelta(days=3)
    act(tickets.set_status, ticket, "resolved", by=cast.cleo, at=then)
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    assert ticket.finished_at == then


def test_resolving_tells_requester_and_watchers(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(tickets.set_status, ticket, "resolved", by=cast.cleo)
    assert mails() == [("ada", "resolved"), ("ben", "resolved")]


def test_the_requester_closes_and_only_the_watchers_are_told(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(tickets.solve, ticket, by=cast.ada)
    assert ticket.status == "closed"
    assert mails() == [("ben", "closed")]
    with pytest.raises(Refused, match="closed already"):
        act(tickets.solve, ticket, by=cast.ada)


def test_a_requester_reopens_what_is_resolved_but_not_what_is_closed(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    act(tickets.set_status, ticket, "resolved", by=cast.cleo)
    act(tickets.reopen, ticket, by=cast.ada)
    assert (ticket.status, ticket.finished_at, ticket.resolved_at) == ("open", None, None)
    assert ("cleo", "reopened") in mails()
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    with pytest.raises(Refused, match="stays closed"):
        act(tickets.reopen, ticket, by=cast.ada)
    act(tickets.reopen, ticket, by=cast.dan)
    with pytest.raises(Refused, match="open already"):
        act(tickets.reopen, ticket, by=cast.dan)


def test_a_resolved_ticket_closes_by_itself_after_its_days(ticket, cast):
    week = timedelta(days=7)
    act(tickets.set_status, ticket, "resolved", by=cast.cleo, at=transactions.now() - week + timedelta(minutes=1))
    assert act(tickets.close_resolved, after=week) == 0
    assert act(tickets.close_resolved, after=week, at=transactions.now() + timedelta(minutes=2)) == 1
    assert ticket.status == "closed"
    assert db.session.query(Event).order_by(Event.id.desc()).first().actor is None


# ---- facts, watchers, requester


def test_a_retired_category_cannot_be_chosen(ticket, cast):
    retired = builders.category(retired_at=transactions.now())
    with pytest.raises(Refused, match="no longer in use"):
        act(tickets.set_category, ticket, retired, by=cast.cleo)


def test_watchers_are_told_once_and_refused_where_it_makes_no_sense(ticket, cast):
    for who, why in ((cast.ada, "is the requester"), (cast.zoe, "switched off")):
        with pytest.raises(Refused, match=why):
            act(tickets.add_watcher, ticket, watcher=who, by=cast.cleo)
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    with pytest.raises(Refused, match="kept informed already"):
        act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(tickets.remove_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    with pytest.raises(Refused, match="does not watch"):
        act(tickets.remove_watcher, ticket, watcher=cast.ben, by=cast.cleo)


def test_a_watcher_who_becomes_the_requester_watches_no_more(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(tickets.change_requester, ticket, to=cast.ben, by=cast.cleo)
    assert db.session.query(Watcher).count() == 0
    assert mails() == [("ben", "received")]


# ---- trash


ON_TRASH = {
    "take": lambda t, cast: tickets.take(t, by=cast.cleo),
    "assign": lambda t, cast: tickets.assign(t, to=cast.dan, by=cast.cleo),
    "status": lambda t, cast: tickets.set_status(t, "open", by=cast.cleo),
    "priority": lambda t, cast: tickets.set_priority(t, "high", by=cast.cleo),
    "edit": lambda t, cast: editing.edit(t, subject="abc", description="d", by=cast.cleo),
    "reply": lambda t, cast: messages.reply(t, "x", by=cast.cleo),
    "note": lambda t, cast: messages.note(t, "x", by=cast.cleo),
    "trash": lambda t, cast: tickets.trash(t, by=cast.eve),
    "watch": lambda t, cast: tickets.add_watcher(t, watcher=cast.ben, by=cast.cleo),
}


@pytest.mark.parametrize("name", ON_TRASH)
def test_nothing_can_be_done_to_a_ticket_in_the_trash(ticket, cast, name):
    act(tickets.trash, ticket, by=cast.eve)
    with pytest.raises(Refused, match="in the trash. Restore it first"):
        act(ON_TRASH[name], ticket, cast)


def test_only_what_is_in_the_trash_is_removed_for_good_and_leaves_nothing(ticket, cast):
    builders.reply(ticket, by=cast.cleo)
    builders.note(ticket, by=cast.cleo)
    with pytest.raises(Refused, match="Delete it first"):
        act(tickets.purge, ticket, by=cast.eve)
    act(tickets.trash, ticket, by=cast.eve)
    act(tickets.purge, ticket, by=cast.eve)
    for table in (Ticket, Message, Delivery):
        assert db.session.query(table).count() == 0
    assert kinds() == ["purged"]
    assert db.session.query(Person).count() == 7


def test_the_trash_is_emptied_after_its_days_and_a_number_never_comes_again(ticket, cast):
    act(tickets.trash, ticket, by=cast.eve, at=transactions.now() - timedelta(days=31))
    other = builders.ticket(cast.ben)
    act(tickets.trash, other, by=cast.eve)
    number, month = ticket.id, timedelta(days=30)
    assert act(tickets.purge_trash, after=month) == 1
    assert act(tickets.purge_trash, after=month) == 0
    act(tickets.purge, other, by=cast.eve)
    assert builders.ticket(cast.ada).id > number + 1
