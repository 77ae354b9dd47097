"""The place in a ticket where what was looked for stands, as plain text with the words that were hit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from types import SimpleNamespace

from sqlalchemy import Integer, func, literal, select, union_all

from helpdesk.access import visibility
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.query.language import Query, Word
from helpdesk.search_index.index_words import PAD
from helpdesk.search_index.normalize import Spelling, runs, together
from helpdesk.search_index.spellings import Run
from models import Message, Person, Ticket

# Characters of each text that are looked into, and messages of all the tickets together.
DEPTH = 6_000
MESSAGES = 300
AROUND = 90

_SIGNS = re.compile(r"[\W_]+")

# Pieces of a text, each with whether it is a hit.
Snippet = list[tuple[str, bool]]


def of(ids: Sequence[int], wanted: Query, reader: Person) -> dict[int, Snippet]:
    """For each ticket the first of its texts that holds most of the words, as far as the reader may see it."""
    texts: dict[int, list[str]] = {}
    found = _texts(role_key(reader)).ask(reader, SimpleNamespace(ids=list(ids)))
    for row in sorted(found, key=lambda row: (row.ticket, row.place)):
        texts.setdefault(row.ticket, []).append(row.text)
    looked_for = [part for part in wanted.parts if isinstance(part, Word) and not part.without]
    return {number: best(some, looked_for) for number, some in texts.items()}


@cache
def _texts(kind: RoleKey) -> Prepared:
    """The descriptions, and what was said."""
    reader, wanted = reader_of(kind), Param("wanted")
    texts = [func.substr(column, 1, DEPTH).label("text") for column in (Ticket.description, Message.body)]
    described = select(Ticket.id.label("ticket"), literal(0, Integer).label("place"), texts[0])
    said = select(Message.ticket_id.label("ticket"), Message.id.label("place"), texts[1]).where(
        Message.ticket_id.in_(wanted.ids), visibility.visible_messages(reader), Message.withdrawn_at.is_(None)
    )
    first = said.order_by(Message.ticket_id, Message.id).limit(MESSAGES).subquery()
    return Prepared(union_all(described.where(Ticket.id.in_(wanted.ids)), select(first)), reader, wanted)


def best(texts: Iterable[str], looked_for: list[Word]) -> Snippet:
    lines = [" ".join(text.split()) for text in texts]
    pattern = _pattern(looked_for)
    if pattern is None:
        return _cut(lines[0], 0, ())
    terms = _spellings(tuple(looked_for))
    kinds = [{match.group().lower() for match in pattern.finditer(line)} for line in lines]
    most = max(range(len(lines)), key=lambda i: (len(kinds[i]), -i))
    if kinds[most]:
        match = pattern.search(lines[most])
        return _cut(lines[most], match.start() if match else 0, terms)
    return next((cut for cut in (_folded(line, terms) for line in lines) if cut), _cut(lines[0], 0, terms))


def _pattern(looked_for: list[Word]) -> re.Pattern[str] | None:
    """The words as typed: fast, and enough for most; what only folding finds is looked for afterwards."""
    parts = [re.escape(word.text) + (r"\b" if word.exact else "") for word in looked_for]
    return re.compile(r"(?<![^\W_])(?:" + "|".join(parts) + ")", re.IGNORECASE) if parts else None


@lru_cache(maxsize=200)
def _spellings(looked_for: tuple[Word, ...]) -> tuple[Spelling, ...]:
    """All spellings of the words: each search needs them for each of its hits."""
    terms = together([found for word in looked_for if (found := word.term) is not None])
    return tuple(dict.fromkeys(spelling for term in terms for spelling in term.spellings))


def _folded(line: str, wanted: Sequence[Spelling]) -> Snippet | None:
    found = _places(line[: DEPTH // 2], wanted)
    return _cut(line, found[0][0], wanted) if found else None


def _cut(line: str, at: int, wanted: Sequence[Spelling]) -> Snippet:
    """Some words before and after the place, the hits among them apart."""
    start, end = max(0, at - AROUND), min(len(line), at + 2 * AROUND)
    start = line.find(" ", start, at) + 1 if start else 0
    last = line.rfind(" ", at, end)
    end = last if end < len(line) and last > at else end
    pieces = _apart(line[start:end], wanted)
    return [("… ", False)] * (start > 0) + pieces + [(" …", False)] * (end < len(line))


def marked(text: str, wanted: Query) -> Snippet:
    """A whole short text, a subject, with its hits apart."""
    looked_for = [part for part in wanted.parts if isinstance(part, Word) and not part.without]
    return _apart(text, _spellings(tuple(looked_for)))


def _apart(text: str, wanted: Sequence[Spelling]) -> Snippet:
    pieces, done = [], 0
    for start, end in _places(text, wanted):
        pieces += [(text[done:start], False), (text[start:end], True)]
        done = end
    return [piece for piece in [*pieces, (text[done:], False)] if piece[0]]


def _places(text: str, wanted: Sequence[Spelling]) -> list[tuple[int, int]]:
    """Where the hits begin and end in the text as it is, whatever folding makes of its letters; none in another."""
    return _read_places(text, wanted) if _may_hold(text, wanted) else []


def _may_hold(text: str, wanted: Sequence[Spelling]) -> bool:
    """A quick look: most subjects on a page of hits hold none. Whatever plain letters are looked for as, a word of
    theirs is a piece of the text without its signs.
    """
    bare = _SIGNS.sub("", text.lower())
    return not text.isascii() or any(spelling.words[-1].removesuffix(PAD) in bare for spelling in wanted)


def _read_places(text: str, wanted: Sequence[Spelling]) -> list[tuple[int, int]]:
    first, *others = [[place for spelling in wanted for place in _in_run(run, spelling)] for run in runs(text)]
    begins = {start for start, _end in first}  # The word alone, not two words that would be one and begin with it.
    apart: list[tuple[int, int]] = []
    for start, end in sorted([*first, *(place for found in others for place in found if place[0] not in begins)]):
        if apart and start < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((start, end))
    return apart


def _in_run(run: Run, wanted: Spelling) -> Iterator[tuple[int, int]]:
    """Where the words stand side by side, from the first to the last of them."""
    *before, last = wanted.words
    for place in range(len(before), len(run)):
        word, _start, end = run[place]
        if word == last or wanted.begun and word.startswith(last):
            first = place - len(before)
            if all(run[first + i][0] == other for i, other in enumerate(before)):
                yield run[first][1], end
