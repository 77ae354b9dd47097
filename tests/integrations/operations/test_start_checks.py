"""What a start asks of its SQLite database and its folders first, and the copies it makes before tables change."""

import json
import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import flask_migrate
import pytest

import config
import run
from app import create_app
from helpdesk.db import migrations
from helpdesk.errors import Refused
from helpdesk.operations import start_checks
from models import db
from tests.conftest import SETTINGS
from tests.support.databases import empty_folder

STARTS = 4


class Machine:
    """A folder with a SQLite database in it, on which the desk is started in this process."""

    def __init__(self, folder):
        self.folder, self.file = Path(folder), Path(folder) / "desk.db"
        environ = SETTINGS | {"DATABASE_URL": f"sqlite:///{self.file}"}
        self.settings, self.app = config.load(environ), create_app(environ)

    @contextmanager
    def desk(self):
        with self.app.app_context():
            yield self.app
            db.session.remove()
            db.engine.dispose()

    def start(self):
        """All that `python run.py` does before it starts its two parts."""
        run.check_places(self.settings)
        with self.desk():
            run.prepare_database()

    def go_back_to(self, revision):
        with self.desk():
            flask_migrate.downgrade(str(migrations.FOLDER), revision=revision)

    def execute(self, *statements):
        with closing(sqlite3.connect(self.file)) as database:
            for statement in statements:
                database.execute(statement)
            database.commit()

    def copies(self):
        """The copies by name, each with what is in it."""
        return {path.name: path.read_bytes() for path in sorted((self.folder / "backups").glob("*"))}


@pytest.fixture
def empty_machine():
    with empty_folder() as folder:
        yield Machine(folder)


@pytest.fixture(scope="module")
def started():
    """A database that a start has made."""
    with empty_folder() as folder:
        made = Machine(folder)
        made.start()
        yield made.file.read_bytes()


@pytest.fixture
def machine(empty_machine, started):
    empty_machine.file.write_bytes(started)
    (empty_machine.folder / "files").mkdir(mode=0o700)
    return empty_machine


# ---- going back


def test_a_database_of_a_newer_version_is_named_and_neither_changed_nor_copied(machine):
    copy = machine.folder / "backups" / f"desk-revision-{migrations.newest()}.db"
    copy.parent.mkdir()
    copy.write_text("the copy that going back needs")
    made_by = json.dumps({"commit": "abc1234 of 2027-01-31"})
    machine.execute(
        "UPDATE alembic_version SET version_num = '9876'",
        f"UPDATE desk_facts SET value = '{made_by}' WHERE name = '{migrations.FACT}'",
    )
    before, copies = machine.file.read_bytes(), machine.copies()
    for _ in range(STARTS):
        with pytest.raises(Refused) as refused:
            machine.start()
    assert machine.file.read_bytes() == before and machine.copies() == copies
    why = str(refused.value)
    assert "9876 (commit abc1234 of 2027-01-31)" in why and f"up to {migrations.newest()}." in why
    assert "Start that version again" in why and f"flask --app app restore {copy}." in why


def test_the_command_that_it_names_brings_back_the_database_of_before(machine):
    copy = machine.folder / "backups" / f"desk-revision-{migrations.newest()}.db"
    copy.parent.mkdir()
    copy.write_bytes(machine.file.read_bytes())
    machine.execute("UPDATE alembic_version SET version_num = '9876'", "CREATE TABLE of_the_newer_version (id INT)")
    with machine.desk() as app:
        done = app.test_cli_runner().invoke(args=["restore", str(copy)])
        assert done.exit_code == 0, done.output
    machine.start()
    with closing(sqlite3.connect(machine.file)) as database:
        assert not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'of_the_newer_version'").fetchall()
    assert copy.exists()


def test_without_a_copy_it_names_a_backup_instead(machine):
    machine.execute("UPDATE alembic_version SET version_num = '9876'", "DROP TABLE desk_facts")
    with pytest.raises(Refused, match="(?s)tables of this database: 9876. .* restore a backup that was made before"):
        machine.start()


def test_commands_and_readyz_know_a_newer_version_too(machine):
    machine.execute("UPDATE alembic_version SET version_num = '9876'")
    with machine.desk() as app:
        for command in (["backup"], ["db", "upgrade"], ["doctor"]):
            ended = app.test_cli_runner().invoke(args=command)
            assert ended.exit_code == 1, command
            assert "db upgrade" not in ended.output
        answer = app.test_client().get("/readyz")
        assert answer.status_code == 503 and "newer version" in answer.json["reason"]


def test_an_upgrade_notes_which_commit_made_the_tables(machine):
    with machine.desk():
        assert migrations._maker() == (f" (commit {migrations._commit()})" if migrations._commit() else "")


# ---- copies before the tables change


def test_each_revision_has_one_copy_and_none_takes_the_place_of_another(machine):
    machine.go_back_to("0007")
    for name in ("Before", "Later"):
        machine.execute("DELETE FROM categories", f"INSERT INTO categories VALUES (1, '{name}', 1, NULL)")
        machine.start()
        seventh = machine.copies()
        assert list(seventh) == ["desk-revision-0007.db"]
        with closing(sqlite3.connect(machine.folder / "backups" / "desk-revision-0007.db")) as copy:
            assert copy.execute("SELECT name FROM categories").fetchall() == [(name,)]
        machine.go_back_to("0007")
    machine.go_back_to("0006")
    machine.start()
    assert list(machine.copies()) == ["desk-revision-0006.db", "desk-revision-0007.db"]
    assert machine.copies()["desk-revision-0007.db"] == seventh["desk-revision-0007.db"]


def test_a_migration_that_fails_each_time_neither_fills_nor_replaces_the_copies(machine, capsys):
    machine.go_back_to("0006")
    machine.start()
    machine.go_back_to("0007")
    earlier = machine.copies()
    # The next migration adds this column, so it fails.
    machine.execute("ALTER TABLE saved_views ADD COLUMN columns TEXT")
    for _ in range(STARTS):
        with pytest.raises(run.CannotStart, match="could not be changed to those of this version: .*columns"):
            machine.start()
    assert list(machine.copies()) == ["desk-revision-0006.db", "desk-revision-0007.db"]
    assert machine.copies()["desk-revision-0006.db"] == earlier["desk-revision-0006.db"]
    with closing(sqlite3.connect(machine.folder / "backups" / "desk-revision-0007.db")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0007",)
    assert str(machine.folder / "backups" / "desk-revision-0007.db") in capsys.readouterr().out


def test_a_new_database_has_nothing_to_be_copied(empty_machine):
    empty_machine.start()
    assert not empty_machine.copies()


def test_a_database_that_is_not_ours_is_copied_too(empty_machine):
    machine = empty_machine
    machine.execute("CREATE TABLE keepsake (words TEXT)", "INSERT INTO keepsake VALUES ('from before')")
    machine.start()
    with closing(sqlite3.connect(machine.folder / "backups" / "desk-revision-none.db")) as copy:
        assert copy.execute("SELECT words FROM keepsake").fetchone() == ("from before",)
        assert copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'tickets'").fetchone() == (0,)


# ---- what cannot be used


@pytest.mark.parametrize("damage", ["a page", "the head", "the end", "no database"])
def test_a_damaged_database_is_named_and_nothing_is_written_to_it(machine, damage):
    rows = ", ".join(f"({number}, 'Category {number}', {number}, NULL)" for number in range(1, 2000))
    machine.execute(f"INSERT INTO categories VALUES {rows}")
    whole = machine.file.read_bytes()
    middle = len(whole) // 4096 // 2 * 4096
    machine.file.write_bytes(
        {
            "a page": whole[:middle] + b"\x7f" * 4096 + whole[middle + 4096 :],
            "the head": b"\0" * 4096 + whole[4096:],
            "the end": whole[:middle],
            "no database": b"These are my notes, and no database at all.\n" * 1000,
        }[damage]
    )
    before = machine.file.read_bytes()
    for _ in range(2):
        with pytest.raises(Refused, match=f"{machine.file} is damaged: .* Restore a backup"):
            machine.start()
    assert machine.file.read_bytes() == before
    assert not (machine.folder / "backups").exists()


def test_a_database_too_large_to_be_read_in_time_is_taken_as_it_is(machine, monkeypatch):
    monkeypatch.setattr(start_checks, "STEPS", 10)
    asked = iter(range(0, 10**9, 10))
    start_checks.check_sqlite(machine.file, clock=lambda: next(asked))
    assert next(asked) < 100, "the reading ended at the second glance at the clock"


@contextmanager
def somebody_else():
    """Root may write everywhere, so the desk is started as nobody."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("target", ["folder", "file", "wal", "files"])
def test_what_the_desk_may_not_write_is_named_with_who_needs_it(machine, target):
    machine.folder.chmod(0o777)
    machine.file.chmod(0o666)
    paths = {"folder": machine.folder, "file": machine.file, "wal": Path(f"{machine.file}-wal")}
    path = paths.get(target, machine.folder / "files")
    setting = "FILES_DIR" if target == "files" else "DATABASE_URL"
    if target == "wal":
        path.touch()
    path.chmod(0o555 if path.is_dir() else 0o444)
    with somebody_else(), pytest.raises(Refused) as refused:
        run.check_places(machine.settings)
    user = "nobody" if not os.geteuid() else start_checks._user()
    assert f"{path} cannot be used: Permission denied. The desk runs as {user}" in str(refused.value)
    assert setting in str(refused.value)


def test_a_folder_that_cannot_be_made_is_a_sentence_for_every_part(empty_machine):
    machine = empty_machine
    machine.file.write_text("not a folder")
    inside = f"sqlite:///{machine.file}/below/desk.db"
    with pytest.raises(Refused, match="below cannot be used: (Not a directory|File exists)"):
        run.check_places(config.load(SETTINGS | {"DATABASE_URL": inside}))
    with pytest.raises(config.BadSetting, match="DATABASE_URL: .* cannot be made: (Not a directory|File exists)"):
        create_app(SETTINGS | {"DATABASE_URL": inside})


# ---- who may read it


@pytest.fixture
def open_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_command_too_makes_a_database_for_its_own_account_alone(empty_machine, open_umask):
    with empty_machine.desk() as app:
        assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
        assert app.test_cli_runner().invoke(args=["first-key"]).exit_code == 0
        made = {path.name: path.stat().st_mode & 0o777 for path in empty_machine.folder.glob("desk.db*")}
    assert made.keys() >= {"desk.db", "desk.db-wal", "desk.db-shm", "desk.db.lock"} and {*made.values()} == {0o600}


def test_doctor_names_what_everybody_may_read(machine):
    copy = machine.folder / "backups" / "last summer.db"
    copy.parent.mkdir()
    copy.touch()
    machine.folder.chmod(0o755)
    copy.parent.chmod(0o755)
    copy.chmod(0o644)
    machine.file.chmod(0o640)
    with machine.desk() as app:
        asked = app.test_cli_runner().invoke(args=["doctor"]).stdout
        assert f"look  who may read the desk's own files: everybody on this machine may read {copy}\n" in asked
        assert f"chmod o-rwx '{copy}'" in asked
        copy.parent.chmod(0o700)
        asked = app.test_cli_runner().invoke(args=["doctor"]).stdout
        assert "ok    who may read the desk's own files: only the desk's account, or its group" in asked
