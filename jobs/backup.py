"""`flask backup`: one archive of database, files and the names of the settings, while the desk goes on working."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.db import archive, dump, transactions
from helpdesk.db.backup import refuse_existing, unwritten
from helpdesk.disk import durable
from integrations.storage import places
from models import Attachment, db

# Small files are packed from memory, larger ones by way of the disk.
IN_MEMORY = 1024 * 1024

Progress = Callable[[int], None]
# A bar on the terminal: what is done, and how many steps it has.
Bar = Callable[[str, int], AbstractContextManager[Progress]]


@dataclass
class Written:
    """What went into a backup, and what did not."""

    path: Path
    rows: int = 0
    files: int = 0
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StoredFile:
    """A file as its row describes it. Of a small picture no checksum is known."""

    place: str
    key: str
    sha256: str | None
    title: str


def write(target: Path, bar: Bar, *, with_files: bool = True, engine: Engine | None = None) -> Written:
    """Write the archive to `target`, for its owner's eyes only. Raises Refused where it cannot be written.

    Another `engine` than the desk's own is for the rows of a copy.
    """
    refuse_existing(target)
    unfinished = target.with_name(target.name + ".part")
    written = Written(target)
    try:
        durable.make_folder(target.parent)
        unfinished.unlink(missing_ok=True)
        with open(unfinished, "xb", opener=durable.private) as file:
            parts = archive.Writer(file, target.parent)
            _write_parts(parts, bar, written, engine or db.engine, with_files)
            parts.close()
        durable.sync_file(unfinished)
        durable.replace(unfinished, target)
    except (OSError, SQLAlchemyError) as error:
        raise unwritten(unfinished, target, error) from error
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return written


def _write_parts(parts: archive.Writer, bar: Bar, written: Written, engine: Engine, with_files: bool) -> None:
    with tempfile.TemporaryFile(dir=written.path.parent) as noted:
        with dump.snapshot(engine) as connection:
            count = _note_files(connection, noted) if with_files else 0
            described = dump.describe(connection)
            parts.add_bytes(archive.MANIFEST, _manifest(connection, described, count if with_files else None))
            written.rows = sum(table["rows"] for table in described.values())
            with bar(_("Rows"), written.rows) as progress:
                _write_rows(parts, connection, progress)
        # The database is done with: reading the files may take long, and no snapshot is held open for it.
        with bar(_("Files"), count) as progress:
            for file in _noted(noted):
                _write_file(parts, file, written)
                progress(1)


def _manifest(connection: Connection, tables: dict[str, Any], files: int | None) -> bytes:
    manifest = {
        "format": archive.FORMAT,
        "made_at": transactions.now().isoformat(timespec="seconds"),
        "revision": dump.revision(connection),
        "database": connection.dialect.name,
        "settings": current_app.config["SETTINGS_GIVEN"],
        "files": files,
        "tables": tables,
    }
    return json.dumps(manifest, indent=1).encode()


def _write_rows(parts: archive.Writer, connection: Connection, progress: Progress) -> None:
    for table in dump.tables():
        for number, part in enumerate(dump.parts(connection, table, progress)):
            parts.add_bytes(f"tables/{table.name}/{number:06}.jsonl.gz", part)


# ---- files


def _note_files(connection: Connection, noted: IO[bytes]) -> int:
    """Write down, outside memory, which files the rows name. Returns how many."""
    columns = (Attachment.id, Attachment.name, Attachment.ticket_id, Attachment.place, Attachment.sha256)
    wanted = select(*columns, Attachment.key, Attachment.small_key).order_by(Attachment.id)
    count = 0
    for row in connection.execute(wanted.execution_options(yield_per=dump.ROWS_AT_ONCE)):
        title = _(
            "%(name)s (file %(file)s of ticket %(ticket)s)", name=row.name, file=row.id, ticket=row.ticket_id or "-"
        )
        for key, sha256 in ((row.key, row.sha256), (row.small_key, None)):
            if key is not None:
                noted.write(json.dumps([row.place, key, sha256, title]).encode() + b"\n")
                count += 1
    return count


def _noted(noted: IO[bytes]) -> Iterator[StoredFile]:
    noted.seek(0)
    for line in noted:
        yield StoredFile(*json.loads(line))


def _write_file(parts: archive.Writer, file: StoredFile, written: Written) -> None:
    with tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(written.path.parent)) as between:
        if not _fetch(file, between):
            if _is_wanted(file.key):
                written.failed.append(_("%(file)s is missing.", file=file.title))
            return
        size = between.tell()
        between.seek(0)
        summed = parts.add(f"files/{file.key}", between, size)
    written.files += 1
    if file.sha256 not in (None, summed):
        written.failed.append(_("%(file)s is damaged.", file=file.title))


def _fetch(file: StoredFile, into: IO[bytes]) -> bool:
    """From where its row says it lies, or from where it was moved meanwhile."""
    for place in sorted(places.places(), key=lambda place: place != file.place):
        try:
            into.seek(0)
            into.truncate()
            for chunk in places.at(place).read(file.key, 0, 1 << 40):
                into.write(chunk)
            return True
        except places.Missing:
            continue
        except places.StorageUnavailable as away:
            raise OSError(str(away)) from None
    return False


def _is_wanted(key: str) -> bool:
    """Whether a row still names the file: what was removed while the backup ran is not missing."""
    wanted: Sequence[Any] = ((Attachment.key == key) | (Attachment.small_key == key),)
    found = db.session.scalar(select(Attachment.id).where(*wanted))
    transactions.rollback()
    return found is not None
