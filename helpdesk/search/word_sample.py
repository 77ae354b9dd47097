"""How often words are said in the newest tickets: a sample that each process keeps for a while.

To read it from the database for each search takes longer than the search itself. It only decides how a search goes
about its work (helpdesk/search/full_text.py), never what it finds, so it may be some minutes old.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Iterable
from functools import reduce
from itertools import chain
from operator import and_, or_
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select

from models import SearchText, db

SECONDS = 600
# Characters of each text that are read.
DEPTH = 20_000


class Sample:
    """Which of `size` tickets say which word: a number for each word, with a bit for each ticket."""

    def __init__(self, documents: Iterable[tuple[str, ...]]) -> None:
        self.made, self.size = time.monotonic(), 0
        bits: dict[str, int] = {}
        for texts in documents:
            for word in set(chain.from_iterable(text.split() for text in texts)):
                bits[word] = bits.get(word, 0) | 1 << self.size
            self.size += 1
        self.words = sorted(bits)
        self.bits = [bits[word] for word in self.words]

    def saying(self, word: str, begun: bool) -> int:
        """The tickets that say the word, or where it is only begun, one that begins so."""
        found = 0
        for place in range(bisect_left(self.words, word), len(self.words)):
            if self.words[place] != word and not (begun and self.words[place].startswith(word)):
                break
            found |= self.bits[place]
        return found

    def fitting(self, groups: tuple[tuple[tuple[str, bool], ...], ...]) -> int:
        """The tickets that say all words of one of the groups."""
        return reduce(or_, (reduce(and_, (self.saying(*word) for word in group)) for group in groups))


_samples: WeakKeyDictionary[Engine, Sample] = WeakKeyDictionary()
_making = threading.Lock()


def of_newest(size: int) -> Sample | None:
    """The sample of so many tickets. None where there are fewer. While one thread makes it anew, others use the old."""
    engine = db.engine
    kept = _samples.get(engine)
    if kept is not None and kept.size == size and time.monotonic() - kept.made < SECONDS:
        return kept
    if not _making.acquire(blocking=kept is None):
        return kept
    try:
        if _how_many(size) < size:
            return None
        made = _samples[engine] = Sample(_documents(size))
        return made
    finally:
        _making.release()


def forget() -> None:
    """For tests, which fill one database again and again."""
    _samples.clear()


def _how_many(most: int) -> int:
    capped = select(SearchText.ticket_id).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(capped)) or 0


def _documents(size: int) -> list[tuple[str, ...]]:
    texts = (func.substr(text, 1, DEPTH) for text in (SearchText.public_text, SearchText.internal_text))
    newest = select(*texts).order_by(SearchText.ticket_id.desc()).limit(size)
    return [tuple(row) for row in db.session.execute(newest)]
