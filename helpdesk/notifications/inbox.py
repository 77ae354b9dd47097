"""What happened to somebody's tickets, as news in the desk: the mails that are owed to them, read and unread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, func, not_, select, update
from sqlalchemy.orm import contains_eager, joinedload

from helpdesk import outages
from helpdesk.access.visibility import visible_events, visible_tickets
from helpdesk.db import transactions
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from models import Delivery, Event, Person, Ticket, db

PAGE = 50
COUNT_CAP = 10


def listing(reader: Person, *, before: int | None = None) -> list[Delivery]:
    """The news of a person, newest first; one more than PAGE where there are older ones."""
    wanted = _news(select(Delivery), reader).options(
        contains_eager(Delivery.event).contains_eager(Event.ticket),
        contains_eager(Delivery.event).joinedload(Event.actor),
    )
    if before:
        wanted = wanted.where(Delivery.id < before)
    return list(db.session.scalars(wanted.order_by(Delivery.id.desc()).limit(PAGE + 1)))


def unread(reader: Person, *, but: int | None = None) -> int:
    """How many news are unread, counted to COUNT_CAP at most; `but` is the ticket that is being read right now."""
    return int(_counting(role_key(reader)).ask(reader, But(but or 0)).scalar_one())


@dataclass(frozen=True)
class But:
    ticket: int


@cache
def _counting(kind: RoleKey) -> Prepared:
    reader, but = reader_of(kind), Param("but")
    wanted = _unread(select(Delivery.id), reader).where(Event.ticket_id != but.ticket)
    return Prepared(select(func.count()).select_from(wanted.limit(COUNT_CAP).subquery()), reader, but)


def newest_unread(reader: Person) -> Delivery | None:
    wanted = _unread(select(Delivery), reader).options(joinedload(Delivery.event).joinedload(Event.ticket))
    found: Delivery | None = db.session.scalar(wanted.order_by(Delivery.id.desc()).limit(1))
    return found


def read_all(reader: Person, *, until: int, at: datetime | None = None) -> None:
    """Everything up to the delivery `until`, which was the newest on the page: what came since stays unread."""
    mine = and_(Delivery.person_id == reader.id, Delivery.seen_at.is_(None), Delivery.id <= until)
    seen = update(Delivery).where(mine).values(seen_at=at or transactions.now())
    db.session.execute(seen.execution_options(synchronize_session=False))


def read(person_id: int, ticket_id: int, until: int) -> None:
    """The ticket was opened: its news up to the event `until` are read. A short transaction, and only where needed."""
    wanted = select(Delivery.id).join(Event, Event.id == Delivery.event_id)
    mine = and_(Delivery.person_id == person_id, Delivery.seen_at.is_(None))
    ids = list(db.session.scalars(wanted.where(mine, Event.ticket_id == ticket_id, Event.id <= until)))
    if ids:
        with outages.unless_unwritable(), transactions.separate() as session:
            seen = update(Delivery).where(Delivery.id.in_(ids)).values(seen_at=transactions.now())
            session.execute(seen.execution_options(synchronize_session=False))


def _news(wanted: Select[Any], reader: Person) -> Select[Any]:
    """Of the mails owed to a person those that are news: about a ticket they may see, not undone, no own receipt."""
    receipt = and_(Delivery.mail == "received", Event.actor_id.is_not(None), Event.actor_id == reader.id)
    return (
        wanted.join(Event, Event.id == Delivery.event_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(Delivery.person_id == reader.id, Delivery.state != "cancelled", not_(receipt))
        .where(visible_tickets(reader), visible_events(reader), Ticket.trashed_at.is_(None))
    )


def _unread(wanted: Select[Any], reader: Person) -> Select[Any]:
    return _news(wanted, reader).where(Delivery.seen_at.is_(None))
