"""Taking a whole import back: its tickets go for good, but those that somebody has worked on since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import Select, delete, exists, func, insert, select, update

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.events import events
from models import Event, Import, ImportedTicket, Person, Ticket, db

BATCH = 500


def note(number: int, tickets: Sequence[int]) -> None:
    """Remember which tickets an import has added, and the last event of each."""
    newest = select(Event.ticket_id, func.max(Event.id)).where(Event.ticket_id.in_(tickets)).group_by(Event.ticket_id)
    rows = [
        {"import_id": number, "ticket_id": ticket, "last_event_id": event}
        for ticket, event in db.session.execute(newest)
    ]
    db.session.execute(insert(ImportedTicket), rows)


def find(number: int) -> Import:
    """Raises Refused where there is no such import, it is under way, or it was taken back."""
    found = db.session.get(Import, number)
    if found is None:
        raise Refused(_("There is no import %(number)d.", number=number))
    if found.state in ("checking", "ready", "waiting", "dropped"):
        raise Refused(_("Import %(number)d is not over. Cancel it first.", number=number))
    if found.taken_back_at is not None:
        raise Refused(_("Import %(number)d was taken back already.", number=number))
    return found


def take_back(
    number: int,
    *,
    by: Person | None,
    progress: Callable[[int], None],
    at: datetime | None = None,
    lock: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Remove the tickets of an import. Returns how many went, and how many stay since somebody worked on them.

    Each batch is a transaction of its own, at whose beginning `lock` is called: what was interrupted goes on when
    called again.
    """
    at = at or transactions.now()
    name, last = find(number).file_name, 0
    while batch := _batch(number, last):
        with transactions.writing():
            lock()
            last = batch[-1]
            # Whoever works on one of them holds it locked: wait, so that their work is seen and stays.
            db.session.execute(select(Ticket.id).where(Ticket.id.in_(batch)).with_for_update())
            untouched = list(db.session.scalars(_untouched(number, batch)))
            db.session.execute(
                delete(Ticket).where(Ticket.id.in_(untouched)).execution_options(synchronize_session=False)
            )
            counted = update(Import).where(Import.id == number).values(removed=Import.removed + len(untouched))
            db.session.execute(counted.execution_options(synchronize_session=False))
        progress(len(batch))
    with transactions.writing():
        lock()
        removed = db.session.scalar(select(Import.removed).where(Import.id == number)) or 0
        kept_back = db.session.scalar(select(func.count()).where(ImportedTicket.import_id == number)) or 0
        over = update(Import).where(Import.id == number).values(taken_back_at=at, state="undone")
        db.session.execute(over.execution_options(synchronize_session=False))
        events.record("import_taken_back", by=by, at=at, file=name, removed=removed, left=kept_back)
    return removed, kept_back


def _batch(number: int, after: int) -> list[int]:
    wanted = select(ImportedTicket.ticket_id).where(
        ImportedTicket.import_id == number, ImportedTicket.ticket_id > after
    )
    found = list(db.session.scalars(wanted.order_by(ImportedTicket.ticket_id).limit(BATCH)))
    transactions.rollback()
    return found


def _untouched(number: int, batch: list[int]) -> Select[int]:
    later = exists().where(Event.ticket_id == ImportedTicket.ticket_id, Event.id > ImportedTicket.last_event_id)
    return select(ImportedTicket.ticket_id).where(
        ImportedTicket.import_id == number, ImportedTicket.ticket_id.in_(batch), ~later
    )
