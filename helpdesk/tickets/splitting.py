"""Making a ticket of its own of something that a requester wrote on another one."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db.transactions import now
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.tickets import rendered, tickets
from models import Event, Message, Person, Ticket, TicketLink, db


def refuse(message: Message) -> None:
    """Raises Refused where no ticket can be made of the message."""
    tickets.refuse_trashed(message.ticket)
    if message.kind != "reply" or (message.author.is_agent and message.author_id != message.ticket.requester_id):
        raise Refused(_("Only what a requester wrote can become a ticket of its own."))
    if message.withdrawn_at is not None:
        raise Refused(_("This message was taken back."))
    if not message.author.is_active:
        raise Refused(_("%(name)s is switched off. Raise a ticket for somebody else.", name=message.author.name))


def split(
    message: Message, subject: str, *, by: Person, form_token: str | None = None, at: datetime | None = None
) -> Ticket:
    """The message stays where it was said; the new ticket begins with the same words and is linked to the old one.

    The same form sent twice (same `form_token`) gives the ticket that is there already.
    """
    if (earlier := tickets.sent_already(by, form_token)) is not None:
        return earlier
    refuse(message)
    at, old = at or now(), message.ticket
    new = Ticket(subject=subject, description=message.body, type=old.type, priority=old.priority, status="new")
    rendered.copy(message, new)
    new.requester, new.raised_by = message.author, by
    new.category = old.category if old.category and old.category.retired_at is None else None
    new.created_at = new.activity_at = new.public_activity_at = at
    new.form_token = form_token
    if (earlier := tickets.insert(new)) is not None:
        return earlier
    db.session.add(TicketLink(ticket_id=new.id, other_id=old.id, kind="split"))
    events.record("split_off", ticket=old, by=by, at=at, number=new.id)
    events.record("split_from", ticket=new, by=by, at=at, requester=new.requester.name, number=old.id)
    return new


def take_back(event: Event, by: Person, at: datetime) -> None:
    """Undo: the new ticket goes to the trash, unless somebody has done something with it meanwhile."""
    number = event.facts["number"] if event.kind == "split_off" else event.ticket_id
    new = db.session.get(Ticket, number, with_for_update=True)
    since = select(Event.id).where(Event.ticket_id == number, Event.at > event.at)
    if new is None or new.trashed_at is not None or db.session.scalar(since.limit(1)) is not None:
        raise Refused(_("Somebody has done something with ticket #%(number)s meanwhile, so it stays.", number=number))
    for link in db.session.scalars(
        select(TicketLink).where(TicketLink.ticket_id == number, TicketLink.kind == "split")
    ):
        db.session.delete(link)
    new.form_token = None  # Sent once more, perhaps from the very same form, it is a new ticket.
    events.record("trashed", ticket=new, by=by, at=at, change=changes.make(new, trashed_at=at))
