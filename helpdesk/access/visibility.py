"""Who may see what: the rule for one ticket and the rule for a list stand side by side and must say the same."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, false, or_, select, true

from models import Attachment, Event, Message, Person, SavedView, Ticket, Watcher, db


def sees_ticket(person: Person, ticket: Ticket) -> bool:
    """Agents see every ticket, users those they asked for or watch; what is in the trash only admins see."""
    if not person.is_active:
        return False
    if ticket.trashed_at is not None:
        return person.is_admin
    return person.is_agent or ticket.requester_id == person.id or watches(person, ticket)


def visible_tickets(person: Person) -> ColumnElement[bool]:
    """The same rule as `sees_ticket`, as a condition on the tickets table."""
    if not person.is_active:
        return false()
    if person.is_admin:
        return true()
    if person.is_agent:
        return Ticket.trashed_at.is_(None)
    watched = exists().where(Watcher.ticket_id == Ticket.id, Watcher.person_id == person.id)
    return or_(Ticket.requester_id == person.id, watched) & Ticket.trashed_at.is_(None)


def watches(person: Person, ticket: Ticket) -> bool:
    return db.session.get(Watcher, (ticket.id, person.id)) is not None


def can_reply(person: Person, ticket: Ticket) -> bool:
    """The requester, also of a ticket that was merged into it, as long as they see it; and every agent."""
    asks = person.is_agent or ticket.requester_id == person.id
    return sees_ticket(person, ticket) and (asks or _asked_for_part(person, ticket))


def _asked_for_part(person: Person, ticket: Ticket) -> bool:
    generation = [ticket.id]
    while generation:
        merged = select(Ticket.id, Ticket.requester_id).where(Ticket.merged_into_id.in_(generation))
        found = db.session.execute(merged).all()
        if any(requester == person.id for _number, requester in found):
            return True
        generation = [number for number, _requester in found]
    return False


def visible_events(person: Person) -> ColumnElement[bool]:
    """Agents see all that happened to a ticket they see; everybody else the public part, without what was withdrawn."""
    if person.is_agent:
        return true()
    withdrawn = exists().where(Message.id == Event.message_id, Message.withdrawn_at.is_not(None))
    return Event.public.is_(True) & ~withdrawn


def visible_messages(person: Person) -> ColumnElement[bool]:
    return true() if person.is_agent else (Message.kind == "reply") & Message.withdrawn_at.is_(None)


def visible_files(person: Person) -> ColumnElement[bool]:
    """Of the files of a ticket that the person sees: what came with the ticket itself or a message they may read."""
    if person.is_agent:
        return true()
    return Attachment.message_id.is_(None) | exists().where(
        Message.id == Attachment.message_id, visible_messages(person)
    )


def owns_view(person: Person, view: SavedView) -> bool:
    """Whether they may change it: their own; admins those that everybody has."""
    return person.is_admin if view.owner_id is None else view.owner_id == person.id
