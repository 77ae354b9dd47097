"""`flask restore`: a backup into this desk, whatever kind of database either has. All of it, or nothing."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.attachments import files
from helpdesk.db import archive, backup, database_lock, dump, migrations, restore, sqlite_file, transactions
from helpdesk.errors import Refused
from integrations.storage import places
from jobs import backup as whole
from jobs.backup import Bar
from models import db


@dataclass
class Restored:
    """What a restore did, and what whoever runs the desk has to know."""

    rows: int = 0
    files: int = 0
    before: Path | None = None
    unset: list[str] = field(default_factory=list)


def run(path: Path, bar: Bar) -> Restored:
    """Restore an archive, or a plain copy of a SQLite database. Raises Refused, and then nothing is changed."""
    try:
        is_plain = sqlite_file.is_sqlite_file(path)
    except OSError as error:
        raise archive.unreadable(path, error) from None
    on_file = db.engine.dialect.name == "sqlite"
    if on_file:
        _refuse_wrong_person(Path(str(db.engine.url.database)))
    try:
        with database_lock.alone(db.engine) if on_file else nullcontext():
            if not is_plain:
                return _restore_archive(path, bar)
            return _put_copy_in_place(path) if on_file else _restore_copy(path, bar)
    except (OSError, SQLAlchemyError, sqlite3.Error) as error:
        why = getattr(error, "orig", None) or error
        raise Refused(_("The restore could not be finished: %(why)s", why=why)) from error


def _refuse_wrong_person(database: Path) -> None:
    """A database that belongs to another account than the desk's could not be opened by the desk."""
    if database.exists() and (owner := database.stat().st_uid) != os.geteuid():
        raise Refused(
            _("%(path)s belongs to user %(owner)s. Run this command as that user.", path=database, owner=owner)
        )


# ---- an archive


def _restore_archive(path: Path, bar: Bar) -> Restored:
    if not archive.is_archive(path):
        raise Refused(_("%(path)s is no backup of a desk.", path=path))
    with bar(_("Checking"), path.stat().st_size) as progress:
        source = archive.Reader(path, progress)
    restore.refuse_unknown(source.manifest["revision"])
    outcome = Restored(unset=sorted({*source.manifest["settings"]} - {*current_app.config["SETTINGS_GIVEN"]}))
    outcome.rows = sum(table["rows"] for table in source.manifest["tables"].values())
    with ExitStack() as stack:
        engine, finish = stack.enter_context(_target())
        outcome.files = stack.enter_context(_files(source, bar))
        place = current_app.config["FILES_ON"] if source.manifest["files"] is not None else None
        with engine.connect() as connection, bar(_("Rows"), outcome.rows) as progress:
            try:
                restore.fill(connection, source, progress, place=place)
            finally:
                # Its foreign keys may be off.
                connection.invalidate()
        outcome.before = finish()
    with db.engine.connect() as connection:
        migrations.upgrade(connection)
    return outcome


@contextmanager
def _target() -> Iterator[tuple[Engine, Any]]:
    """The empty database to fill, and what makes it the desk's own. SQLite: a new file beside the present one."""
    if db.engine.dialect.name != "sqlite":
        with db.engine.connect() as connection:
            restore.refuse_full(connection)
        yield db.engine, lambda: None
        return
    database = Path(str(db.engine.url.database))
    sqlite_file.close(database)
    with _new_file(database) as (engine, unfinished):
        yield engine, lambda: _swap(engine, unfinished, database)


@contextmanager
def _new_file(database: Path) -> Iterator[tuple[Engine, Path]]:
    unfinished = database.with_name(database.name + ".restoring")
    engine = sqlite_file.new(unfinished)
    try:
        yield engine, unfinished
    finally:
        engine.dispose()
        sqlite_file.remove(unfinished)


def _swap(engine: Engine, unfinished: Path, database: Path) -> Path | None:
    with engine.connect() as connection:
        migrations.upgrade(connection)
    engine.dispose()
    sqlite_file.finish(unfinished)
    sqlite_file.close(database)
    return sqlite_file.put_in_place(unfinished, database)


# ---- files


@contextmanager
def _files(source: archive.Reader, bar: Bar) -> Iterator[int]:
    """Store the files of the archive. Yields how many; what was stored is removed again if an error follows."""
    with tempfile.TemporaryFile() as added:
        try:
            yield _store_files(source, bar, added)
        except BaseException:
            added.seek(0)
            for line in added:
                places.for_new_files().delete(line.decode().strip())
            raise


def _store_files(source: archive.Reader, bar: Bar, added: IO[bytes]) -> int:
    place, count = places.for_new_files(), 0
    with bar(_("Files"), source.manifest["files"] or 0) as progress:
        for key, content in source.parts("files/"):
            if not _is_there(place, key, content):
                added.write(f"{key}\n".encode())
                added.flush()
                _put(place, key, content)
            count += 1
            progress(1)
    return count


def _put(place: places.Storage, key: str, content: IO[bytes]) -> None:
    try:
        place.put(key, content)  # type: ignore[arg-type]
    except places.StorageUnavailable as away:
        raise Refused(_("The files cannot be stored: %(why)s", why=away)) from None


def _is_there(place: places.Storage, key: str, content: IO[bytes]) -> bool:
    """Whether the same bytes lie there already, as after a restore that was killed."""
    try:
        for chunk in place.read(key, 0, 1 << 40):
            if content.read(len(chunk)) != chunk:
                return False
        return not content.read(1)
    except places.Missing:
        return False
    except places.StorageUnavailable as away:
        raise Refused(_("The files cannot be stored: %(why)s", why=away)) from None


# ---- a plain copy of a SQLite database


def _put_copy_in_place(path: Path) -> Restored:
    database = Path(str(db.engine.url.database))
    if database.exists() and path.samefile(database):
        raise Refused(_("%(path)s is the database of the desk itself.", path=path))
    sqlite_file.close(database)
    with _new_file(database) as (engine, unfinished):
        _copy_into(path, engine, unfinished)
        return Restored(before=_swap(engine, unfinished, database))


def _copy_into(path: Path, engine: Engine, unfinished: Path) -> None:
    """Copy the database at `path` into the new file. Raises Refused for a damaged or an unknown one."""
    sqlite_file.check(path)
    backup.copy(path, unfinished)
    with engine.connect() as connection:
        revision = dump.revision(connection)
        connection.rollback()
        restore.refuse_unknown(revision)


def _restore_copy(path: Path, bar: Bar) -> Restored:
    """A copy of SQLite for a desk on a server: its rows go by way of an archive."""
    with tempfile.TemporaryDirectory() as folder, _new_file(Path(folder, "copy.db")) as (engine, unfinished):
        _copy_into(path, engine, unfinished)
        with engine.connect() as connection:
            migrations.upgrade(connection)
        between = whole.write(Path(folder, "copy.tar"), bar, with_files=False, engine=engine).path
        engine.dispose()
        return _restore_archive(between, bar)


# ---- what is missing afterwards


def missing_files() -> Iterator[str]:
    """The files that rows name and no storage has. The desk works without them."""
    last = 0
    while part := files.after(last):
        last = part[-1].id
        waiting = [(file.id, file.name, file.ticket_id or "-", files.stored_objects(file)) for file in part]
        transactions.rollback()
        for number, name, ticket, lying in waiting:
            if not all(map(_lies_there, lying)):
                yield _(
                    "%(name)s (file %(file)s of ticket %(ticket)s) is missing.", name=name, file=number, ticket=ticket
                )


def _lies_there(file: files.StoredObject) -> bool:
    try:
        next(places.at(file.place).read(file.key, 0, 1), None)
    except (places.Missing, places.StorageUnavailable):
        return False
    return True
