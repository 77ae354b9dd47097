"""Tickets that look the same: a requester's own while they type a subject, and earlier ones beside a ticket."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from sqlalchemy import Row, select

from helpdesk.choices import ACTIVE, FINISHED
from helpdesk.query.language import Query, Word
from helpdesk.search import full_text
from helpdesk.search.filters import SearchContext
from helpdesk.search_index import normalize
from helpdesk.search_index.index_words import PAD
from models import Person, SearchText, Ticket, db

# Own open tickets that are looked at, and how many are shown.
OWN = 200
OWN_SHOWN = 3
# Words of a ticket among which the rarest are sought, how many of these count, and how many tickets are shown.
WORDS = 12
RARE = 3
SHOWN = 5


def own(subject: str, reader: Person) -> list[Row[int, str, str, str]]:
    """The reader's own open tickets that say at least half of these words, those that say most of them first."""
    wanted = telling(subject)
    if not wanted:
        return []
    found = select(Ticket.id, Ticket.subject, Ticket.status, SearchText.public_text).join(SearchText)
    found = found.where(Ticket.requester_id == reader.id, Ticket.status.in_(ACTIVE), Ticket.trashed_at.is_(None))
    rows = db.session.execute(found.order_by(Ticket.public_activity_at.desc(), Ticket.id.desc()).limit(OWN)).all()
    said = [(sum(f" {word}" in row.public_text for word in wanted), row) for row in rows]
    alike = [(count, row) for count, row in said if count * 2 >= len(wanted)]
    return [row for _count, row in sorted(alike, key=lambda one: -one[0])[:OWN_SHOWN]]


def telling(text: str) -> list[str]:
    """The words that say what a text is about: neither short ones nor those that stand in any sentence."""
    return [word for word in dict.fromkeys(normalize.words(text)) if not word.endswith(PAD)]


def earlier(ticket: Ticket, asker: SearchContext) -> list[Row[int, str, str]]:
    """Up to five earlier tickets that say the same rare words: more of them first, of these the finished ones."""
    words = (telling(ticket.subject) + telling(ticket.description))[: WORDS * 2]
    rare = _rarest(list(dict.fromkeys(words))[:WORDS])
    if not rare:
        return []
    found: dict[int, int] = {}
    for some in _together(rare):
        query = Query(tuple(Word(word, exact=True) for word in some))
        for row in full_text.find(query, asker).rows:
            if row.id < ticket.id:
                found.setdefault(row.id, len(some))
        if len(found) >= SHOWN * 4:
            break
    wanted = select(Ticket.id, Ticket.subject, Ticket.status).where(Ticket.id.in_(sorted(found)[-500:]))
    rows = db.session.execute(wanted).all()
    return sorted(rows, key=lambda row: (-found[row.id], row.status not in FINISHED, -row.id))[:SHOWN]


def _rarest(words: list[str]) -> list[str]:
    """Those of the words that are said least in the newest tickets, the ticket itself among them."""
    if not words:
        return []
    looked_at, _all, *counts = full_text.sample([(((word, False),),) for word in words])
    seldom = [(count, word) for word, count in zip(words, counts) if count * 20 <= max(looked_at, 100)]
    return [word for _count, word in sorted(seldom, key=lambda one: one[0])[:RARE]]


def _together(rare: list[str]) -> Iterator[tuple[str, ...]]:
    """All the words, then each pair of them, then the rarest by itself."""
    for size in range(len(rare), 1, -1):
        yield from itertools.combinations(rare, size)
    yield (rare[0],)
