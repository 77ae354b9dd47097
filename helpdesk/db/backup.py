"""A plain copy of the SQLite database, taken while the desk goes on working. A whole backup is jobs/backup.py."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path

from flask_babel import gettext as _
from sqlalchemy import URL

from helpdesk.db import transactions
from helpdesk.disk import durable
from helpdesk.errors import Refused


def default_target(url: URL, files_dir: str, at: datetime | None = None) -> Path:
    """Where a backup without a name goes: into "backups" beside the database, or beside the files."""
    on_sqlite = url.get_backend_name() == "sqlite" and url.database
    beside = Path(url.database) if on_sqlite and url.database else Path(files_dir)
    stem = beside.stem if on_sqlite else "desk"
    return beside.parent / "backups" / f"{stem}-{at or transactions.now():%Y%m%d-%H%M%S}.tar"


def refuse_existing(target: Path) -> None:
    if target.exists():
        raise Refused(_("%(path)s is there already. Choose another name.", path=target))


def write(url: URL, target: Path) -> Path:
    """Copy the SQLite database to `target`. Raises Refused where the copy cannot be written or is not sound."""
    refuse_existing(target)
    unfinished = target.with_name(target.name + ".part")
    try:
        durable.make_folder(target.parent)
        copy(Path(url.database or ""), unfinished)
        durable.sync_file(unfinished)
        durable.replace(unfinished, target)
    except (OSError, sqlite3.Error) as error:
        raise unwritten(unfinished, target, error) from None
    return target


def unwritten(unfinished: Path, target: Path, error: Exception) -> Refused:
    """Remove what was begun. Returns what to raise."""
    try:
        unfinished.unlink(missing_ok=True)
    except OSError:
        pass
    return Refused(_("The backup could not be written to %(path)s: %(why)s", path=target, why=error))


def copy(source: Path, target: Path) -> None:
    """In one go and for its owner's eyes only: it holds everything, also the hashes of passwords.

    Raises sqlite3.Error where the copy is damaged.
    """
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    reading, writing = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        reading.backup(writing)
        # Without a journal beside it: the copy is one file that can be moved.
        writing.execute("PRAGMA journal_mode=DELETE")
        if writing.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("the copy is damaged")
    finally:
        reading.close()
        writing.close()
