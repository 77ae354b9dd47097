"""What happened to a ticket, as far as a reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from helpdesk.access import visibility
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.tickets import merged
from models import Event, Message, Person, Ticket, db


def timeline(
    ticket: Ticket, reader: Person, most: int | None = None, *, family: Sequence[int] | None = None
) -> list[Event]:
    """What happened to the ticket, and to those of its `family`, that the reader may see, oldest first.

    Of it the newest `most`. The family are the ticket and all that were merged into it, looked up where not given.
    """
    family = family or merged.with_merged(ticket)
    asked = _events(role_key(reader), len(family) > 1, most is not None)
    found = asked.ask(reader, SimpleNamespace(family=family, most=most))
    return list(found.scalars())[::-1]


@cache
def _events(kind: RoleKey, several: bool, capped: bool) -> Prepared:
    reader, wanted = reader_of(kind), Param("wanted")
    query = select(Event).where(Event.ticket_id.in_(wanted.family), visibility.visible_events(reader))
    query = query.options(joinedload(Event.actor), joinedload(Event.message).joinedload(Message.author))
    if several:
        query = query.options(joinedload(Event.ticket).joinedload(Ticket.requester)).order_by(Event.at.desc())
    query = query.order_by(Event.id.desc())
    return Prepared(query.limit(wanted.most) if capped else query, reader, wanted)


def newest(ticket: Ticket, reader: Person) -> int:
    """The id of the last event on the ticket that the reader may see; 0 where there is none."""
    where = Event.ticket_id == ticket.id, visibility.visible_events(reader)
    return db.session.scalar(select(func.max(Event.id)).where(*where)) or 0


def since(ticket: Ticket, reader: Person, seen: int) -> list[Event]:
    """What happened after the event `seen`, as far as the reader may see it, oldest first."""
    return list(_after(role_key(reader)).ask(reader, SimpleNamespace(ticket=ticket.id, id=seen)).scalars())


@cache
def _after(kind: RoleKey) -> Prepared:
    reader, seen = reader_of(kind), Param("seen")
    query = select(Event).where(Event.ticket_id == seen.ticket, Event.id > seen.id, visibility.visible_events(reader))
    return Prepared(query.options(joinedload(Event.actor)).order_by(Event.id), reader, seen)
