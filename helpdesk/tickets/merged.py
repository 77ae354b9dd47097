"""Tickets that were merged: which ones a ticket holds, and where the page of a merged one leads."""

from __future__ import annotations

from sqlalchemy import select

from helpdesk.access import lookups
from models import Person, Ticket, db


def merge_target(ticket: Ticket) -> Ticket:
    """Where the ticket has gone in the end; itself where it was not merged."""
    while ticket.merged_into_id is not None:
        into = db.session.get(Ticket, ticket.merged_into_id)
        assert into is not None
        ticket = into
    return ticket


def leads_to(ticket: Ticket, reader: Person, *, to_change: bool = False) -> Ticket | None:
    """The ticket whose page stands for a merged one, for those who may see it."""
    if ticket.merged_into_id is None:
        return None
    return lookups.find_ticket(reader, merge_target(ticket).id, to_change=to_change)


def merged_into(numbers: list[int]) -> list[int]:
    return list(db.session.scalars(select(Ticket.id).where(Ticket.merged_into_id.in_(numbers)).order_by(Ticket.id)))


def with_merged(ticket: Ticket) -> list[int]:
    """The ticket and all that were merged into it, and into those."""
    found = generation = [ticket.id]
    while generation:
        generation = merged_into(generation)
        found = found + generation
    return found
