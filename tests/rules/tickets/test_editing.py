"""Changing what a ticket says, and until when its requester may."""

import pytest

from helpdesk.errors import Refused
from helpdesk.tickets import editing, tickets
from models import Event, db
from tests.support import builders
from tests.support.builders import act


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def test_the_requester_edits_until_an_agent_has_touched_it(ticket, cast):
    act(editing.edit, ticket, subject="Better words", description="More of them", by=cast.ada)
    assert (ticket.subject, ticket.description) == ("Better words", "More of them")
    act(tickets.set_priority, ticket, "high", by=cast.cleo)
    assert not editing.may_edit(ticket, cast.ada)
    with pytest.raises(Refused, match="Somebody from IT is working on this ticket"):
        act(editing.edit, ticket, subject="Too late", description="More", by=cast.ada)
    assert editing.may_edit(ticket, cast.cleo)


TOUCHES = {
    "taking it": lambda t, cast: act(tickets.take, t, by=cast.cleo),
    "assigning it": lambda t, cast: act(tickets.assign, t, to=cast.dan, by=cast.cleo),
    "answering": lambda t, cast: builders.reply(t, by=cast.cleo),
    "a status": lambda t, cast: act(tickets.set_status, t, "open", by=cast.cleo),
    "a priority": lambda t, cast: act(tickets.set_priority, t, "high", by=cast.cleo),
    "a type": lambda t, cast: act(tickets.set_type, t, "request", by=cast.cleo),
    "its words": lambda t, cast: act(editing.edit, t, subject="New words", description="x", by=cast.cleo),
    "a watcher": lambda t, cast: act(tickets.add_watcher, t, watcher=cast.ben, by=cast.cleo),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_each_public_act_of_an_agent_is_a_touch(ticket, cast, touch):
    assert editing.may_edit(ticket, cast.ada)
    TOUCHES[touch](ticket, cast)
    assert not editing.may_edit(ticket, cast.ada)


def test_a_note_is_no_touch_and_neither_is_the_trash(ticket, cast):
    builders.note(ticket, by=cast.cleo)
    act(tickets.trash, ticket, by=cast.eve)
    assert not editing.may_edit(ticket, cast.ada)
    act(tickets.restore, ticket, by=cast.eve)
    assert editing.may_edit(ticket, cast.ada)


def test_what_an_agent_raised_for_somebody_can_still_be_edited_by_them(cast):
    made = builders.ticket(cast.cleo, requester=cast.ada)
    assert editing.may_edit(made, cast.ada)
    assert not editing.may_edit(made, cast.ben)


def test_an_edit_is_an_event_for_each_part_that_changed(ticket, cast):
    act(editing.edit, ticket, subject=ticket.subject, description="Another text", by=cast.ada)
    act(editing.edit, ticket, subject=ticket.subject, description="Another text", by=cast.ada)
    assert [event.kind for event in db.session.query(Event).order_by(Event.id)] == ["raised", "description_edited"]
