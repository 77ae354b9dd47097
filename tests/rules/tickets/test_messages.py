"""The conversation: replies, notes, corrections; what they do to the ticket and who is told."""

import pytest

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import messages, tickets
from models import Delivery, Event, Message, MessageVersion, Ticket, db
from tests.support import builders
from tests.support.builders import act


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def mails():
    """Who is owed which mail, but for receipts."""
    owed = db.session.query(Delivery).filter(Delivery.mail != "received").order_by(Delivery.id)
    return [(delivery.email.split("@")[0], delivery.mail) for delivery in owed]


# ---- reply


def test_an_answer_opens_a_new_ticket_and_tells_requester_and_watchers(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    builders.reply(ticket, by=cast.cleo)
    assert ticket.status == "open" and ticket.assignee is None
    assert mails() == [("ada", "answer"), ("ben", "answer")]


def test_a_requesters_reply_goes_to_the_assignee(ticket, cast):
    act(tickets.take, ticket, by=cast.cleo)
    builders.reply(ticket, by=cast.ada)
    assert mails() == [("cleo", "requester_reply")]


def test_a_requesters_reply_goes_to_agents_who_asked_while_nobody_is_assigned(ticket, cast):
    builders.reply(ticket, by=cast.ada)
    assert mails() == []
    with transactions.writing():
        cast.dan.wants_every_new = True
    builders.reply(ticket, by=cast.ada)
    assert mails() == [("dan", "requester_reply")]
    assert ticket.status == "new"


def test_nobody_is_mailed_about_what_they_did_themselves(cast):
    own = builders.ticket(cast.cleo)
    act(tickets.take, own, by=cast.cleo)
    builders.reply(own, by=cast.cleo)
    assert mails() == []


def test_somebody_who_is_switched_off_gets_no_mail(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    with transactions.writing():
        cast.ben.switched_off_at = ticket.created_at
    builders.reply(ticket, by=cast.cleo)
    assert mails() == [("ada", "answer")]


@pytest.mark.parametrize("status", ["pending", "resolved"])
def test_a_requesters_reply_opens_a_waiting_ticket_again(ticket, cast, status):
    act(tickets.take, ticket, by=cast.cleo)
    act(tickets.set_status, ticket, status, by=cast.cleo, reason="a part")
    before = mails()
    builders.reply(ticket, by=cast.ada)
    assert (ticket.status, ticket.pending_reason) == ("open", None)
    assert mails() == [*before, ("cleo", "requester_reply")]


@pytest.mark.parametrize("status", ["pending", "resolved", "closed"])
def test_an_agents_reply_leaves_a_waiting_ticket_as_it_is(ticket, cast, status):
    act(tickets.set_status, ticket, status, by=cast.cleo, reason="a part")
    builders.reply(ticket, by=cast.dan)
    assert ticket.status == status


def test_a_requesters_reply_to_a_closed_ticket_becomes_a_linked_one(ticket, cast):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    follow_up = builders.reply(ticket, "It is back", by=cast.ada, form_token="t")
    assert follow_up.id != ticket.id
    assert (follow_up.subject, follow_up.description) == (f"Follow-up: {ticket.subject}", "It is back")
    assert (follow_up.follows_id, follow_up.requester, follow_up.status) == (ticket.id, cast.ada, "new")
    assert ticket.status == "closed"
    assert db.session.query(Event).filter_by(ticket_id=ticket.id, kind="followed_up").one().facts == {
        "number": follow_up.id
    }
    assert builders.reply(ticket, "It is back", by=cast.ada, form_token="t").id == follow_up.id
    assert db.session.query(Ticket).count() == 2


def test_a_follow_up_of_the_longest_subject_fits(cast):
    closed = builders.ticket(cast.ada, subject="x" * 200)
    act(tickets.set_status, closed, "closed", by=cast.cleo)
    assert len(builders.reply(closed, by=cast.ada).subject) == 200


def test_the_same_reply_sent_twice_is_there_once(ticket, cast):
    for _ in range(2):
        builders.reply(ticket, by=cast.ada, form_token="once")
    assert db.session.query(Message).count() == 1
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    assert builders.reply(ticket, by=cast.ada, form_token="once") is ticket
    assert db.session.query(Ticket).count() == 1


def test_answering_and_resolving_at_once_sends_one_mail_however_often_it_is_sent(ticket, cast):
    for _ in range(2):
        act(messages.reply_and_resolve, ticket, "Done", by=cast.cleo, form_token="once")
    assert ticket.status == "resolved"
    assert mails() == [("ada", "answer")]
    with pytest.raises(Refused, match="finished already"):
        act(messages.reply_and_resolve, ticket, "Done", by=cast.cleo, form_token="another")


# ---- notes


def test_a_note_tells_nobody_and_moves_nothing_that_a_requester_sees(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    before = (ticket.status, ticket.public_activity_at, mails())
    builders.note(ticket, by=cast.cleo)
    assert (ticket.status, ticket.public_activity_at, mails()) == before
    assert ticket.activity_at > ticket.public_activity_at


# ---- corrections


def test_a_correction_is_marked_and_keeps_the_old_text(ticket, cast):
    builders.reply(ticket, "Frist", by=cast.cleo)
    message = db.session.query(Message).one()
    act(messages.correct, message, "First", by=cast.cleo)
    assert (message.body, message.edited_at is not None) == ("First", True)
    assert [version.body for version in messages.earlier_texts([message])[message.id]] == ["Frist"]
    act(messages.correct, message, "First", by=cast.cleo)
    assert db.session.query(MessageVersion).count() == 1


def test_nobody_corrects_what_somebody_else_wrote(ticket, cast):
    builders.reply(ticket, by=cast.cleo)
    with pytest.raises(Refused, match="Only the person who wrote"):
        act(messages.correct, db.session.query(Message).one(), "Mine", by=cast.dan)


def test_correcting_a_note_stays_among_agents(ticket, cast):
    builders.note(ticket, by=cast.cleo)
    before = ticket.public_activity_at
    act(messages.correct, db.session.query(Message).one(), "Other words", by=cast.cleo)
    assert ticket.public_activity_at == before
    assert db.session.query(Event).order_by(Event.id.desc()).first().public is False
