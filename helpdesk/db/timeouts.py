"""How long anybody waits for the database: a page a little, a long job as long as it may take."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass(frozen=True)
class Patience:
    """In seconds: `statement` for the work on one statement, `answer` until a silent server is given up, `lock` for
    what another transaction or program holds, `turn` for the turn to write on SQLite.
    """

    statement: int
    answer: int
    lock: int
    turn: int


# A page waits 5 s for a free connection (config.py), 5 s for the answer of one that lay idle, and 5 s for a new one; or
# for a statement that the server never answers. Either is less than 30 s.
PAGE = Patience(statement=15, answer=18, lock=5, turn=12)
# What a worker does between two glances at what else is due.
JOB = Patience(statement=280, answer=300, lock=50, turn=120)
# Migrations, imports, indexing: somebody watches them, and can stop them.
COMMAND = Patience(statement=12 * 3600, answer=12 * 3600 + 60, lock=600, turn=600)
IDLE_ANSWER = 5
# While a server is away one thread at a time asks whether it is back, this often.
RETRY_SECONDS = 1.0

_current: ContextVar[Patience] = ContextVar("patience", default=PAGE)


def current() -> Patience:
    return _current.get()


@contextmanager
def allow(patience: Patience) -> Iterator[None]:
    """For the transactions that begin in the block. Without it, everything waits as a page does."""
    token = _current.set(patience)
    try:
        yield
    finally:
        _current.reset(token)


class Reconnecting:
    """Connects to a server. Where it was away a moment ago, one thread tries again and the others fail at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        self._trying = False

    def connect(self, dialect: Any, _record: Any, args: Any, options: Any) -> Any:
        self._ask_for_turn(dialect)
        worked = False
        try:
            connection = self._open(dialect, args, options)
            worked = True
        finally:
            with self._lock:
                self._trying, self._failed_at = False, None if worked else time.monotonic()
        return connection

    def _ask_for_turn(self, dialect: Any) -> None:
        with self._lock:
            if self._failed_at is None:
                return
            if self._trying or time.monotonic() < self._failed_at + RETRY_SECONDS:
                raise dialect.loaded_dbapi.OperationalError("the database did not answer a moment ago")
            self._trying = True

    def _open(self, dialect: Any, args: Any, options: Any) -> Any:
        if dialect.name == "postgresql":
            from helpdesk.db import psycopg_timeouts  # Only here the driver has to be there.

            return psycopg_timeouts.Connection.connect(*args, **options)
        return dialect.connect(*args, **options)


def set_up(engine: Engine) -> None:
    """Have every connection of the engine wait as `current()` says when it is taken from the pool."""
    kind = engine.dialect.name
    limit = {"sqlite": _limit_sqlite, "postgresql": _limit_postgresql, "mysql": _limit_mysql}[kind]
    if kind != "sqlite":
        event.listen(engine, "do_connect", Reconnecting().connect)

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: Any) -> None:
        wanted = current()
        _wait_for_answer(connection, wanted.answer)
        if record.info.get("patience") is not wanted:
            limit(connection, wanted)
            record.info["patience"] = wanted

    @event.listens_for(engine, "checkin")
    def _given_back(connection: Any, _record: Any) -> None:
        if connection is not None:
            _wait_for_answer(connection, IDLE_ANSWER)


def _wait_for_answer(connection: Any, seconds: int) -> None:
    """How long the client waits for a server that is silent. PyMySQL reads its attribute at every answer."""
    if hasattr(connection, "_read_timeout"):
        connection._read_timeout = seconds
    elif hasattr(connection, "answer_seconds"):
        connection.answer_seconds = seconds


def _limit_sqlite(connection: Any, wanted: Patience) -> None:
    connection.execute(f"PRAGMA busy_timeout={wanted.lock * 1000}")


def _limit_postgresql(connection: Any, wanted: Patience) -> None:
    connection.execute(f"SET statement_timeout = '{wanted.statement}s'")
    connection.commit()


def _limit_mysql(connection: Any, wanted: Patience) -> None:
    """MariaDB counts a statement in seconds, MySQL in milliseconds and only those that read."""
    is_mariadb = "MariaDB" in connection.get_server_info()
    name, per_second = ("max_statement_time", 1) if is_mariadb else ("max_execution_time", 1000)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET SESSION {name} = {wanted.statement * per_second}, innodb_lock_wait_timeout = {wanted.lock}"
        )
