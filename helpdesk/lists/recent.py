"""What somebody opened lately, to get back to it in a few keys."""

from __future__ import annotations

from typing import Any

from helpdesk.access.visibility import visible_tickets
from models import Person, ReadMark, Ticket, db
from sqlalchemy import Row, select

MOST = 20


def recent(reader: Person) -> list[Row[Any]]:
    """Tickets this person has read, the last one first, as far as they may still see them: number and subject."""
    wanted = select(Ticket.id, Ticket.subject).join(ReadMark, ReadMark.ticket_id == Ticket.id)
    mine = ReadMark.person_id == reader.id, visible_tickets(reader), Ticket.trashed_at.is_(None)
    return list(db.session.execute(wanted.where(*mine).order_by(ReadMark.seen_at.desc(), Ticket.id.desc()).limit(MOST)))
