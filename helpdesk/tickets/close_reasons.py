"""Closing a ticket for a reason of its own: it is spam, or the same as another one."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.access import lookups
from helpdesk.db.transactions import now
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.tickets import links, merged, tickets
from models import Event, Person, Ticket, TicketLink, db


def as_spam(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Nobody is mailed. That it counts as spam only agents read; for all others it is closed."""
    at, old = at or now(), _refuse_closed(ticket)
    change = changes.make(ticket, **changes.status_values(ticket, "closed", at, closed_as="spam"))
    events.record("closed", ticket=ticket, by=by, at=at, mails=False, old=old, change=change)
    events.record("called_spam", ticket=ticket, by=by, at=at)


def as_duplicate(ticket: Ticket, of: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Closed and linked. Its followers are told once; which other ticket it is, those who may see that one."""
    at, old = at or now(), _refuse_closed(ticket)
    links.refuse_other(ticket, of)
    if db.session.get(TicketLink, (ticket.id, of.id, "duplicate")) is None:
        links.link(ticket, of, "duplicate", by=by, at=at)
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
        return merged.leads_to(ticket, reader)
    if ticket.closed_as != "duplicate":
        return None
    linked = select(TicketLink.other_id).where(TicketLink.ticket_id == ticket.id, TicketLink.kind == "duplicate")
    numbers = list(db.session.scalars(linked.order_by(TicketLink.other_id)))
    told = select(Event).where(Event.ticket_id == ticket.id, Event.kind == "closed_as_duplicate")
    last = db.session.scalar(told.order_by(Event.id.desc()).limit(1))
    # Somebody may have put another link in the place of the one that the closing made.
    numbers.sort(key=lambda number: last is None or number != last.facts["number"])
    return lookups.find_ticket(reader, numbers[0], to_change=False) if numbers else None
