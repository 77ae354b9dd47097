"""The search index: one document a ticket, its public text and its notes apart, kept in the act's own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Table, case, delete, func, insert, select, update

from helpdesk import store
from helpdesk.folding import GAP, document
from models import Message, SearchText, Ticket, db

BATCH = 500
# PostgreSQL's tsvector holds a megabyte. A conversation beyond this is found by what its beginning says.
TEXT_MAX = 250_000

BEGINS = ("raised", "raised_for", "split_from")
ADDS = ("replied", "noted")
CHANGES = ("subject_edited", "description_edited", "reply_corrected", "note_corrected")


def follow(kind: str, ticket: Ticket, message: Message | None) -> None:
    """Keep the ticket's document as the event of this kind has left the ticket. Called by events.record."""
    if kind in BEGINS:
        _write([of_ticket(ticket.id, ticket.subject, ticket.description, {})])
    elif kind in ADDS and message is not None:
        _add(ticket, message)
    elif kind in CHANGES:
        rewrite(ticket)


def rewrite(ticket: Ticket) -> None:
    """Make the ticket's document anew from what the ticket says now."""
    db.session.flush()
    db.session.execute(delete(SearchText).where(SearchText.ticket_id == ticket.id))
    _insert([(ticket.id, ticket.subject, ticket.description)])


def _add(ticket: Ticket, message: Message) -> None:
    column = SearchText.public_text if message.kind == "reply" else SearchText.internal_text
    text = document(message.body)
    if not text:
        return
    longer = case((column == "", text), else_=column + f"{GAP}{text}")
    room = func.length(column) + len(text) <= TEXT_MAX
    added = update(SearchText).where(SearchText.ticket_id == ticket.id, room)
    added = added.values({column: longer}).execution_options(synchronize_session=False)
    if cast("CursorResult[Any]", db.session.execute(added)).rowcount == 0:
        rewrite(ticket)


def index_new(rows: Iterable[tuple[int, str, str]]) -> None:
    """Documents for many new tickets at once: id, subject and description of each."""
    _insert(list(rows))


def _insert(tickets: Sequence[tuple[int, str, str]]) -> None:
    said: dict[int, dict[str, list[str]]] = {}
    texts = select(Message.ticket_id, Message.kind, Message.body)
    texts = texts.where(Message.ticket_id.in_([row[0] for row in tickets]), Message.withdrawn_at.is_(None))
    for number, kind, body in db.session.execute(texts.order_by(Message.ticket_id, Message.id)):
        said.setdefault(number, {}).setdefault(kind, []).append(body)
    _write([of_ticket(*row, said.get(row[0], {})) for row in tickets])


def _write(documents: list[dict[str, Any]]) -> None:
    """To the table itself: no row is kept as an object."""
    db.session.execute(insert(cast(Table, SearchText.__table__)), documents)


def of_ticket(number: int, subject: str, description: str, said: dict[str, list[str]]) -> dict[str, Any]:
    """The document of a ticket, with what was `said` on it as "reply" and as "note"."""
    return {
        "ticket_id": number,
        "subject": document(subject),
        "public_text": _fitting(document(subject, description, *said.get("reply", []))),
        "internal_text": _fitting(document(*said.get("note", []))),
    }


def _fitting(text: str) -> str:
    return text if len(text) <= TEXT_MAX else text[:TEXT_MAX].rpartition(" ")[0] + " "


def how_many() -> int:
    return db.session.scalar(select(func.count()).select_from(Ticket)) or 0


def rebuild(progress: Callable[[int], None]) -> int:
    """Make every document anew, in batches, while the desk goes on working. Returns how many there are."""
    last = done = 0
    while True:
        with store.writing():
            wanted = select(Ticket.id, Ticket.subject, Ticket.description).where(Ticket.id > last)
            found = db.session.execute(wanted.order_by(Ticket.id).limit(BATCH).with_for_update())
            batch = [(number, subject, description) for number, subject, description in found]
            if not batch:
                return done
            last = batch[-1][0]
            db.session.execute(delete(SearchText).where(SearchText.ticket_id.in_([row[0] for row in batch])))
            _insert(batch)
        done += len(batch)
        progress(len(batch))
