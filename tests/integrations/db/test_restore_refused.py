"""`flask restore` where it must not: a damaged backup, a desk that runs, a database in use. Nothing is changed then."""

import json
import random
import sqlite3
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

import config
from helpdesk.db import archive, transactions
from helpdesk.errors import Refused
from integrations.storage import places as storage_places
from models import Ticket, db
from tests.support import builders
from tests.support.cast import Cast
from tests.support.databases import empty_database
from tests.support.servers.desks import desk, migrate, run, small_backup

DICE = random.Random(12)
HOLDER = """
import os, sys
from app import create_app
from models import db
with create_app(dict(os.environ)).app_context():
    db.session.connection()
    print("running", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return small_backup(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def sqlite_desk(tmp_path):
    """A desk on SQLite with a ticket of its own."""
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path) as made:
        migrate()
        builders.ticket(Cast.make().ada, "Before the restore")
        db.session.rollback()
        yield made


def subjects():
    found = db.session.scalars(select(Ticket.subject)).all()
    db.session.rollback()
    return found


def names(folder):
    """All but the files that SQLite has beside a database while it is open."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("desk.db-"))


def files(folder):
    return [path for path in (folder / "files").rglob("*") if path.is_file()]


# ---- a backup that is not whole


@pytest.mark.once
def test_a_backup_cut_anywhere_is_refused(saved, tmp_path):
    whole, cut = saved.read_bytes(), tmp_path / "cut.tar"
    # tar ends with two empty blocks and is filled up: without those nothing is missing.
    last = whole.rindex(b"  manifest.json\n")
    for length in [0, 1, 511, 512, last, *(DICE.randrange(last) for _number in range(60))]:
        cut.write_bytes(whole[:length])
        with pytest.raises(Refused):
            archive.is_archive(cut) and archive.Reader(cut, lambda count: None)
            raise Refused("no archive")


@pytest.mark.once
def test_a_backup_with_a_changed_byte_is_refused(saved, tmp_path):
    damaged = tmp_path / "damaged.tar"
    with tarfile.open(saved) as tar:
        places = [(entry.offset_data, entry.size, entry.name) for entry in tar]
    for start, size, name in places:
        content = bytearray(saved.read_bytes())
        content[start + DICE.randrange(size)] ^= 1 << DICE.randrange(8)
        damaged.write_bytes(content)
        with pytest.raises(Refused, match="is damaged or cut short, and nothing was changed"):
            archive.Reader(damaged, lambda count: None)
            pytest.fail(f"a change in {name} went unseen")


@pytest.mark.once
@pytest.mark.parametrize("name", ["../../etc/passwd", "files/../../x", "/etc/passwd", "tables/people/../x"])
def test_a_part_with_a_strange_name_is_refused(tmp_path, name):
    with open(tmp_path / "strange.tar", "wb") as file:
        parts = archive.Writer(file, tmp_path)
        parts.add_bytes("manifest.json", b'{"format": 1}')
        parts.add_bytes(name, b"x")
        parts.close()
    with pytest.raises(Refused, match="unknown part"):
        archive.Reader(tmp_path / "strange.tar", lambda count: None)


@pytest.mark.once
def test_what_is_refused_changes_nothing(saved, sqlite_desk, tmp_path):
    note, cut = tmp_path / "note.tar", tmp_path / "cut.tar"
    note.write_text("not a backup\n" * 100)
    cut.write_bytes(saved.read_bytes()[:9_000])
    before = names(tmp_path)
    for path, why in ((note, "is no backup of a desk"), (cut, "cut short"), (tmp_path / "none", "cannot be read")):
        done = run(sqlite_desk, "restore", path)
        assert done.exit_code == 1 and "Error: " in done.stderr and why in done.stderr, done.output
    assert names(tmp_path) == before
    assert subjects() == ["Before the restore"]


def changed(saved, target, change):
    """A sound backup that says something else."""
    with tarfile.open(saved) as tar, open(target, "wb") as file:
        parts = archive.Writer(file, target.parent)
        for name in tar.getnames()[:-1]:
            content = tar.extractfile(name).read()
            content = change(json.loads(content)) if name == "manifest.json" else content
            parts.add(name, BytesIO(content), len(content))
        parts.close()
    return target


def dumped(manifest, **more):
    return json.dumps(manifest | more).encode()


def test_a_backup_of_a_newer_version_is_refused_with_a_sentence(saved, tmp_path):
    newer = changed(saved, tmp_path / "newer.tar", lambda manifest: dumped(manifest, revision="2099"))
    form = changed(saved, tmp_path / "form.tar", lambda manifest: dumped(manifest, format=99))
    with empty_database() as address, desk(address, tmp_path) as made:
        done = run(made, "restore", newer)
        assert done.exit_code == 1 and "revision 2099, which is not known here" in done.stderr
        done = run(made, "restore", form)
        assert done.exit_code == 1 and "made by a newer version of the desk" in done.stderr
        assert not inspect(db.engine).has_table("tickets")


def test_an_error_in_the_middle_leaves_the_desk_as_it_was_and_no_file_behind(saved, tmp_path):
    def miscount(manifest):
        manifest["tables"]["tickets"]["rows"] = 2
        return dumped(manifest)

    wrong = changed(saved, tmp_path / "wrong.tar", miscount)
    with empty_database() as address, desk(address, tmp_path) as made:
        done = run(made, "restore", wrong)
        assert done.exit_code == 1 and "does not hold all rows of tickets" in done.stderr
        assert files(tmp_path) == []
        done = run(made, "restore", saved)
        assert done.exit_code == 0, "nothing is in the way of another try"
        assert subjects() == ["From the backup"]


@pytest.mark.once
def test_a_disk_that_cannot_be_written_is_named_and_the_desk_is_as_it_was(saved, sqlite_desk, tmp_path):
    (tmp_path / "backups").write_text("in the way of the folder")
    done = run(sqlite_desk, "restore", saved)
    assert done.exit_code == 1 and "Error: The restore could not be finished: " in done.stderr
    assert subjects() == ["Before the restore"] and files(tmp_path) == []
    done = run(sqlite_desk, "backup")
    assert done.exit_code == 1 and "Error: The backup could not be written to " in done.stderr


# ---- a desk that is in use


@pytest.mark.once
def test_while_the_desk_runs_nothing_is_restored_and_a_killed_one_is_not_in_the_way(saved, tmp_path):
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path) as made:
        migrate()
        db.engine.dispose()
        running = subprocess.Popen(
            [sys.executable, "-c", HOLDER],
            cwd=config.HERE,
            env={"PATH": "", "DATABASE_URL": f"sqlite:///{tmp_path}/desk.db"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert running.stdout.readline() == b"running\n"
            done = run(made, "restore", saved)
            assert done.exit_code == 1 and "The desk is running. Stop it" in done.stderr
            assert run(made, "backup").exit_code == 0, "a backup is made while it runs"
        finally:
            running.kill()
            running.wait()
        assert run(made, "restore", saved).exit_code == 0
        assert subjects() == ["From the backup"]


@pytest.mark.once
def test_while_a_restore_runs_no_desk_starts(sqlite_desk, tmp_path):
    from helpdesk.db import database_lock

    db.session.remove()
    with database_lock.alone(db.engine), desk(f"sqlite:///{tmp_path}/desk.db", tmp_path):
        assert not transactions.reachable()
    assert subjects() == ["Before the restore"]


@pytest.mark.once
def test_a_program_that_has_the_database_open_is_in_the_way_too(saved, sqlite_desk, tmp_path):
    other = sqlite3.connect(tmp_path / "desk.db")
    other.execute("SELECT count(*) FROM tickets").fetchone()
    done = run(sqlite_desk, "restore", saved)
    other.close()
    assert done.exit_code == 1 and "A program has " in done.stderr
    assert subjects() == ["Before the restore"] and files(tmp_path) == []


@pytest.mark.once
def test_the_database_from_before_is_kept_with_its_newest_changes(saved, sqlite_desk, tmp_path):
    """A killed process leaves them in a second file, which must not be read into the restored database."""
    code = "import sqlite3, os; d = sqlite3.connect('desk.db', isolation_level=None); d.execute('SELECT 1 FROM people')"
    code += "; d.execute('UPDATE tickets SET subject = \\'The newest change\\''); os.kill(os.getpid(), 9)"
    db.session.remove()
    db.engine.dispose()
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path)
    assert (tmp_path / "desk.db-wal").stat().st_size > 0
    done = run(sqlite_desk, "restore", saved)
    assert done.exit_code == 0 and subjects() == ["From the backup"], done.output
    (before,) = (tmp_path / "backups").glob("before-restore-*.db")
    assert f"The database from before is kept as {before}" in done.stdout
    with sqlite3.connect(before) as opened:
        assert opened.execute("SELECT subject FROM tickets").fetchall() == [("The newest change",)]


@pytest.mark.once
def test_a_damaged_database_is_no_reason_not_to_restore(saved, sqlite_desk, tmp_path):
    db.session.remove()
    db.engine.dispose()
    (tmp_path / "desk.db").write_bytes(b"no database any more" * 1000)
    done = run(sqlite_desk, "restore", saved)
    assert done.exit_code == 0 and subjects() == ["From the backup"], done.output
    (before,) = (tmp_path / "backups").glob("before-restore-*.db")
    assert before.read_bytes() == b"no database any more" * 1000


@pytest.mark.once
def test_a_restore_that_was_killed_can_be_run_again(saved, tmp_path):
    """It may leave files, and a database that is not finished."""
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path) as made:
        source = archive.Reader(saved, lambda count: None)
        for key, content in source.parts("files/"):
            storage_places.at("disk").put(key, content)
        (tmp_path / "desk.db.restoring").write_bytes(b"not finished")
        assert run(made, "restore", saved).exit_code == 0
        assert subjects() == ["From the backup"] and len(files(tmp_path)) == 1


@pytest.mark.once
def test_the_database_of_the_desk_itself_is_no_copy_to_restore(sqlite_desk, tmp_path):
    done = run(sqlite_desk, "restore", Path(tmp_path, "desk.db"))
    assert done.exit_code == 1 and "is the database of the desk itself" in done.stderr
    assert subjects() == ["Before the restore"]
