"""What a page leaves to be written when its answer is on its way, so that nobody waits for a disk to see a ticket."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from web.outages.outage_log import note

log = logging.getLogger("desk.afterwards")


class Afterwards:
    """One thread in each process, which starts with the first page that leaves something.

    A process that is told to stop still writes what was left to it. One that is killed does not: a ticket then shows
    as unread once more, so nothing may be left to it that somebody was told is kept.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._thread = ThreadPoolExecutor(1, "afterwards")

    def do(self, act: Callable[..., None], *args: Any) -> None:
        self._thread.submit(self._try, act, args)

    def settle(self) -> None:
        """Wait until all that was left so far is written."""
        self._thread.submit(bool).result()

    def _try(self, act: Callable[..., None], args: tuple[Any, ...]) -> None:
        try:
            with self.app.app_context():
                act(*args)
        except Exception as error:
            with self.app.app_context():
                note(log, f"could not be written after the page: {act.__name__}", error)


def set_up(app: Flask) -> None:
    app.extensions["afterwards"] = Afterwards(app)
