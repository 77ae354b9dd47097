"""Who may see and do what. The rule for one ticket and the rule for a list stand side by side and must say the same."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, exists, false, or_, select, true
from sqlalchemy.orm import joinedload

from helpdesk.kinds import UNDOABLE
from helpdesk.prepared import Kind, Place, Prepared, kind_of, reader_of
from models import (
    Attachment,
    BulkJob,
    Category,
    Delivery,
    Event,
    Import,
    Message,
    Person,
    SavedView,
    Session,
    Ticket,
    Watcher,
    db,
)

Answer = Callable[[Person | None, dict[str, Any]], bool]


# What a route may ask of whoever opens it. `things` holds what the door has found for the address.
def ANYONE(person: Person | None, things: dict[str, Any]) -> bool:
    return True


def SIGNED_IN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None


def SEES_TICKET(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and sees_ticket(person, things["ticket"])


def TAKES_PART(person: Person | None, things: dict[str, Any]) -> bool:
    """Who may answer. A watcher is kept informed and no more."""
    return person is not None and takes_part(person, things["ticket"])


def ASKED(person: Person | None, things: dict[str, Any]) -> bool:
    """The requester and every agent."""
    return person is not None and (person.is_agent or things["ticket"].requester_id == person.id)


def AGENT(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_agent


def WROTE_MESSAGE(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and things["message"].author_id == person.id


def KEEPS_VIEW(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and keeps_view(person, things["view"])


def ADMIN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_admin


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


def takes_part(person: Person, ticket: Ticket) -> bool:
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


def find_ticket(person: Person, number: int, *, to_change: bool) -> Ticket | None:
    """The ticket, if this person may see it. To change it, it is locked until the transaction ends; to show it, it
    comes with the people and the category that every page names.
    """
    return _finding(kind_of(person), to_change).ask(person, SimpleNamespace(id=number)).scalar()


@cache
def _finding(kind: Kind, to_change: bool) -> Prepared:
    reader, wanted = reader_of(kind), Place("wanted")
    named = map(joinedload, (Ticket.requester, Ticket.raised_by, Ticket.assignee, Ticket.category))
    query = select(Ticket).where(Ticket.id == wanted.id, visible_tickets(reader))
    return Prepared(query.with_for_update() if to_change else query.options(*named), reader, wanted)


def find_message(person: Person, ticket: Ticket, number: int) -> Message | None:
    return db.session.scalar(
        select(Message).where(Message.id == number, Message.ticket_id == ticket.id, visible_messages(person))
    )


def find_file(person: Person, ticket: Ticket, number: int) -> Attachment | None:
    """A file of the ticket, or of one that was merged into it and is read as part of it."""
    file = db.session.scalar(select(Attachment).where(Attachment.id == number, visible_files(person)))
    place = file.ticket_id if file is not None else None
    while place is not None and place != ticket.id:
        place = db.session.scalar(select(Ticket.merged_into_id).where(Ticket.id == place))
    return file if place is not None else None


def find_upload(person: Person, number: int) -> Attachment | None:
    """A file that this person has added to a form and not sent yet."""
    own = Attachment.uploader_id == person.id, Attachment.path.is_not(None)
    return db.session.scalar(select(Attachment).where(Attachment.id == number, *own))


def find_event(person: Person, ticket: Ticket, number: int) -> Event | None:
    """Something this person did to the ticket themselves, of a kind that can be taken back."""
    own = Event.ticket_id == ticket.id, Event.actor_id == person.id, Event.kind.in_(UNDOABLE)
    return db.session.scalar(select(Event).where(Event.id == number, *own))


def find_view(person: Person, number: int) -> SavedView | None:
    """A saved view that this agent has: their own, or one for all agents."""
    found = db.session.get(SavedView, number)
    return found if found is not None and person.is_agent and found.owner_id in (None, person.id) else None


def keeps_view(person: Person, view: SavedView) -> bool:
    """Whether they may change it: their own; admins those that everybody has."""
    return person.is_admin if view.owner_id is None else view.owner_id == person.id


def find_session(person: Person, number: int) -> Session | None:
    return db.session.scalar(select(Session).where(Session.id == number, Session.person_id == person.id))


def find_person(person: Person, number: int) -> Person | None:
    return db.session.get(Person, number) if person.is_admin else None


def find_delivery(person: Person, number: int) -> Delivery | None:
    return db.session.get(Delivery, number) if person.is_admin else None


def find_watcher(person: Person, ticket: Ticket, number: int) -> Person | None:
    return db.session.get(Person, number) if db.session.get(Watcher, (ticket.id, number)) else None


def find_job(person: Person, number: int) -> BulkJob | None:
    """One's own change of many tickets; admins find everybody's."""
    job = db.session.get(BulkJob, number) if person.is_agent else None
    return job if job is not None and (person.is_admin or job.person_id == person.id) else None


def find_import(person: Person, number: int) -> Import | None:
    """One that was not discarded."""
    found = db.session.get(Import, number) if person.is_admin else None
    return found if found is not None and found.state != "dropped" else None


def find_category(person: Person, number: int) -> Category | None:
    return db.session.get(Category, number) if person.is_admin else None
