"""A SQLite database as a file: whether it is sound and closed, and how another takes its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import URL, Engine, create_engine, event

from helpdesk.db import transactions
from helpdesk.disk import durable
from helpdesk.errors import Refused

MAGIC = b"SQLite format 3\0"
BESIDE = ("-wal", "-shm", "-journal")


def is_sqlite_file(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check(path: Path) -> None:
    """Raises Refused where the database is damaged, or a row points to one that is gone."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
            found += [f"a row of {row[0]} points to none" for row in database.execute("PRAGMA foreign_key_check")][:3]
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise Refused(_("%(path)s is damaged, and nothing was changed: %(why)s", path=path, why="; ".join(found)))


def close(path: Path) -> None:
    """Bring the newest changes from the files beside it into the database itself.

    Raises Refused while a program has it open. A damaged one is left as it is.
    """
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=1)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Refused(_("A program has %(path)s open. Stop it and try again.", path=path)) from None
    except sqlite3.DatabaseError:
        pass


def new(path: Path) -> Engine:
    """An engine on a new file. Until finish() a power cut would leave nothing of use in it."""
    remove(path)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def _connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def finish(path: Path) -> None:
    """Raises Refused where what was written is not sound."""
    check(path)
    durable.sync_file(path)


def remove(path: Path) -> None:
    for name in ("", *BESIDE):
        path.with_name(path.name + name).unlink(missing_ok=True)


def put_in_place(source: Path, target: Path) -> Path | None:
    """Let the finished database at `source` take the place of `target`. Returns where the one from before is now.

    Whenever this is killed, `target` is the one or the other, and neither with the changes of the other beside it.
    """
    before = None
    if any(target.with_name(target.name + name).exists() for name in ("", *BESIDE)):
        before = target.parent / "backups" / f"before-restore-{transactions.now():%Y%m%d-%H%M%S-%f}.db"
        durable.make_folder(before.parent)
        _keep(target, before)
    durable.replace(source, target)
    return before


def _keep(target: Path, before: Path) -> None:
    try:
        os.link(target, before)
    except FileNotFoundError:
        pass
    except OSError:
        # A file system without a second name for a file.
        os.rename(target, before)
    with suppress(FileNotFoundError):
        os.chmod(before, 0o600)
    for name in BESIDE:
        with suppress(FileNotFoundError):
            os.rename(target.with_name(target.name + name), before.with_name(before.name + name))
    durable.sync_folder(before.parent)
    durable.sync_folder(target.parent)
