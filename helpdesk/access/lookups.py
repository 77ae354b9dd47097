"""Who may see and do what. The rule for one ticket and the rule for a list stand side by side and must say the same."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from helpdesk.access.visibility import visible_files, visible_messages, visible_tickets
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from models import (
    Attachment,
    BulkJob,
    Category,
    Delivery,
    Import,
    Message,
    Person,
    SavedView,
    Session,
    Ticket,
    Watcher,
    db,
)


def find_ticket(person: Person, number: int, *, to_change: bool) -> Ticket | None:
    """The ticket, if this person may see it. To change it, it is locked until the transaction ends; to show it, it
    comes with the people and the category that every page names.
    """
    return _finding(role_key(person), to_change).ask(person, SimpleNamespace(id=number)).scalar()


@cache
def _finding(kind: RoleKey, to_change: bool) -> Prepared:
    reader, wanted = reader_of(kind), Param("wanted")
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


def find_view(person: Person, number: int) -> SavedView | None:
    """A saved view that this agent has: their own, or one for all agents."""
    found = db.session.get(SavedView, number)
    return found if found is not None and person.is_agent and found.owner_id in (None, person.id) else None


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
