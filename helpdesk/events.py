"""record(): the one way to write down what happened and who is owed word of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from helpdesk import access, audience, families, indexing
from helpdesk.kinds import KINDS, UNDOABLE, sentence
from helpdesk.prepared import Kind, Place, Prepared, kind_of, reader_of
from helpdesk.store import now, undo_window
from models import Delivery, Event, Message, Person, Ticket, db


def record(
    kind: str,
    *,
    by: Person | None,
    at: datetime | None = None,
    ticket: Ticket | None = None,
    message: Message | None = None,
    person: Person | None = None,
    mails: bool = True,
    public: bool = True,
    **facts: Any,
) -> Event:
    """Write one Event and one Delivery per message owed, in the transaction of the change.

    `by` is None when the desk itself acts; `mails=False` where another event of the same moment tells it;
    `public=False` hides from requesters what its kind would show them.
    Raises KeyError for an unknown kind and ValueError for facts that the kind does not declare (helpdesk/kinds.py):
    a mistake in our code, never in what somebody typed.
    """
    declared = KINDS[kind]
    if set(facts) != set(declared.facts):
        raise ValueError(f"{kind} declares the facts {declared.facts}, got {sorted(facts)}")
    at = at or now()
    event = Event(kind=kind, public=declared.public and public, facts=facts, at=at)
    event.ticket, event.message, event.actor = ticket, message, by
    event.person_id = person.id if person else None
    # What asks the database comes first: each question would make it write all that has been added so far.
    owed = audience.owed(event, person) if mails else []
    if ticket is not None:
        indexing.follow(kind, ticket, message)
        ticket.activity_at = at
        if event.public:
            ticket.public_activity_at = at
    db.session.add_all([event, *(_delivery(event, one) for one in owed)])
    _note_for_log(event)
    return event


def _note_for_log(event: Event) -> None:
    """Who did what to which ticket, written to the log once the change is committed. No words that anybody typed."""
    act = {"kind": event.kind, "ticket": event.ticket and event.ticket.id, "actor": event.actor and event.actor.id}
    db.session.info.setdefault("acts", []).append(act | {"person": event.person_id})


def _delivery(event: Event, owed: audience.Owed) -> Delivery:
    about = f"ticket-{event.ticket.id}" if event.ticket else "account"
    waits = event.actor is not None and event.kind in UNDOABLE
    return Delivery(
        event=event,
        person=owed.person,
        email=owed.email or owed.person.email,
        mail=owed.mail,
        message_id=f"{about}.{secrets.token_hex(12)}",
        due_at=event.at + (undo_window() if waits else timedelta()),
        created_at=event.at,
        seen_at=None if audience.is_news(event, owed) else event.at,
    )


def timeline(
    ticket: Ticket, reader: Person, most: int | None = None, *, family: Sequence[int] | None = None
) -> list[Event]:
    """What happened to the ticket, and to those of its `family`, that the reader may see, oldest first.

    Of it the newest `most`. The family are the ticket and all that were merged into it, looked up where not given.
    """
    family = family or families.numbers(ticket)
    asked = _told(kind_of(reader), len(family) > 1, most is not None)
    found = asked.ask(reader, SimpleNamespace(family=family, most=most))
    return list(found.scalars())[::-1]


@cache
def _told(kind: Kind, several: bool, capped: bool) -> Prepared:
    reader, wanted = reader_of(kind), Place("wanted")
    query = select(Event).where(Event.ticket_id.in_(wanted.family), access.visible_events(reader))
    query = query.options(joinedload(Event.actor), joinedload(Event.message).joinedload(Message.author))
    if several:
        query = query.options(joinedload(Event.ticket).joinedload(Ticket.requester)).order_by(Event.at.desc())
    query = query.order_by(Event.id.desc())
    return Prepared(query.limit(wanted.most) if capped else query, reader, wanted)


def newest(ticket: Ticket, reader: Person) -> int:
    """The id of the last event on the ticket that the reader may see; 0 where there is none."""
    where = Event.ticket_id == ticket.id, access.visible_events(reader)
    return db.session.scalar(select(func.max(Event.id)).where(*where)) or 0


def since(ticket: Ticket, reader: Person, seen: int) -> list[Event]:
    """What happened after the event `seen`, as far as the reader may see it, oldest first."""
    return list(_after(kind_of(reader)).ask(reader, SimpleNamespace(ticket=ticket.id, id=seen)).scalars())


@cache
def _after(kind: Kind) -> Prepared:
    reader, seen = reader_of(kind), Place("seen")
    query = select(Event).where(Event.ticket_id == seen.ticket, Event.id > seen.id, access.visible_events(reader))
    return Prepared(query.options(joinedload(Event.actor)).order_by(Event.id), reader, seen)


def tell(event: Event) -> str:
    """The event as a sentence for people."""
    return sentence(event.kind, event.actor.name if event.actor else _("The desk"), event.facts)
