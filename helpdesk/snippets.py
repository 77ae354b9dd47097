"""The place in a ticket where what was looked for stands, as plain text with the words that were hit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select

from helpdesk import access
from helpdesk.folding import Term, term
from helpdesk.prepared import Kind, Place, Prepared, kind_of, reader_of
from helpdesk.query import Query, Word
from models import Message, Person, Ticket

# Characters of each text that are looked into, and messages of all the tickets together.
DEPTH = 6_000
MESSAGES = 300
AROUND = 90

# Pieces of a text, each with whether it is a hit.
Snippet = list[tuple[str, bool]]

_WORD = re.compile(r"[^\W_]+")


def of(ids: Sequence[int], wanted: Query, reader: Person) -> dict[int, Snippet]:
    """For each ticket the first of its texts that holds most of the words, as far as the reader may see it."""
    texts: dict[int, list[str]] = {}
    for query in _texts(kind_of(reader)):
        found: Iterable[Any] = query.ask(reader, SimpleNamespace(ids=list(ids)))
        for number, text in found:
            texts.setdefault(number, []).append(text)
    looked_for = [part for part in wanted.parts if isinstance(part, Word) and not part.without]
    return {number: best(some, looked_for) for number, some in texts.items()}


@cache
def _texts(kind: Kind) -> tuple[Prepared, Prepared]:
    """The descriptions, and what was said."""
    reader, wanted = reader_of(kind), Place("wanted")
    described = select(Ticket.id, func.substr(Ticket.description, 1, DEPTH)).where(Ticket.id.in_(wanted.ids))
    said = select(Message.ticket_id, func.substr(Message.body, 1, DEPTH)).where(
        Message.ticket_id.in_(wanted.ids), access.visible_messages(reader), Message.withdrawn_at.is_(None)
    )
    said = said.order_by(Message.ticket_id, Message.id).limit(MESSAGES)
    return Prepared(described, reader, wanted), Prepared(said, reader, wanted)


def best(texts: Iterable[str], looked_for: list[Word]) -> Snippet:
    lines = [" ".join(text.split()) for text in texts]
    pattern = _pattern(looked_for)
    if pattern is None:
        return _cut(lines[0], 0, None)
    kinds = [{match.group().lower() for match in pattern.finditer(line)} for line in lines]
    most = max(range(len(lines)), key=lambda i: (len(kinds[i]), -i))
    if kinds[most]:
        match = pattern.search(lines[most])
        return _cut(lines[most], match.start() if match else 0, looked_for)
    return next((cut for cut in (_folded(line, looked_for) for line in lines) if cut), _cut(lines[0], 0, looked_for))


def _pattern(looked_for: list[Word]) -> re.Pattern[str] | None:
    """The words as typed: fast, and enough for most; what only folding finds is looked for afterwards."""
    parts = [re.escape(word.text) + (r"\b" if word.exact else "") for word in looked_for]
    return re.compile(r"(?<![^\W_])(?:" + "|".join(parts) + ")", re.IGNORECASE) if parts else None


def _folded(line: str, looked_for: list[Word]) -> Snippet | None:
    terms = _terms(looked_for)
    for match in _WORD.finditer(line[: DEPTH // 2]):
        if _is_hit(match.group(), terms):
            return _cut(line, match.start(), looked_for)
    return None


def _cut(line: str, at: int, looked_for: list[Word] | None) -> Snippet:
    """Some words before and after the place, the hits among them apart."""
    start, end = max(0, at - AROUND), min(len(line), at + 2 * AROUND)
    start = line.find(" ", start, at) + 1 if start else 0
    last = line.rfind(" ", at, end)
    end = last if end < len(line) and last > at else end
    shown, terms = line[start:end], _terms(looked_for or [])
    pieces: Snippet = [("… ", False)] if start else []
    done = 0
    for match in _WORD.finditer(shown):
        if _is_hit(match.group(), terms):
            pieces += [(shown[done : match.start()], False), (match.group(), True)]
            done = match.end()
    pieces.append((shown[done:] + (" …" if end < len(line) else ""), False))
    return [piece for piece in pieces if piece[0]]


def marked(text: str, wanted: Query) -> Snippet:
    """A whole short text, a subject, with its hits apart."""
    looked_for = [part for part in wanted.parts if isinstance(part, Word) and not part.without]
    pieces, done, terms = [], 0, _terms(looked_for)
    for match in _WORD.finditer(text):
        if _is_hit(match.group(), terms):
            pieces += [(text[done : match.start()], False), (match.group(), True)]
            done = match.end()
    return [piece for piece in [*pieces, (text[done:], False)] if piece[0]]


def _terms(looked_for: list[Word]) -> list[Term]:
    return [found for word in looked_for if (found := word.term) is not None]


def _is_hit(word: str, terms: list[Term]) -> bool:
    found = _words_of(word)
    return any(_fits(found, one) for one in terms)


@lru_cache(maxsize=20_000)
def _words_of(word: str) -> tuple[str, ...]:
    """Most words of a page of hits are on the next one too."""
    found = term(word, exact=True)
    return found.words if found is not None else ()


def _fits(words: tuple[str, ...], wanted: Term) -> bool:
    """A word of the text, or its pairs, against one of the words looked for; the last of them may be only begun."""
    last = wanted.words[-1]
    return any(word in wanted.words or wanted.begun and word.startswith(last) for word in words)
