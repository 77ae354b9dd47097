"""Why the database or the disk does not work just now, from the error it gave, and how much of that is logged."""

from __future__ import annotations

import errno
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError as PoolTimeout

FULL, READ_ONLY, UNUSABLE, LOCKED, SLOW, AWAY = "full", "read-only", "unusable", "locked", "slow", "away"
# Nothing can be written, and all that is there can be read.
UNWRITABLE = (FULL, READ_ONLY)
# Where less is free than SQLite writes in one step, an input or output error means a full disk.
LITTLE_BYTES = 1024 * 1024

_FILES = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.EIO: UNUSABLE,
}
_SQLITE = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: UNUSABLE,
    sqlite3.SQLITE_CORRUPT: UNUSABLE,
    sqlite3.SQLITE_NOTADB: UNUSABLE,
    sqlite3.SQLITE_IOERR: UNUSABLE,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
}
_POSTGRESQL = {"53100": FULL, "25006": READ_ONLY, "57014": SLOW, "55P03": LOCKED}
# Disk full, table full; --read-only, read-only transaction, InnoDB read-only; a statement too long (on both); a lock.
_MYSQL = {
    1021: FULL,
    1114: FULL,
    1290: READ_ONLY,
    1792: READ_ONLY,
    1836: READ_ONLY,
    1969: SLOW,
    3024: SLOW,
    1205: LOCKED,
}


def cause(error: BaseException, folder: Path | None = None) -> str | None:
    """One of the words above, or None for an error that is no outage. `folder` is where a SQLite database lies."""
    if isinstance(error, OSError):
        return _FILES.get(error.errno or 0)
    if isinstance(error, PoolTimeout):
        return AWAY
    if not isinstance(error, DBAPIError) or error.orig is None:
        return None
    return _known(error.orig, folder) or (AWAY if isinstance(error, (OperationalError, InterfaceError)) else None)


def _known(error: BaseException, folder: Path | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        return _sqlite(error, folder)
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return _MYSQL.get(number)
    return _POSTGRESQL.get(getattr(error, "sqlstate", None) or "")


def _sqlite(error: sqlite3.Error, folder: Path | None) -> str | None:
    if "database is locked" in str(error):
        return LOCKED
    found = _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if found is UNUSABLE and folder is not None and _free(folder) < LITTLE_BYTES:
        return FULL
    return found


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return LITTLE_BYTES


def reason(error: BaseException) -> str:
    """What the database or the system said, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


class Unwritable:
    """Whether something could not be written a moment ago, and why. Each process knows of its own."""

    SECONDS = 60

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._found, self._at = clock, "", 0.0

    def note(self, found: str) -> None:
        self._found, self._at = found, self._clock()

    def recent(self) -> str:
        return self._found if self._found and self._clock() < self._at + self.SECONDS else ""


unwritable = Unwritable()


@contextmanager
def unless_unwritable() -> Iterator[None]:
    """For what a page would write, and works without: it is left out while nothing can be written at all."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        found = cause(error)
        if found not in UNWRITABLE:
            raise
        unwritable.note(str(found))


class Log:
    """At most a line a second, which says how many were left out before it. An outage fails every page."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log, self._clock = log, clock
        self._lock = threading.Lock()
        self._last: float | None = None
        self._left_out = 0

    def error(self, message: str) -> None:
        with self._lock:
            now = self._clock()
            if self._last is not None and now < self._last + 1:
                self._left_out += 1
                return
            left_out, self._last, self._left_out = self._left_out, now, 0
        self._log.error("%s%s", message, f" (and {left_out} times before)" if left_out else "")
