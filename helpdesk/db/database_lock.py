"""A lock beside a SQLite database: every process that has it open shares it, and a restore takes it alone.

It is a lock of the operating system (flock), so it ends with its process however that ends.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from flask_babel import gettext as _
from sqlalchemy import Engine, event

from helpdesk.errors import Refused

SUFFIX = ".in-use"
_locks: WeakKeyDictionary[Engine, DatabaseLock] = WeakKeyDictionary()


class DatabaseLock:
    """The lock as one engine has it, from its first connection until its process ends."""

    def __init__(self, database: str) -> None:
        self._path = database + SUFFIX
        self._file: int | None = None
        self._turn = threading.Lock()

    def __del__(self) -> None:
        self._close()

    def share(self) -> None:
        """Raises sqlite3.OperationalError while another process restores the database."""
        with self._turn:
            if self._file is None and not self._take(fcntl.LOCK_SH):
                raise sqlite3.OperationalError("the database is being restored")

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Raises Refused while another process has the database open."""
        with self._turn:
            self._close()
            if not self._take(fcntl.LOCK_EX):
                raise Refused(_("The desk is running. Stop it, and its worker, and try again."))
        try:
            yield
        finally:
            with self._turn:
                self._close()

    def _take(self, how: int) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            # Nothing can be written in this folder, so nothing can be restored in it either.
            return True
        try:
            fcntl.flock(self._file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            self._close()
            return False
        return True

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def follow(engine: Engine) -> None:
    """Share the lock from the engine's first connection on. Nothing for other databases than a SQLite file."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return
    lock = _locks[engine] = DatabaseLock(path)

    @event.listens_for(engine, "connect", insert=True)
    def _connected(_connection: Any, _record: Any) -> None:
        lock.share()


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Nobody else has the engine's SQLite database open. Raises Refused where somebody has."""
    engine.dispose()
    with _locks[engine].alone():
        yield
    engine.dispose()
