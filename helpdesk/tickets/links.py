"""What tickets have to do with each other: related, blocking, duplicate, split. Agents alone read it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Integer, Select, literal, select

from helpdesk.access import lookups, visibility
from helpdesk.choices import LINK_TYPES
from helpdesk.db.transactions import now
from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.tickets import tickets
from models import Event, Person, Ticket, TicketLink, db

# How a ticket stands to another, and how the other one then stands to it.
INVERSE = {
    "related": "related",
    "blocks": "blocked",
    "blocked": "blocks",
    "duplicate": "duplicated",
    "duplicated": "duplicate",
    "split": "parted",
    "parted": "split",
}
BACKWARDS = ("blocked", "duplicated", "parted")


@dataclass(frozen=True)
class Link:
    """The other ticket as it stands now, and how this one stands to it."""

    how: str
    number: int
    subject: str
    status: str


def named(typed: str, *, by: Person, to_change: bool = True) -> Ticket:
    """The ticket of a number as people type it: "12" or "#12".

    Raises Refused where there is none that this person may see, in the same words whether it exists or not.
    """
    number = re.fullmatch(r"#?\s*([0-9]{1,9})", typed.strip())
    ticket = lookups.find_ticket(by, int(number[1]), to_change=to_change) if number else None
    if ticket is None:
        raise Refused(_("There is no ticket %(number)s. Check the number.", number=typed.strip()[:20]))
    return ticket


def refuse_other(ticket: Ticket, other: Ticket) -> None:
    """Raises Refused where the ticket cannot have to do with the other one."""
    if other is ticket:
        raise Refused(_("This is the number of this ticket. Type the number of another one."))
    if other.trashed_at is not None:
        raise Refused(_("Ticket #%(number)s is in the trash. Restore it first.", number=other.id))


def link(ticket: Ticket, other: Ticket, how: str, *, by: Person, at: datetime | None = None) -> None:
    tickets.refuse_trashed(ticket)
    refuse_other(ticket, other)
    key = _key(ticket, other, how)
    if db.session.get(TicketLink, key) is not None:
        raise Refused(_("This link is there already."))
    if key[2] == "blocks" and db.session.get(TicketLink, (key[1], key[0], "blocks")) is not None:
        raise Refused(_("Two tickets cannot block each other. Remove the link that is there first."))
    db.session.add(TicketLink(ticket_id=key[0], other_id=key[1], kind=key[2]))
    _record("linked", ticket, other, how, by, at or now())


def unlink(ticket: Ticket, other: Ticket, how: str, *, by: Person, at: datetime | None = None) -> None:
    tickets.refuse_trashed(ticket)
    row = db.session.get(TicketLink, _key(ticket, other, how))
    if row is None:
        raise Refused(_("This link is gone already."))
    db.session.delete(row)
    _record("unlinked", ticket, other, how, by, at or now())


def _key(ticket: Ticket, other: Ticket, how: str) -> tuple[int, int, str]:
    if how in BACKWARDS:
        return other.id, ticket.id, INVERSE[how]
    if how == "related":
        return min(ticket.id, other.id), max(ticket.id, other.id), how
    return ticket.id, other.id, how


def _record(kind: str, ticket: Ticket, other: Ticket, how: str, by: Person, at: datetime) -> None:
    events.record(kind, ticket=ticket, by=by, at=at, how=how, number=other.id)
    events.record(kind, ticket=other, by=by, at=at, how=INVERSE[how], number=ticket.id)


def take_back(event: Event, by: Person, at: datetime) -> None:
    """Undo: a link that was made goes, one that was removed is there again. Raises Refused where that is so already."""
    other = lookups.find_ticket(by, event.facts["number"], to_change=True)
    if event.ticket is None or other is None:
        raise Refused(_("The other ticket is gone, so this cannot be taken back any more."))
    (unlink if event.kind == "linked" else link)(event.ticket, other, event.facts["how"], by=by, at=at)


def of(ticket: Ticket, reader: Person) -> list[Select[*tuple[Any, ...]]]:
    """The other tickets that the reader may see: number, subject, 0, and in one text the link and the other's status.

    One query of the links that begin here, one of those that end here.
    """
    seen = visibility.visible_tickets(reader), Ticket.trashed_at.is_(None)
    columns = Ticket.id, Ticket.subject, literal(0, Integer)
    forth = select(*columns, "forth " + TicketLink.kind + " " + Ticket.status).where(TicketLink.ticket_id == ticket.id)
    back = select(*columns, "back " + TicketLink.kind + " " + Ticket.status).where(TicketLink.other_id == ticket.id)
    return [
        forth.join(Ticket, Ticket.id == TicketLink.other_id).where(*seen),
        back.join(Ticket, Ticket.id == TicketLink.ticket_id).where(*seen),
    ]


def linked(rows: Iterable[tuple[int, str, str]]) -> tuple[Link, ...]:
    """What `of` has found, in the order of LINK_TYPES and of the numbers."""
    found = []
    for number, subject, text in rows:
        side, kind, status = text.split()
        found.append(Link(kind if side == "forth" else INVERSE[kind], number, subject, status))
    return tuple(sorted(found, key=lambda one: (list(LINK_TYPES).index(one.how), one.number)))
