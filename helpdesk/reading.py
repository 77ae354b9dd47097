"""What somebody has read: marks that make an unread answer stand out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from helpdesk import store
from models import ReadMark, db


def mark(person_id: int, ticket_id: int, until: datetime) -> None:
    """Remember that everything up to `until` was read, in a transaction of its own. Never moves a mark back."""
    row = db.session.get(ReadMark, (person_id, ticket_id))
    known = row.seen_at if row else None
    if known is not None and known >= until:
        return
    try:
        with store.aside() as session:
            fresh = session.get(ReadMark, (person_id, ticket_id))
            if fresh is None:
                session.add(ReadMark(person_id=person_id, ticket_id=ticket_id, seen_at=until))
            elif fresh.seen_at < until:
                fresh.seen_at = until
    except IntegrityError:
        # Opened twice at once, or purged meanwhile: the other one wrote the mark, or there is nothing to mark.
        pass
