"""`flask move-files` and `flask doctor`: what they do, what they say, and how they end."""

import io
import os
import socket
from pathlib import Path

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.search_index import reindexing
from integrations.storage import places as storage_places
from models import Attachment, Person, db
from tests.support import builders


@pytest.fixture
def run(app):
    def run(*words, desk=app):
        with desk.app_context():
            result = desk.test_cli_runner().invoke(args=list(words))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        db.session.expire_all()
        return result

    return run


@pytest.fixture
def log(app, alone, cast):
    return builders.file(builders.ticket(cast.ada), "log.txt", b"all lines")


def lines(result):
    return [line for line in result.stdout.splitlines() if line.startswith(("ok", "look"))]


def test_a_desk_that_is_well(run, log, app, monkeypatch):
    # A desk in production is well behind https alone; that of the tests on database servers is in production.
    monkeypatch.setitem(app.config, "WARNINGS", [])
    done = run("doctor")
    assert done.exit_code == 0, done.stdout
    told = {line.split(":")[0].split(maxsplit=1)[1]: line.split(": ", 1)[1] for line in lines(done)}
    assert told["database"] == "it answers and has the tables of this version"
    assert told["files on disk"] == "can be written and read"
    assert told["attached files"] == "1 file, as it was stored"
    assert "no MAIL_SERVER" in told["mail"] and "not scanned" in told["virus scanner"]


def test_a_desk_in_production_without_https_is_told(run, log, make_app):
    done = run("doctor", desk=make_app(APP_ENV="production"))
    assert done.exit_code == 1 and "look  settings: production, http://desk.test" in done.stdout
    assert "PUBLIC_URL begins with http://, so passwords and cookies travel unencrypted." in done.stdout


def test_a_missing_file_is_found_and_told(run, log, alone):
    (alone / log.key).unlink()
    done = run("doctor")
    assert done.exit_code == 1
    said = f"look  attached files: file {log.id} of ticket {log.ticket_id}, log.txt, is missing"
    assert said in done.stdout and "Get it back from a backup of the files" in done.stdout


@pytest.mark.parametrize("content", [b"all line5", b"all", b"all lines and more"])
def test_a_damaged_file_is_found_and_told(run, log, alone, content):
    (alone / log.key).write_bytes(content)
    done = run("doctor")
    assert done.exit_code == 1 and "log.txt, is damaged" in done.stdout


def test_a_small_picture_that_is_missing_is_found(run, alone, cast):
    row = builders.file(builders.ticket(cast.ada))
    (alone / row.small_key).unlink()
    assert "screen.png, is missing" in run("doctor").stdout


def test_files_of_another_desk_are_told(run, log, alone):
    for _number in range(201):
        key = storage_places.new_key()
        storage_places.at("disk").put(key, io.BytesIO(b"x"))
        os.utime(alone / key, (0, 0))
    done = run("doctor")
    assert done.exit_code == 1 and "201 files that this desk does not know" in done.stdout


def test_what_cannot_be_reached_is_told_with_what_to_do(run, make_app, cast, tmp_path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = str(nobody.getsockname()[1])
        (tmp_path / "file").touch()
        away = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": port, "CLAMAV_HOST": "127.0.0.1", "CLAMAV_PORT": port}
        away |= {"FILES_DIR": str(tmp_path / "file" / "s"), "PUBLIC_URL": "https://desk.test"}
        done = run("doctor", desk=make_app(**away))
    assert done.exit_code == 1
    assert sum(line.startswith("look ") for line in lines(done)) == 3
    for advice in ("Check MAIL_SERVER", "Check CLAMAV_HOST", "Check FILES_DIR"):
        assert advice in done.stdout


def test_files_are_moved_with_a_word_at_the_end(run, make_app, log, alone, bucket, app, monkeypatch):
    places = {"disk": app.extensions["storage"]["disk"], "s3": make_app(**bucket).extensions["storage"]["s3"]}
    monkeypatch.setitem(app.extensions, "storage", places)
    done = run("move-files", "--to", "s3")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "1 moved, 0 not.")
    assert db.session.query(Attachment).one().place == "s3"
    assert not (Path(alone) / log.key).exists()
    assert "1 lie elsewhere than new ones" in run("doctor").stdout


def test_moving_to_a_bucket_that_is_not_set_is_refused(run, log):
    done = run("move-files", "--to", "s3")
    assert done.exit_code == 1 and "S3_BUCKET is missing." in done.stderr


def test_accounts_whose_names_or_addresses_read_alike_are_told_and_tickets_that_wait_for_the_index(run, log, app):
    with transactions.writing():
        for name, email in (("Łukasz Nowak", "l@example.com"), ("Lukasz Nowak", "n@example.com")):
            people.add(name, email)
        for email in ("ju\u0308rgen@example.com", "jürgen@example.com"):
            db.session.add(Person(name="J", folded_name="j", email=email, created_at=transactions.now()))
    done = run("doctor")
    assert "ok    names that read alike: Łukasz Nowak <l@example.com>, Lukasz Nowak <n@example.com>" in done.stdout
    assert "look  addresses that are the same: J <ju\u0308rgen@example.com>, J <jürgen@example.com>" in done.stdout
    assert "ok    search index: 1 ticket is still to be indexed anew by the worker" in done.stdout
    reindexing.rebuild(lambda count: None)
    assert "ok    search index: all tickets are in it" in run("doctor").stdout
    assert db.session.query(Person).filter(Person.name.in_(["J", "Łukasz Nowak", "Lukasz Nowak"])).count() == 4
