"""Changing what a ticket says: its subject and description, and who may still do so."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import Select, select

from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.tickets import tickets
from models import Event, Person, Ticket, db


def may_edit(ticket: Ticket, person: Person, *, touched: bool | None = None) -> bool:
    """Agents always; the requester until an agent has touched the ticket, as far as the requester can see.

    `touched` is whether there is anything `by_agents`, where that is known already.
    """
    if ticket.trashed_at is not None or ticket.merged_into_id is not None:
        return False
    if person.is_agent or ticket.requester_id != person.id:
        return person.is_agent
    if ticket.status != "new" or ticket.assignee_id is not None:
        return False
    if touched is None:
        touched = db.session.scalar(by_agents(ticket).limit(1)) is not None
    return not touched


def by_agents(ticket: Ticket) -> Select[int]:
    """What an agent other than the requester has done to it that the requester can see.

    Notes do not count: that the requester may suddenly not edit any more would tell that there is one.
    """
    return (
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
