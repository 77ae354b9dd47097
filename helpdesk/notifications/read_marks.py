"""What somebody has read: marks that make an unread answer stand out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from helpdesk.db import transactions
from models import ReadMark


def mark_read(person_id: int, ticket_id: int, until: datetime) -> None:
    """Remember that everything up to `until` was read, in a transaction of its own. Never moves a mark back."""
    mine = ReadMark.person_id == person_id, ReadMark.ticket_id == ticket_id
    moved = update(ReadMark).where(*mine, ReadMark.seen_at < until).values(seen_at=until)
    try:
        with transactions.separate() as session:
            if session.execute(moved).rowcount == 0:  # type: ignore[attr-defined]
                values = {"person_id": person_id, "ticket_id": ticket_id, "seen_at": until}
                session.execute(insert(ReadMark).values(values))
    except IntegrityError:
        # There is a mark as new as this one, or the ticket was purged meanwhile and there is nothing to mark.
        pass
