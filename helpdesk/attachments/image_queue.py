"""Who has a picture drawn when: each process draws one that takes long and one that does not at the same time.

A person has at most one picture drawn and one waiting. Where too much waits already, the next one is refused politely.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from flask_babel import gettext as _

from helpdesk.errors import TooMany

PER_PERSON = 2  # one that is drawn and one that waits
MOST = 20
# Each program that draws holds some memory while it waits for its turn. Slow pictures cannot take all their places.
PROGRAMS, MOST_SLOW = 6, 4
QUICK_SECONDS = 2.0
LONGEST_WAIT = 30.0


class ImageQueue:
    """Work is given in estimated seconds, the same for the same picture on every machine (images.py)."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._programs = threading.BoundedSemaphore(PROGRAMS)
        self._present: Counter[int | None] = Counter()
        self._quick: list[_Turn] = []
        self._slow: list[_Turn] = []

    @contextmanager
    def place(self, person: int | None) -> Iterator[None]:
        """A place in the queue, before the work is known. Raises TooMany. Without a person only the queue counts."""
        with self._changed:
            if person is not None and self._present[person] >= PER_PERSON:
                raise TooMany(_("Your other pictures are still being prepared."), timedelta(seconds=5))
            if self._present.total() >= MOST:
                raise _busy(LONGEST_WAIT / 2)
            self._present[person] += 1
        try:
            with self._programs:
                yield
        finally:
            with self._changed:
                self._present[person] -= 1
                self._present += Counter()  # Forget people with none.

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Wait until this picture may be drawn. Raises TooMany where those before it take too long."""
        line = self._quick if seconds <= QUICK_SECONDS else self._slow
        own = _Turn(seconds)
        with self._changed:
            wait = sum(turn.seconds for turn in line)
            if wait > LONGEST_WAIT or (line is self._slow and len(line) >= MOST_SLOW):
                raise _busy(wait)
            line.append(own)
            self._changed.wait_for(lambda: line[0] is own)
        try:
            yield
        finally:
            with self._changed:
                line.remove(own)
                self._changed.notify_all()


class _Turn:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def _busy(seconds: float) -> TooMany:
    return TooMany(_("Many pictures are being prepared at the moment."), timedelta(seconds=max(5.0, seconds)))
