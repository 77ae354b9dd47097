"""A disk that is full and a database that cannot be used: pages name the cause, and reading goes on where it can."""

import errno
import logging
import os
import shutil
import sqlite3
import subprocess

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError, OperationalError

from helpdesk import outages
from helpdesk.disk import disk_space
from helpdesk.limits import rate_limits
from models import Attempt, Ticket, db
from tests.support import builders
from tests.support.browser import Browser, text_of
from tests.support.cast import PASSWORD
from web.outages import outage_log

FORM = {"subject": "Beamer is dark", "description": "x" * 40_000, "type": "incident", "category": ""}
FORM["priority"] = "normal"


def sign_in(browser, email="ada@example.com", password=PASSWORD):
    return browser.post("/login", {"email": email, "password": password})


# ---- a full disk, as SQLite itself tells of it


@pytest.fixture
def full(app):
    """The database may not grow by a page, which SQLite answers as it answers a full disk."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite is a file on the desk's own disk")

    def limit(connection, _record, _proxy):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    def begin():
        db.session.remove()
        with sqlite3.connect(db.engine.url.database) as own:
            # Pages that earlier tests have left free would take what is written.
            own.execute("CREATE TABLE filler (content BLOB)")
            free, size = (own.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
            own.execute("INSERT INTO filler VALUES (zeroblob(?))", [(free + 1) * size])
        event.listen(db.engine, "checkout", limit)

    yield begin
    if event.contains(db.engine, "checkout", limit):
        event.remove(db.engine, "checkout", limit)
        db.session.remove()
        db.engine.dispose()
        with sqlite3.connect(db.engine.url.database) as own:
            own.execute("DROP TABLE filler")
    outages.unwritable.note("")
    db.session.remove()
    db.engine.dispose()


def test_a_full_disk_is_named_and_what_was_typed_is_there_and_tickets_are_read(full, cast, browse):
    ticket = builders.ticket(cast.ada)
    ada = browse(cast.ada)
    path = f"/tickets/{ticket.id}"
    full()
    page = ada.post("/tickets/new", FORM)
    assert page.status_code == 503 and page.headers["Retry-After"] == "30"
    assert "The desk's disk is full" in text_of(page) and "Beamer is dark" in page.text
    assert ada.get(path).status_code == ada.get("/tickets").status_code == 200


def test_no_page_says_that_something_is_done_which_could_not_be_committed(app, cast, browse):
    def refuse(_connection):
        raise OSError(errno.ENOSPC, "No space left on device", "/data/desk.db")

    ada = browse(cast.ada)
    token = ada.token()
    event.listen(db.engine, "commit", refuse)
    try:
        page = ada.post("/tickets/new", FORM, csrf=token)
    finally:
        event.remove(db.engine, "commit", refuse)
        outages.unwritable.note("")
    assert page.status_code == 503 and "is raised" not in text_of(page)
    assert "is raised" not in text_of(ada.get("/tickets")) and db.session.query(Ticket).count() == 0


def test_admins_see_where_it_is_full_and_nobody_else_does(full, cast, browse, caplog, monkeypatch):
    monkeypatch.setattr(outage_log, "_lines", outages.Log(logging.getLogger("desk.outage")))
    browsers = browse(cast.eve), browse(cast.cleo)
    full()
    eves, cleos = (browser.post("/tickets/new", FORM | {"requester": "ada@example.com"}) for browser in browsers)
    place = db.engine.url.database
    assert place in eves.text and place not in cleos.text
    assert any(place in record.getMessage() and "full" in record.getMessage() for record in caplog.records)


def test_readyz_says_read_only_after_something_could_not_be_written(full, cast, browse):
    ada = browse(cast.ada)
    full()
    ada.post("/tickets/new", FORM)
    answer = browse().get("/readyz")
    assert answer.status_code == 200 and answer.json | {"status": "read-only", "reason": "full"} == answer.json


# ---- what pages write on their own account


@pytest.fixture
def unwritable(app):
    """From its call on the disk is full for whatever is written to these tables."""
    listeners = []

    def begin(*tables):
        def refuse(_connection, _cursor, statement, _parameters, _context, _many):
            if statement.startswith(tuple(f"{verb} {name}" for verb in ("INSERT INTO", "UPDATE") for name in tables)):
                raise OSError(errno.ENOSPC, "No space left on device", "/data/desk.db")

        event.listen(db.engine, "before_cursor_execute", refuse)
        listeners.append(refuse)

    yield begin
    for refuse in listeners:
        event.remove(db.engine, "before_cursor_execute", refuse)
    outages.unwritable.note("")


def test_signing_in_works_where_tries_cannot_be_counted_and_guessing_is_still_limited(unwritable, app, cast):
    unwritable("attempts")
    assert sign_in(Browser(app)).status_code == 303
    guesses = [sign_in(Browser(app), "ben@example.com", "wrong horse 1").status_code for _ in range(11)]
    assert guesses == [422] * 10 + [429]
    assert db.session.query(Attempt).count() == 0
    rate_limits._in_memory._buckets.clear()


def test_a_ticket_with_news_is_read_where_that_cannot_be_noted(unwritable, cast, browse):
    ticket = builders.ticket(cast.ada)
    builders.reply(ticket, by=cast.cleo)
    ada = browse(cast.ada)
    unwritable("deliveries", "read_marks")
    assert ada.get(f"/tickets/{ticket.id}").status_code == 200


# ---- a disk that is really full


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MB. Mounting one takes root, and a machine that lets root do it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this machine does not let the test mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.once
def test_on_a_disk_that_fills_up_tickets_are_read_and_work_goes_on_once_there_is_room(
    small_disk, database_url, make_app, cast, browse
):
    browse(cast.eve)
    db.session.remove()
    with (
        sqlite3.connect(database_url.removeprefix("sqlite:///")) as own,
        sqlite3.connect(small_disk / "desk.db") as copy,
    ):
        own.backup(copy)
    desk = make_app(DATABASE_URL=f"sqlite:///{small_disk}/desk.db", FILES_DIR=f"{small_disk}/files")
    with desk.app_context():
        eve = browse(cast.eve, desk)
        assert eve.get("/tickets/new").status_code == 200
        rest = small_disk / "rest"
        with rest.open("wb", buffering=0) as file:
            with pytest.raises(OSError):
                while True:
                    file.write(bytes(4096))
        answers = [
            eve.post("/tickets/new", FORM | {"subject": f"Beamer {n}", "requester": "ada@example.com"})
            for n in range(25)
        ]
        assert "The desk's disk is full" in text_of(answers[-1]) and str(small_disk) in answers[-1].text
        assert {answer.status_code for answer in answers} <= {303, 503}
        assert eve.get("/triage").status_code == eve.get("/dashboard").status_code == 200
        assert eve.get("/readyz").json["status"] == "read-only"
        rest.unlink()
        assert eve.post("/tickets/new", FORM | {"requester": "ada@example.com"}).status_code == 303
        outages.unwritable.note("")
        assert eve.get("/readyz").json["status"] == "ready"
        db.engine.dispose()


# ---- warned before


def test_admins_are_warned_on_every_page_below_1_gb(app, cast, browse, monkeypatch):
    monkeypatch.setattr(disk_space, "LOW_BYTES", shutil.disk_usage("/dev/shm").free + 10**18)
    app.jinja_env.globals["low_disks"]._until = 0.0
    try:
        eve, cleo = browse(cast.eve), browse(cast.cleo)
        for path in ("/dashboard", "/people", "/triage"):
            assert "are free on the disk of" in text_of(eve.get(path)), path
            assert "are free on the disk of" not in text_of(cleo.get(path)), path
    finally:
        app.jinja_env.globals["low_disks"]._until = 0.0


@pytest.mark.once
def test_two_folders_on_one_disk_are_one_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(disk_space, "LOW_BYTES", 10**18)
    assert len(disk_space.low([tmp_path, tmp_path / "not" / "there yet"])) == 1
    monkeypatch.setattr(disk_space, "LOW_BYTES", 0)
    assert disk_space.low([tmp_path]) == []


# ---- the cause from the error


def of_sqlite(message, code):
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode = code
    return error


def of_postgresql(state):
    return type("Error", (Exception,), {"sqlstate": state})("refused")


CAUSES = [
    (of_sqlite("database or disk is full", sqlite3.SQLITE_FULL), "full"),
    (of_sqlite("attempt to write a readonly database", sqlite3.SQLITE_READONLY_DBMOVED), "read-only"),
    (of_sqlite("unable to open database file", sqlite3.SQLITE_CANTOPEN), "unusable"),
    (of_sqlite("database disk image is malformed", sqlite3.SQLITE_CORRUPT), "unusable"),
    (of_sqlite("file is not a database", sqlite3.SQLITE_NOTADB), "unusable"),
    (of_sqlite("database is locked", sqlite3.SQLITE_BUSY), "locked"),
    (of_postgresql("53100"), "full"),
    (of_postgresql("25006"), "read-only"),
    (of_postgresql("57014"), "slow"),
    (Exception(1021, "Disk full"), "full"),
    (Exception(1290, "--read-only"), "read-only"),
    (Exception(3024, "maximum statement execution time exceeded"), "slow"),
    (Exception(2013, "Lost connection"), "away"),
]


@pytest.mark.once
@pytest.mark.parametrize("error, cause", CAUSES, ids=[f"{cause}: {error}" for error, cause in CAUSES])
def test_each_error_has_its_cause(error, cause):
    assert outages.cause(OperationalError("SELECT 1", {}, error)) == cause


@pytest.mark.once
def test_a_mistake_in_a_statement_is_no_outage():
    assert outages.cause(DatabaseError("SELECT x", {}, of_postgresql("42703"))) is None
    assert outages.cause(FileNotFoundError(errno.ENOENT, "no such file")) is None
    assert outages.cause(ValueError()) is None


@pytest.mark.once
def test_a_damaged_file_is_named_for_what_it_is(make_app, tmp_path):
    (tmp_path / "desk.db").write_bytes(b"no database at all, but a text. " * 200)
    page = Browser(make_app(DATABASE_URL=f"sqlite:///{tmp_path}/desk.db")).get("/")
    assert page.status_code == 503 and "The desk cannot use its database" in text_of(page)


# ---- the log


@pytest.mark.once
def test_an_outage_is_a_line_a_second_that_counts_what_it_leaves_out(caplog):
    now = 100.0
    log = outages.Log(logging.getLogger("desk.test"), clock=lambda: now)
    for _ in range(50):
        log.error("the disk is full")
    now = 101.5
    log.error("the disk is full")
    assert [record.getMessage() for record in caplog.records] == [
        "the disk is full",
        "the disk is full (and 49 times before)",
    ]


@pytest.mark.once
def test_pages_during_an_outage_log_no_traceback(make_app, caplog):
    away = Browser(make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing"))
    for _ in range(20):
        assert away.get("/").status_code == 503
    lines = [record for record in caplog.records if record.name == "desk.outage"]
    assert len(lines) <= 3 and not any(record.exc_info for record in caplog.records)
    assert all("127.0.0.1 (postgresql)" in record.getMessage() for record in lines)
