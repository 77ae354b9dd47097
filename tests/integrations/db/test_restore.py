"""`flask backup` and `flask restore`: from SQLite into the database under test and back, whole or not at all."""

import gzip
import json
import shutil
import stat
import subprocess
import tarfile
from contextlib import contextmanager

import pytest
from alembic import command
from sqlalchemy import JSON, delete, select, text, update

import config
from helpdesk.db import archive, dump, migrations, transactions
from integrations.storage import places
from models import Attachment, Import, Person, Ticket, db
from tests.conftest import SETTINGS
from tests.integrations.db.test_migrations import LATER, add_later, fill_every_table
from tests.support import builders
from tests.support.browser import Browser
from tests.support.cast import Cast
from tests.support.databases import empty_database
from tests.support.servers.desks import desk, migrate, run

AWKWARD = "quotes \" ' \\ \\n, a line\u2028 of\x85 its own\x0b, \r\n\ttabs, 印刷 😀 é e\u0301 NULL null"


@contextmanager
def desk_under_test(folder, **settings):
    with empty_database() as address, desk(address, folder, **settings) as made:
        yield made


def fill():
    """A row in every table, people and tickets by the desk's own acts, and what the databases treat differently."""
    fill_every_table()
    with transactions.writing():
        db.session.execute(update(Person).values(name="Row", email="row@example.com"))
        for model in (Attachment, Import):
            db.session.execute(update(model).values(place="disk"))
    cast = Cast.make()
    made = [builders.ticket(cast.ada, f"Wombat number {number}", AWKWARD) for number in range(5)]
    builders.reply(made[0], AWKWARD, by=cast.cleo)
    builders.file(made[0], "log.txt", b"all lines")
    builders.file(made[1])
    with transactions.writing():
        made[0].merged_into_id = made[3].id
        made[1].created_at = made[1].created_at.replace(microsecond=7)
        made[2].created_at = made[2].created_at.replace(microsecond=0)
        db.session.execute(update(Person).where(Person.name == "Row").values(views=JSON.NULL))
        db.session.execute(delete(Ticket).where(Ticket.id == made[4].id))
    return made[4].id


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """The folder of a filled SQLite desk with "backup.tar" of it, and the number of a ticket that is gone."""
    folder = tmp_path_factory.mktemp("source")
    with desk(f"sqlite:///{folder}/desk.db", folder, MAIL_PASSWORD="never in a backup") as made:
        migrate()
        gone = fill()
        done = run(made, "backup", folder / "backup.tar")
        assert done.stdout.endswith(f"Saved to {folder}/backup.tar\n"), done.output
        # The file of the row that was made from its columns never was there.
        assert done.stderr.count("is missing.") == 2 and done.exit_code == 1
    return folder, gone


@pytest.fixture
def saved(source):
    return source[0] / "backup.tar"


def rows_of(path):
    """Every row of every table, and the highest ids, as an archive holds them."""
    manifest = archive.Reader(path, lambda count: None).manifest
    tables = {name: [] for name in manifest["tables"]}
    with tarfile.open(path) as tar:
        for name in tar.getnames():
            if name.startswith("tables/"):
                lines = gzip.decompress(tar.extractfile(name).read()).decode().split("\n")
                tables[name.split("/")[1]] += lines[:-1]
    last = {name: manifest["tables"][name]["last_id"] for name in ("tickets", "events")}
    return {name: sorted(lines) for name, lines in tables.items()}, last


@pytest.fixture(scope="module")
def restored(source, tmp_path_factory):
    """A desk on the database under test that was filled from the backup, and what the restore said."""
    with desk_under_test(tmp_path_factory.mktemp("restored")) as made:
        yield made, run(made, "restore", source[0] / "backup.tar")


# ---- whole


def test_a_desk_moves_to_another_kind_of_database_and_back_without_losing_a_bit(saved, restored, tmp_path):
    rows = rows_of(saved)
    assert min(len(lines) for lines in rows[0].values()) >= 1, "a row in every table"
    there, done = restored
    assert done.exit_code == 1 and done.stderr.count("is missing.") == 1, done.output
    assert "Set when the backup was made, and not here: MAIL_PASSWORD" in done.stdout
    run(there, "backup", tmp_path / "there.tar")
    assert rows_of(tmp_path / "there.tar") == rows
    with desk(f"sqlite:///{tmp_path}/back.db", tmp_path) as back:
        run(back, "restore", tmp_path / "there.tar")
        run(back, "backup", tmp_path / "back.tar")
    assert rows_of(tmp_path / "back.tar") == rows


def test_a_restored_desk_works_on(source, restored):
    """Its files are there, its words are found, and no number is given twice."""
    assert migrations.current()
    ada = db.session.scalar(select(Person).where(Person.email == "ada@example.com"))
    assert b"".join(places.at("disk").read(key("log.txt"), 0, 100)) == b"all lines"
    found = Browser(restored[0]).sign_in(ada).get("/search?q=wombat").text
    assert all(f"number {number}" in found for number in range(4))
    assert builders.ticket(ada).id == source[1] + 1


def key(name):
    return db.session.scalar(select(Attachment.key).where(Attachment.name == name))


def test_an_older_backup_gets_the_tables_of_this_version(saved, tmp_path, monkeypatch):
    shutil.copytree(config.HERE / "migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    add_later(str(tmp_path / "migrations"), LATER)
    monkeypatch.setattr(migrations, "FOLDER", tmp_path / "migrations")
    forget_revisions()
    try:
        with desk_under_test(tmp_path) as made:
            run(made, "restore", saved)
            assert migrations.current()
            assert db.session.scalar(text("SELECT min(shoe_size) FROM tickets")) == 43
    finally:
        forget_revisions()


def forget_revisions():
    for cached in (migrations._wanted, migrations._scripts, migrations.known):
        cached.cache_clear()


def test_a_plain_copy_of_a_sqlite_database_can_be_restored_too(source, tmp_path):
    with desk_under_test(tmp_path) as made:
        done = run(made, "restore", source[0] / "desk.db")
        assert done.exit_code == 1, done.output
        for name in ("log.txt (file ", "screen.png (file "):
            assert name in done.stderr, "its files are not in the copy, and each is named"
        run(made, "backup", tmp_path / "there.tar")
    rows = rows_of(tmp_path / "there.tar")
    assert rows == rows_of(source[0] / "backup.tar")


@pytest.mark.once
def test_an_older_copy_gets_the_tables_of_this_version_too(source, tmp_path):
    shutil.copy(source[0] / "desk.db", tmp_path / "older.db")
    with desk(f"sqlite:///{tmp_path}/older.db", tmp_path):
        with db.engine.connect() as connection:
            command.downgrade(migrations._config(connection), "-1")
        assert not migrations.current()
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path) as made:
        run(made, "restore", tmp_path / "older.db")
        assert migrations.current() and db.session.query(Ticket).count() == 5


# ---- what goes into it


@pytest.mark.once
def test_a_backup_is_private_and_tells_the_names_of_settings_and_no_value(saved):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    with tarfile.open(saved) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
        assert "MAIL_PASSWORD" in manifest["settings"] and "SECRET_KEY" in manifest["settings"]
        parts = {name: tar.extractfile(name).read() for name in tar.getnames()}
    for secret in (b"never in a backup", SETTINGS["SECRET_KEY"].encode()):
        assert not any(secret in (gzip.decompress(part) if ".gz" in name else part) for name, part in parts.items())


@pytest.mark.once
def test_a_backup_can_be_checked_without_the_desk(saved, tmp_path):
    with tarfile.open(saved) as tar:
        tar.extractall(tmp_path, filter="data")
    assert len((tmp_path / "SHA256SUMS").read_text().splitlines()) > len(db.metadata.tables)
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path, check=True)


@pytest.mark.once
def test_every_kind_of_column_can_go_into_a_backup():
    for table in dump.tables():
        for column in table.columns:
            assert dump.kind_of(column) in dump.KINDS


def test_a_backup_holds_one_moment_whatever_is_changed_meanwhile(app, cast):
    builders.ticket(cast.ada, "Before the backup")
    db.session.rollback()
    with dump.snapshot(db.engine) as connection:
        rows = dump.describe(connection)["tickets"]["rows"]
        builders.ticket(cast.ada, "While it runs")
        parts = list(dump.parts(connection, Ticket.__table__, lambda count: None))
    assert rows == 1 and b"While it runs" not in gzip.decompress(b"".join(parts))


def test_a_table_of_any_size_goes_out_and_in_by_small_parts(app, cast, monkeypatch):
    for number in range(20):
        builders.ticket(cast.ada, f"Ticket {number}", "x" * 1000)
    db.session.rollback()
    monkeypatch.setattr(dump, "PART", 5000)
    with dump.snapshot(db.engine) as connection:
        parts = [gzip.decompress(part) for part in dump.parts(connection, Ticket.__table__, lambda count: None)]
    assert max(map(len, parts)) < 5000 + 2000 and len(parts) >= 4


@pytest.mark.once
def test_a_file_that_is_damaged_is_saved_as_it_is_and_named(tmp_path):
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path) as made:
        migrate()
        row = builders.file(builders.ticket(Cast.make().ada), "log.txt", b"as it was")
        (tmp_path / "files" / row.key).write_bytes(b"as it is!")
        done = run(made, "backup")
        assert done.exit_code == 1 and "log.txt (file 1 of ticket 1) is damaged." in done.stderr
        done = run(made, "backup", "--no-files", tmp_path / "rows.tar")
        assert done.exit_code == 0 and ", 0 files." in done.stdout
        (tmp_path / "files" / row.key).unlink()
        assert run(made, "restore", tmp_path / "rows.tar").exit_code == 1


@pytest.mark.once
def test_files_come_from_s3_and_go_where_new_files_go(bucket, tmp_path):
    with desk(f"sqlite:///{tmp_path}/desk.db", tmp_path, **bucket) as made:
        migrate()
        builders.file(builders.ticket(Cast.make().ada), "log.txt", b"all lines")
        assert run(made, "backup", tmp_path / "s3.tar").exit_code == 0
    with desk(f"sqlite:///{tmp_path}/other.db", tmp_path) as made:
        done = run(made, "restore", tmp_path / "s3.tar")
        assert done.exit_code == 0 and " rows, 1 files." in done.stdout, done.output
        assert b"".join(places.at("disk").read(key("log.txt"), 0, 100)) == b"all lines"
        assert db.session.scalars(select(Attachment.place)).all() == ["disk"]
