"""What is asked before the desk starts on one machine: whether it can use its folders and its SQLite database."""

from __future__ import annotations

import os
import pwd
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from flask_babel import gettext as _

from helpdesk.disk import durable
from helpdesk.errors import Refused

# A large database is read for so long at most. What is damaged further back shows when it is used.
SECONDS = 5.0
# How many steps of SQLite's machine lie between two glances at the clock: a few milliseconds.
STEPS = 100_000
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def check_folder(folder: Path, setting: str) -> None:
    """Make the folder where it is missing, and write into it. Raises Refused."""
    try:
        durable.make_folder(folder, 0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unusable(_("The folder %(path)s cannot be used", path=folder), error, setting) from None


def check_sqlite(path: Path, clock: Callable[[], float] = time.monotonic) -> None:
    """Raises Refused where the database cannot be written, or is damaged. Writes nothing to it.

    Only for a process that has not connected to it: to open and close the file ends the locks that SQLite has on it.
    """
    check_folder(path.parent, "DATABASE_URL")
    for file in (path, *(path.with_name(path.name + name) for name in ("-wal", "-shm"))):
        _check_file(file)
    if path.exists() and path.stat().st_size:
        _check_sound(path, clock)


def _check_file(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_RDWR))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _unusable(_("The database %(path)s cannot be used", path=path), error, "DATABASE_URL") from None


def _unusable(what: str, error: OSError, setting: str) -> Refused:
    who = _("The desk runs as %(user)s, who must be able to read and write it.", user=_user())
    advice = _("Change that, or choose another place with %(name)s.", name=setting)
    return Refused(f"{what}: {error.strerror}. {who} {advice}")


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _check_sound(path: Path, clock: Callable[[], float]) -> None:
    why = _damage(path, clock)
    if why:
        raise Refused(
            _(
                "The database %(path)s is damaged: %(why)s. Nothing was written to it. "
                'Restore a backup; "Backup and restore" in the README says how.',
                path=path,
                why=why,
            )
        )


def _damage(path: Path, clock: Callable[[], float]) -> str:
    """What is wrong with the file, or nothing. Read only: to close it brings no changes into a damaged file."""
    until = clock() + SECONDS
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            database.set_progress_handler(lambda: clock() > until, STEPS)
            found = str(database.execute("PRAGMA quick_check(1)").fetchone()[0]).splitlines()[-1]
    except sqlite3.DatabaseError as error:
        # Interrupted because it takes too long, or locked: that says nothing about the file.
        return str(error) if error.sqlite_errorcode & 0xFF in DAMAGED else ""
    return "" if found == "ok" else found
