"""How the desk talks to its database: one writer at a time on SQLite, plain transactions elsewhere."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import Any, TextIO

from sqlalchemy import Engine, event, text
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError as PoolTimeout
from sqlalchemy.orm import Session as DatabaseSession

from helpdesk.db import timeouts
from helpdesk.disk import durable
from models import Base, db

acts = logging.getLogger("desk.act")
_writes: ContextVar[bool] = ContextVar("writes", default=False)

# MariaDB/MySQL: deadlock and lock wait timeout; PostgreSQL: serialization failure and deadlock.
_MYSQL_RACES = {1205, 1213, 1020}
_POSTGRES_RACES = {"40001", "40P01"}


def now() -> datetime:
    return datetime.now(timezone.utc)


def undo_window() -> timedelta:
    """For how long an act can be taken back, and mails about it wait; nothing where that is switched off."""
    window: timedelta = db.engine.get_execution_options().get("undo_window", timedelta())
    return window


def prepare(engine: Engine, undo_window: timedelta) -> None:
    """Let the engine of a desk know what the rules ask of it: `undo_window`.

    A SQLite engine also gets the settings that lose nothing in a power cut and never meet "database is locked".
    PostgreSQL is kept from setting several processes to work, or a compiler: on a page that takes longer than it saves.
    """
    engine.update_execution_options(undo_window=undo_window)
    timeouts.set_up(engine)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _alone)
    if engine.dialect.name != "sqlite":
        return

    event.listen(engine, "do_connect", _make_private)

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes.get() else "BEGIN")


def _make_private(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
    """A new file is for the desk's own account. SQLite gives what it writes beside it the same mode.

    A file that is there is not opened: to close it would end the locks that SQLite has on it in this process.
    """
    if arguments[0] != ":memory:":
        with suppress(OSError):  # It is there, or SQLite says why it cannot be.
            os.close(durable.private(arguments[0], os.O_RDWR | os.O_CREAT | os.O_EXCL))


def _alone(connection: Any, _record: Any) -> None:
    connection.execute("SET max_parallel_workers_per_gather = 0")
    connection.execute("SET jit = off")
    connection.commit()


def is_writing() -> bool:
    """Whether others may be waiting until this thread has written."""
    return _writes.get()


@contextmanager
def writing() -> Iterator[None]:
    """Change something: take the turn to write, then commit, or undo everything if an exception leaves the block.

    On SQLite the turn is a lock file shared by all threads and processes of the machine; whoever waits for it holds
    no database lock. Calling it inside itself is a mistake and raises RuntimeError.
    """
    with _turn_of_this_thread():
        try:
            yield
            db.session.commit()
            done = db.session.info.pop("acts", ())
        except BaseException:
            db.session.rollback()
            raise
        finally:
            db.session.info.pop("acts", None)
    for act in done:
        acts.info(act["kind"], extra=act)


@contextmanager
def attempt() -> Iterator[None]:
    """Something that another process may be doing too, so that an IntegrityError leaves the transaction as it was.

    On SQLite nobody else writes meanwhile, and no savepoint is needed.
    """
    if db.engine.dialect.name == "sqlite":
        yield
        db.session.flush()
    else:
        with db.session.begin_nested():
            yield


def insert_missing(model: type[Base], values: dict[str, Any]) -> None:
    """Insert the row unless one with its key is there. Another transaction that inserts the same row is waited for."""
    kind = db.engine.dialect.name
    if kind in ("mysql", "mariadb"):
        # INSERT IGNORE would share the lock among all who wait, and they would end in a deadlock.
        same = {name: values[name] for name in (column.name for column in model.__table__.primary_key)}
        db.session.execute(mysql.insert(model).values(values).on_duplicate_key_update(same))
        return
    dialect = postgresql if kind == "postgresql" else sqlite
    db.session.execute(dialect.insert(model).values(values).on_conflict_do_nothing())


@contextmanager
def all_or_none() -> Iterator[None]:
    """A part of the transaction of which an exception leaves nothing, nor anything for the log to tell of."""
    noted = len(db.session.info.get("acts", ()))
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        del db.session.info.get("acts", [])[noted:]
        raise


@contextmanager
def separate() -> Iterator[DatabaseSession]:
    """A short transaction of its own, for what must be kept whatever becomes of the page (attempts, read marks)."""
    with _turn_of_this_thread(), DatabaseSession(db.engine) as session, session.begin():
        yield session


@contextmanager
def _turn_of_this_thread() -> Iterator[None]:
    """The turn to write, without a connection held meanwhile: a page that waits with one could starve all others."""
    if _writes.get():
        raise RuntimeError("already writing")
    db.session.rollback()
    with _turn(db.engine):
        before = _writes.set(True)
        try:
            yield
        finally:
            _writes.reset(before)


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        yield
        return
    with open(f"{path}.lock", "a", opener=durable.private) as lock:
        _lock(lock)
        yield


def _lock(file: TextIO) -> None:
    """Raises OperationalError where another process has the turn for too long: it may be frozen, or write for hours."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        pass
    # A lock has no time-out, so a thread waits for it that may be left behind. The lock ends with the last of the two
    # numbers of the file.
    has_it, number = threading.Event(), os.dup(file.fileno())

    def wait() -> None:
        fcntl.flock(number, fcntl.LOCK_EX)
        has_it.set()
        os.close(number)

    threading.Thread(target=wait, daemon=True).start()
    if not has_it.wait(timeouts.current().turn):
        raise OperationalError("the turn to write", {}, sqlite3.OperationalError("database is locked"))


def rollback() -> None:
    """Forget every change of this transaction, and the acts that the log would have told of."""
    db.session.rollback()
    db.session.info.pop("acts", None)


def lost_a_race(error: DBAPIError) -> bool:
    """Whether the same work, tried again, would be expected to succeed."""
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return code in _MYSQL_RACES or getattr(error.orig, "sqlstate", None) in _POSTGRES_RACES


def reachable() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except (DBAPIError, PoolTimeout):
        return False
    finally:
        db.session.rollback()
    return True
