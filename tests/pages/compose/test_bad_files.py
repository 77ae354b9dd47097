"""Each bad file by its name: what the desk says to it, that what was typed stays, and that nothing is half-stored."""

import errno
import io
import socket
from pathlib import Path

import pytest
from werkzeug.datastructures import MultiDict

from models import Attachment, Message, db
from tests.support import builders, files
from tests.support.browser import text_of
from web.files import uploads

pytestmark = pytest.mark.once

MB = 1024 * 1024


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


@pytest.fixture
def ada(browse, cast):
    return browse(cast.ada)


@pytest.fixture
def path(ticket):
    return f"/tickets/{ticket.id}/reply"


@pytest.fixture(autouse=True)
def nothing_half_stored(app):
    """Whatever a test does: each file on the disk has its row, each row its files, and nothing is left on its way."""
    before = lying(app)
    yield
    db.session.rollback()
    rows = db.session.query(Attachment).all()
    known = {key for row in rows for key in (row.key, row.small_key) if key}
    assert lying(app) - before == known


def lying(app):
    folder = Path(app.config["FILES_DIR"])
    assert not list((folder / "incoming").glob("*"))
    return {str(path.relative_to(folder)) for path in folder.glob("*/*") if path.is_file()}


def refused(answer, why, status=422):
    assert answer.status_code == status, text_of(answer)
    said = answer.json["why"] if answer.is_json else text_of(answer)
    assert why in said, said
    if not answer.is_json:
        assert "typed for long" in answer.text
    assert db.session.query(Attachment).count() == 0 and db.session.query(Message).count() == 0
    return True


@pytest.fixture
def both(ada, path):
    """Send one bad file with and without scripts; both must be refused alike."""

    def send(name, content, why, status=422):
        refused(files.attach(ada, path, name, content), why, status)
        refused(files.send(ada, path, {"body": "typed for long"}, (name, content)), why, status)

    return send


# ---- sizes and counts


def test_an_empty_file(both):
    both("empty.txt", b"", "empty.txt is empty, so there is nothing to attach.")


def test_a_file_of_26_mb(ada, path):
    refused(
        files.send(ada, path, {"body": "typed for long"}, ("big.bin", bytes(26 * MB))),
        "big.bin is too large. A file can",
    )
    assert files.attach(ada, path, "big.bin", bytes(26 * MB)).status_code == 413
    assert db.session.query(Attachment).count() == 0


def test_a_file_of_25_mb_is_taken(ada, path):
    assert files.attach(ada, path, "big.bin", bytes(25 * MB)).status_code == 201


def test_eleven_files_at_once(ada, path):
    eleven = [(f"{number}.txt", b"x") for number in range(11)]
    refused(files.send(ada, path, {"body": "typed for long"}, *eleven), "At most 10 files can be attached.")


def test_an_eleventh_file(ada, path):
    for number in range(10):
        assert files.attach(ada, path, f"{number}.txt", b"x").status_code == 201
    answer = files.attach(ada, path, "11.txt", b"x")
    assert answer.status_code == 422 and "At most 10 files" in answer.json["why"]
    assert db.session.query(Attachment).count() == 10


def test_more_than_all_files_together_may_have(make_app, browse, cast):
    desk = make_app(MAX_FILE_MB="1", MAX_FILES="2")
    answer = files.send(browse(cast.ada, desk=desk), "/tickets/new", {}, *[("a.bin", bytes(MB))] * 6)
    assert answer.status_code == 413 and "larger than the desk accepts" in text_of(answer)


def large(browser, where, **fields):
    parts = MultiDict([*fields.items(), ("file", (io.BytesIO(bytes(3 * MB)), "a.bin"))])
    return browser.open(browser.client.post, where, data=parts, content_type="multipart/form-data")


def test_a_large_body_where_no_files_belong(ada, path):
    for where in ("/drafts", "/profile", f"{path[:-5]}take"):
        assert large(ada, where, csrf_token=ada.token()).status_code == 413, where


def test_a_large_body_from_somebody_who_never_signed_in(browse):
    for where in ("/files", "/tickets/new"):
        assert large(browse(), where, path="/tickets/new").status_code == 413, where


# ---- what only looks like something else


@pytest.mark.parametrize(
    "name, content",
    [
        ("page.html", files.HTML),
        ("drawing.svg", files.SVG),
        ("data.xml", files.XML),
        ("shell.pht", files.PHP),
        ("photo.png", files.HTML),
        ("photo.jpg", b"  \n<!-- x --><html>"),
        ("utf16.txt", "\ufeff<html><script>alert(1)</script>".encode("utf-16-le")),
    ],
)
def test_what_could_run_in_a_browser_is_only_ever_handed_out(ada, path, name, content):
    number = files.attach(ada, path, name, content).json["file"]
    answer = ada.get(f"/files/{number}")
    assert answer.mimetype == "application/octet-stream" and answer.data == content
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert db.session.query(Attachment).one().kind == "web"
    assert ada.get(f"/files/{number}/small").status_code == 404


def test_a_picture_that_is_named_like_a_page_gets_the_ending_it_deserves(ada, path):
    number = files.attach(ada, path, "page.html", files.picture()).json["file"]
    assert 'filename="page.html.png"' in ada.get(f"/files/{number}").headers["Content-Disposition"]


def test_a_png_with_a_page_behind_it_comes_out_without_the_page(ada, path):
    number = files.attach(ada, path, "two.png", files.picture() + files.HTML).json["file"]
    assert b"script" not in ada.get(f"/files/{number}").data


def test_a_png_that_is_none_inside(both):
    both("photo.png", b"\x89PNG\r\n\x1a\n" + files.HTML, "photo.png: This picture cannot be read.")


def test_a_small_png_of_900_million_pixels(both):
    content = files.bomb()
    assert 100_000 < len(content) < 120_000
    both("wall.png", content, "wall.png: This picture has too many pixels")


def test_a_picture_of_a_little_more_than_50_million_pixels(both):
    both("wall.png", files.bomb(10_000, 5_001), "wall.png: This picture has too many pixels")


@pytest.mark.parametrize("name", ["setup.exe", "setup.txt", "photo.png"])
def test_a_program_whatever_its_name(both, name):
    both(name, files.EXE, f"{name} is refused: this desk takes no files of the kind “Program”.")


@pytest.mark.parametrize("name", ["run.ps1", "run.BAT", "link.lnk", "page.hta"])
def test_a_script_that_shows_by_its_name_alone(both, name):
    both(name, b"Write-Host 1", "is refused")


def test_kinds_are_refused_as_the_setting_says(make_app, browse, cast):
    desk = make_app(REFUSED_FILE_KINDS="web, archive")
    ada = browse(cast.ada, desk=desk)
    for name, content in (("a.svg", files.SVG), ("a.zip", files.zipped("a.txt"))):
        assert files.attach(ada, "/tickets/new", name, content).status_code == 422
    assert files.attach(ada, "/tickets/new", "a.docx", files.DOCX).status_code == 201
    nothing = browse(cast.ada, desk=make_app(REFUSED_FILE_KINDS="none"))
    assert files.attach(nothing, "/tickets/new", "a.exe", files.EXE).status_code == 201


# ---- when something does not work


def full(*_args, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_disk_is_full_before_the_file_is_here(both, monkeypatch):
    monkeypatch.setattr(uploads, "temporary", full)
    both("log.txt", b"lines", "log.txt was not stored: the desk has no room left for files.", 503)


def test_the_disk_is_full_when_the_file_is_stored(both, monkeypatch):
    monkeypatch.setattr("os.fsync", full)
    both("log.txt", b"lines", "log.txt was not stored: the desk has no room left for files.", 503)


def test_the_disk_is_full_when_the_small_picture_is_stored(both, monkeypatch):
    calls = []
    monkeypatch.setattr("os.fsync", lambda handle: full() if calls.append(1) or len(calls) % 3 == 0 else None)
    both("red.png", files.picture(), "red.png was not stored: the desk has no room left for files.", 503)


def test_the_folder_of_the_files_cannot_be_written(make_app, browse, cast, tmp_path):
    (tmp_path / "files").write_text("a file where the folder should be")
    ada = browse(cast.ada, desk=make_app(FILES_DIR=str(tmp_path / "files")))
    answer = files.send(ada, "/tickets/new", {"description": "typed for long"}, ("log.txt", b"lines"))
    assert answer.status_code == 503 and "typed for long" in answer.text
    assert "log.txt could not be stored just now." in text_of(answer)


def test_the_storage_is_away(make_app, browse, cast):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        desk = make_app(S3_BUCKET="desk", S3_ENDPOINT=endpoint, S3_ACCESS_KEY="a", S3_SECRET_KEY="b")
        ada = browse(cast.ada, desk=desk)
        why = "log.txt could not be stored just now. Try again in a few minutes."
        refused(files.attach(ada, "/tickets/new", "log.txt", b"lines"), why, 503)
        form = {"description": "typed for long"}
        refused(files.send(ada, "/tickets/new", form, ("log.txt", b"lines")), why, 503)


def test_a_stored_file_that_cannot_be_read_is_an_error_that_says_so(ada, path, app):
    number = files.attach(ada, path, "log.txt", b"lines").json["file"]
    row = db.session.get(Attachment, number)
    lost = Path(app.config["FILES_DIR"]) / row.key
    lost.rename(lost.with_suffix(".away"))
    answer = ada.get(f"/files/{number}")
    assert answer.status_code == 503 and "log.txt cannot be read from where the files are kept." in text_of(answer)
    lost.with_suffix(".away").rename(lost)


def test_the_row_cannot_be_written_and_the_file_goes(ada, path, monkeypatch):
    def no_row(*_args, **_options):
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("helpdesk.attachments.files.keep", no_row)
    assert files.attach(ada, path, "red.png", files.picture()).status_code == 500
    assert db.session.query(Attachment).count() == 0
