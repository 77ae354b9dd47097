"""Taking back an act for a few seconds after it, as long as nobody has built upon it and no mail has told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import transactions
from helpdesk.db.statements import Param, Prepared
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.events.kinds import UNDOABLE
from helpdesk.notifications import deliveries
from helpdesk.search_index import indexer
from helpdesk.tickets import links, merging, splitting, tickets
from models import Event, Message, Person, Ticket, db

# The button is shown for as long as the mails wait; a click at the last moment still needs its way to us.
ON_ITS_WAY = timedelta(seconds=2)

# What an act has changed besides the row of its ticket, and how that is taken back. Each may still refuse.
FURTHER: dict[str, Callable[[Event, Person, datetime], None]] = {
    "linked": links.take_back,
    "unlinked": links.take_back,
    "merged": merging.take_back,
    "split_off": splitting.take_back,
    "split_from": splitting.take_back,
}


def undo(event: Event, *, by: Person, at: datetime | None = None) -> Message | None:
    """Take back the whole act that the event is part of. Returns the reply that is withdrawn by it, if one is.

    Raises Refused, and has changed nothing then.
    """
    assert event.ticket is not None
    ticket, at, act = event.ticket, at or transactions.now(), _act(event)
    change = changes.together([one.facts.get("change", {}) for one in act])
    message = next((one.message for one in act if one.message is not None), None)
    _refuse_late(event, by, at)
    if not {"trashed_at", "merged_into_id"} & change.keys():
        tickets.refuse_trashed(ticket)
    _refuse_answered(ticket, act[-1], by)
    if not changes.is_current(ticket, change) or (message is not None and message.withdrawn_at is not None):
        raise Refused(_("This was changed again meanwhile, so it cannot be taken back any more."))
    with transactions.all_or_none():
        if not deliveries.take_back([one.id for one in act] + _elsewhere(act)):
            raise Refused(_("A mail about it has left already, so it cannot be taken back any more."))
        changes.unmake(ticket, change)
        for one in act:
            if one.kind in FURTHER:
                FURTHER[one.kind](one, by, at)
    if message is not None:
        # Sent once more, perhaps from the very same form, it is a new reply.
        message.withdrawn_at, message.form_token = at, None
        indexer.rewrite(ticket)
    public = any(one.public for one in act)
    events.record("undone", ticket=ticket, by=by, at=at, public=public, what=act[0].kind)
    return message


def _act(event: Event) -> list[Event]:
    """All that was done in one go: a reply and the status that came with it. One act has one moment."""
    same = Event.ticket_id == event.ticket_id, Event.actor_id == event.actor_id, Event.at == event.at
    wanted = select(Event).where(*same, Event.kind.in_(UNDOABLE))
    return list(db.session.scalars(wanted.order_by(Event.id)))


def _elsewhere(act: list[Event]) -> list[int]:
    """What the same act was on other tickets."""
    others = [one.facts["number"] for one in act if "number" in one.facts]
    if not others:
        return []
    same = Event.actor_id == act[0].actor_id, Event.at == act[0].at
    return list(db.session.scalars(select(Event.id).where(Event.ticket_id.in_(others), *same)))


def _refuse_late(event: Event, by: Person, at: datetime) -> None:
    if event.actor_id != by.id:
        raise Refused(_("Only the person who did this can take it back."))
    window = transactions.undo_window()
    # An act far in the future is older than it seems: the clock has been set back.
    if not window or abs(at - event.at) > window + ON_ITS_WAY:
        raise Refused(_("It is too late to take this back."))


def _refuse_answered(ticket: Ticket, last: Event, by: Person) -> None:
    """What the other side has answered to stays: an agent's act once the requester wrote, theirs once IT did."""
    answers = select(Person.name).join(Event, Event.actor_id == Person.id).join(Message, Message.id == Event.message_id)
    answers = answers.where(Event.ticket_id == ticket.id, Event.id > last.id, Event.kind == "replied")
    answers = answers.where(Message.withdrawn_at.is_(None), Event.actor_id != by.id)
    if by.is_agent and by.id != ticket.requester_id:
        answers = answers.where(Event.actor_id == ticket.requester_id)
    name = db.session.scalar(answers.limit(1))
    if name is not None:
        raise Refused(_("%(name)s has answered meanwhile, so it cannot be taken back any more.", name=name))


def refused(event: Event, why: str, *, by: Person, at: datetime | None = None) -> None:
    """Write down that somebody tried in vain."""
    events.record("undo_refused", ticket=event.ticket, by=by, at=at, what=event.kind, why=why)


def offered(ticket: Ticket, *, by: Person, since: datetime) -> Event | None:
    """What this person has done to the ticket from `since` on and may take back."""
    if not transactions.undo_window():
        return None
    times = {"since": since, "until": max(since, transactions.now())}
    event: Event | None = _offered().ask(SimpleNamespace(ticket=ticket.id, person=by.id, **times)).scalar()
    return event


@cache
def _offered() -> Prepared:
    wanted = Param("wanted")
    done = select(Event).where(Event.ticket_id == wanted.ticket, Event.actor_id == wanted.person)
    undoable = done.where(Event.at >= wanted.since, Event.at <= wanted.until, Event.kind.in_(UNDOABLE))
    return Prepared(undoable.order_by(Event.id).limit(1), wanted)


def find_event(person: Person, ticket: Ticket, number: int) -> Event | None:
    """Something this person did to the ticket themselves, of a kind that can be taken back."""
    own = Event.ticket_id == ticket.id, Event.actor_id == person.id, Event.kind.in_(UNDOABLE)
    return db.session.scalar(select(Event).where(Event.id == number, *own))
