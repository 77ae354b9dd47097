"""A copy of the SQLite database, taken while the desk goes on working."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import URL

from helpdesk import store
from helpdesk.errors import Refused

DUMPS = {"postgresql": "pg_dump", "mysql": "mariadb-dump --single-transaction"}


def write(url: URL, target: Path | None = None, at: datetime | None = None) -> Path:
    """Copy the database to `target`, by default into "backups" beside it. Returns where the copy is.

    Raises Refused for another database than SQLite, and where the copy cannot be written or is not sound.
    """
    if url.get_backend_name() != "sqlite" or not url.database:
        tool = DUMPS[url.get_backend_name()]
        raise Refused(_("Only SQLite is copied by this command. Use: %(tool)s %(name)s", tool=tool, name=url.database))
    source = Path(url.database)
    target = target or source.parent / "backups" / f"{source.stem}-{at or store.now():%Y%m%d-%H%M%S}.db"
    if target.exists():
        raise Refused(_("%(path)s is there already. Choose another name.", path=target))
    unfinished = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, unfinished)
        os.replace(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        raise Refused(_("The backup could not be written to %(path)s: %(why)s", path=target, why=error)) from None
    return target


def _copy(source: Path, target: Path) -> None:
    """In one go and for its owner's eyes only: it holds everything, also the hashes of passwords."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    reading, writing = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        reading.backup(writing)
        # Without a journal beside it: the copy is one file that can be moved.
        writing.execute("PRAGMA journal_mode=DELETE")
        if writing.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("the copy is damaged")
    finally:
        reading.close()
        writing.close()
