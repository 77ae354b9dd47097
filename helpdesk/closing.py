"""Closing a ticket for a reason of its own: it is spam, or the same as another one."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk import access, changes, events, families, related, tickets
from helpdesk.errors import Refused
from helpdesk.store import now
from models import Person, Ticket, TicketLink, db


def as_spam(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Nobody is mailed. That it counts as spam only agents read; for all others it is closed."""
    at, old = at or now(), _refuse_closed(ticket)
    change = changes.make(ticket, **changes.status_values(ticket, "closed", at, closed_as="spam"))
    events.record("closed", ticket=ticket, by=by, at=at, mails=False, old=old, change=change)
    events.record("called_spam", ticket=ticket, by=by, at=at)


def as_duplicate(ticket: Ticket, of: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Closed and linked. Its followers are told once; which other ticket it is, those who may see that one."""
    at, old = at or now(), _refuse_closed(ticket)
    known = db.session.get(TicketLink, (ticket.id, of.id, "duplicate"))
    if known is None:
        related.link(ticket, of, "duplicate", by=by, at=at)
    change = changes.make(ticket, **changes.status_values(ticket, "closed", at, closed_as="duplicate"))
    events.record("closed_as_duplicate", ticket=ticket, by=by, at=at, old=old, number=of.id, change=change)


def _refuse_closed(ticket: Ticket) -> str:
    """The present status, where it is not closed."""
    tickets.refuse_trashed(ticket)
    if ticket.status == "closed":
        raise Refused(_("This ticket is closed already. Reopen it first."))
    return ticket.status


def other(ticket: Ticket, reader: Person) -> Ticket | None:
    """The ticket that a merged one or a duplicate is dealt with in, if the reader may see it."""
    if ticket.closed_as == "merged":
        return families.leads_to(ticket, reader)
    if ticket.closed_as != "duplicate":
        return None
    first = select(TicketLink.other_id).where(TicketLink.ticket_id == ticket.id, TicketLink.kind == "duplicate")
    number = db.session.scalar(first.order_by(TicketLink.other_id).limit(1))
    return access.find_ticket(reader, number, to_change=False) if number else None
