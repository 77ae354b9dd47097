"""Changing what a ticket says: its subject and description, and who may still do so."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk import events, tickets
from helpdesk.errors import Refused
from models import Event, Person, Ticket, db


def may_edit(ticket: Ticket, person: Person) -> bool:
    """Agents always; the requester until an agent has touched the ticket, as far as the requester can see."""
    if ticket.trashed_at is not None or ticket.merged_into_id is not None:
        return False
    return person.is_agent or (ticket.requester_id == person.id and not touched(ticket))


def touched(ticket: Ticket) -> bool:
    """Whether an agent other than the requester has done something to it that the requester can see.

    Notes do not count: that the requester may suddenly not edit any more would tell that there is one.
    """
    if ticket.status != "new" or ticket.assignee_id is not None:
        return True
    by_agents = (
        select(Event.id)
        .join(Person, Person.id == Event.actor_id)
        .where(
            Event.ticket_id == ticket.id,
            Event.public.is_(True),
            Event.kind.not_in(("raised", "raised_for", "imported")),
            Event.actor_id != ticket.requester_id,
            Person.role != "user",
        )
    )
    return db.session.scalar(by_agents.limit(1)) is not None


def edit(ticket: Ticket, *, subject: str, description: str, by: Person, at: datetime | None = None) -> None:
    tickets.refuse_trashed(ticket)
    if not may_edit(ticket, by):
        raise Refused(
            _("Somebody from IT is working on this ticket, so it can no longer be changed. Write a reply instead.")
        )
    if subject != ticket.subject:
        old, ticket.subject = ticket.subject, subject
        events.record("subject_edited", ticket=ticket, by=by, at=at, old=old, new=subject)
    if description != ticket.description:
        old, ticket.description = ticket.description, description
        events.record("description_edited", ticket=ticket, by=by, at=at, old=old)
