"""The plain copy of a SQLite database, as a start makes it before a migration, and the file that takes its place."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import make_url

from helpdesk.db import backup, sqlite_file
from helpdesk.errors import Refused
from models import db
from tests.support import builders


@pytest.fixture
def url(app):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite is copied as a file")
    return db.engine.url


def test_the_copy_holds_everything_in_one_private_file(url, cast, tmp_path):
    builders.ticket(cast.ada)
    target = backup.write(url, tmp_path / "new folder" / "copy.db")
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT subject FROM tickets").fetchall() == [("Printer on floor 3 prints blank pages",)]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]


def test_a_change_that_is_not_finished_is_not_in_the_copy(url, cast, tmp_path):
    writer = sqlite3.connect(url.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE people SET name = 'Half done'")
    try:
        target = backup.write(url, tmp_path / "copy.db")
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT count(*) FROM people WHERE name = 'Half done'").fetchone() == (0,)


@pytest.mark.once
def test_without_a_name_a_backup_lies_beside_the_database_or_the_files_under_its_time():
    beside_database = backup.default_target(make_url("sqlite:////var/lib/desk/desk.db"), "/elsewhere/files")
    beside_files = backup.default_target(make_url("postgresql+psycopg://desk:secret@db/x"), "/var/lib/desk/files")
    for target in (beside_database, beside_files):
        assert target.parent == Path("/var/lib/desk/backups") and target.match("desk-20*.tar")


@pytest.mark.once
def test_an_existing_file_is_never_overwritten(tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(Refused, match="is there already. Choose another name."):
        backup.write(make_url(f"sqlite:///{tmp_path}/desk.db"), tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_where_nothing_can_be_written_it_says_so_and_leaves_nothing(url):
    with pytest.raises(Refused, match="could not be written to"):
        backup.write(url, Path("/proc/copy.db"))


# ---- the database as a file


def database(path, content="old"):
    """A database in WAL mode with a row, closed."""
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode=WAL")
        made.execute("CREATE TABLE words (word TEXT)")
        made.execute("INSERT INTO words VALUES (?)", [content])
    made.close()
    return path


def word(path):
    with sqlite3.connect(path) as opened:
        return opened.execute("SELECT word FROM words").fetchone()[0]


@pytest.mark.once
def test_a_database_that_takes_the_place_of_another_is_never_mixed_with_its_changes(tmp_path):
    """The files of the old one go along with it, or SQLite would write them into the new one."""
    target = database(tmp_path / "desk.db")
    new = database(tmp_path / "new.db", "new")
    for ending in ("-wal", "-shm"):
        Path(f"{target}{ending}").write_text(f"changes of the old one {ending}")
    before = sqlite_file.put_in_place(new, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backups", "desk.db"]
    assert word(target) == "new"
    assert Path(f"{before}-wal").read_text() == "changes of the old one -wal"
    assert stat.S_IMODE(before.stat().st_mode) == 0o600


@pytest.mark.once
def test_wherever_the_change_is_killed_there_is_the_one_database_or_the_other(tmp_path, monkeypatch):
    """Each call to the file system in turn is the last before the process dies."""
    calls = ("link", "chmod", "rename", "replace", "fsync", "mkdir")
    ends = []
    for last in range(1, 30):
        folder = tmp_path / str(last)
        folder.mkdir()
        target, new = database(folder / "desk.db"), database(folder / "new.db", "new")
        left = [last]
        with monkeypatch.context() as patched:
            for name in calls:
                patched.setattr(os, name, dying(getattr(os, name), left))
            try:
                sqlite_file.put_in_place(new, target)
                break
            except KeyboardInterrupt:
                ends.append(word(target))
    assert {*ends} == {"old", "new"} and len(ends) >= 5


def dying(call, left):
    def last(*given, **more):
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return call(*given, **more)

    return last


@pytest.mark.once
def test_a_database_that_a_program_has_open_is_not_closed(tmp_path):
    path = database(tmp_path / "desk.db")
    user = sqlite3.connect(path)
    user.execute("SELECT * FROM words").fetchall()
    with pytest.raises(Refused, match="A program has .* open. Stop it and try again."):
        sqlite_file.close(path)
    user.close()
    sqlite_file.close(path)


@pytest.mark.once
def test_a_damaged_database_is_found(tmp_path):
    path = database(tmp_path / "desk.db")
    sqlite_file.check(path)
    path.write_bytes(path.read_bytes()[:4096] + b"\x07" * 4096)
    with pytest.raises(Refused, match="is damaged, and nothing was changed"):
        sqlite_file.check(path)
