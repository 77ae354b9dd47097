"""The search index: one document a ticket, its public text and its notes apart, kept in the act's own transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import CursorResult, Table, case, delete, func, insert, select, update

from helpdesk.search_index.normalize import GAP, document
from models import Message, SearchText, Ticket, db

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


@dataclass(frozen=True)
class Source:
    """All that a ticket's document is made of."""

    number: int
    subject: str
    description: str
    replies: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        return of_ticket(self.number, self.subject, self.description, {"reply": self.replies, "note": self.notes})


def _insert(tickets: Iterable[tuple[int, str, str]]) -> None:
    _write([source.document() for source in _with_messages(tickets)])


def _with_messages(tickets: Iterable[tuple[int, str, str]]) -> list[Source]:
    rows = list(tickets)
    said: dict[tuple[int, str], list[str]] = {}
    texts = select(Message.ticket_id, Message.kind, Message.body)
    texts = texts.where(Message.ticket_id.in_([row[0] for row in rows]), Message.withdrawn_at.is_(None))
    for number, kind, body in db.session.execute(texts.order_by(Message.ticket_id, Message.id)):
        said.setdefault((number, kind), []).append(body)
    return [Source(*row, tuple(said.get((row[0], "reply"), ())), tuple(said.get((row[0], "note"), ()))) for row in rows]


def _write(rows: list[dict[str, Any]]) -> None:
    """To the table itself: no row is kept as an object."""
    if rows:
        db.session.execute(insert(cast(Table, SearchText.__table__)), rows)


def of_ticket(number: int, subject: str, description: str, said: Mapping[str, Sequence[str]]) -> dict[str, Any]:
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


def documents(ids: Sequence[int]) -> dict[Source, dict[str, Any]]:
    """The documents of these tickets, each by what it was made of."""
    return {source: source.document() for source in _sources(ids, lock=False)}


def replace(ids: Sequence[int], ready: Mapping[Source, dict[str, Any]]) -> None:
    """Write these tickets' documents anew. What was changed since they were made `ready` is folded once more."""
    sources = _sources(ids, lock=True)
    db.session.execute(delete(SearchText).where(SearchText.ticket_id.in_(ids)))
    _write([ready.get(source) or source.document() for source in sources])


def _sources(ids: Sequence[int], *, lock: bool) -> list[Source]:
    wanted = select(Ticket.id, Ticket.subject, Ticket.description).where(Ticket.id.in_(ids)).order_by(Ticket.id)
    rows = db.session.execute(wanted.with_for_update() if lock else wanted)
    return _with_messages((number, subject, description) for number, subject, description in rows)
