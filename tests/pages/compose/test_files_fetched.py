"""Files that have been sent: fetched byte for byte, in parts, as pictures, as one zip; and by whom."""

import io
import re
import zipfile

import pytest
from PIL import Image

from helpdesk.tickets import tickets
from models import Message, db
from tests.support import builders, files
from tests.support.builders import act
from tests.support.files import attached, only, reply_path
from tests.support.forms_of import fields

NAMED = "attachment; filename=\"Gr__e _1_.bin\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%E2%80%9C1%E2%80%9D.bin"


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


# ---- fetched


def test_a_file_comes_back_byte_for_byte_and_can_do_nothing(browse, cast, ticket):
    content = bytes(range(256)) * 3000
    row = attached(browse(cast.ada), ticket, "Größe “1”.bin", content)
    answer = browse(cast.cleo).get(f"/tickets/{ticket.id}/files/{row.id}")
    assert answer.data == content and answer.content_length == len(content)
    assert (
        dict(answer.headers).items()
        >= {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": NAMED,
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Accept-Ranges": "bytes",
            "Cross-Origin-Resource-Policy": "same-origin",
        }.items()
    )


@pytest.mark.parametrize(
    "asked, status, part, told",
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=0-1,4-5", 200, b"0123456789", None),
        ("lines=1-2", 200, b"0123456789", None),
        ("bytes=x", 200, b"0123456789", None),
    ],
)
def test_a_part_of_a_file_can_be_asked_for(browse, cast, ticket, asked, status, part, told):
    row = attached(browse(cast.ada), ticket, content=b"0123456789")
    answer = browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}", headers={"Range": asked})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, told)
    assert part is None or answer.data == part


def test_a_part_of_a_file_that_changed_is_answered_with_the_whole(browse, cast, ticket):
    row = attached(browse(cast.ada), ticket, content=b"0123456789")
    ask = {"Range": "bytes=2-3", "If-Range": f'"{row.sha256}"'}
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}", headers=ask).data == b"23"
    ask["If-Range"] = '"of yesterday"'
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}", headers=ask).data == b"0123456789"


def test_a_picture_is_drawn_anew_without_what_it_told_and_upright(browse, cast, ticket):
    row = attached(browse(cast.ada), ticket, "photo.jpg", files.photo_with_secrets())
    answer = browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}")
    assert answer.mimetype == "image/jpeg" and answer.headers["Content-Disposition"].startswith("inline")
    assert b"13.4050" not in answer.data and b"secret" not in answer.data
    shown = Image.open(io.BytesIO(answer.data))
    assert shown.size == (row.width, row.height) == (80, 120) and not dict(shown.getexif())
    small = browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}/small")
    assert small.mimetype == "image/webp" and Image.open(io.BytesIO(small.data)).size == (80, 120)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "GIF", "BMP", "JPEG"])
def test_nothing_comes_along_with_a_picture(browse, cast, ticket, format):
    sent = files.picture_with_secrets() if format == "PNG" else files.picture(120, 80, format, comment=b"secret")
    row = attached(browse(cast.ada), ticket, f"a.{format.lower()}", sent)
    data = browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}").data
    assert b"secret" not in data and b"13.4050" not in data
    shown = Image.open(io.BytesIO(data))
    assert shown.size == (120, 80) and shown.convert("RGB").getpixel((5, 5))[0] > 150
    assert shown.format == (format if format != "BMP" else "PNG")


def test_a_moving_picture_still_moves(browse, cast, ticket):
    row = attached(browse(cast.ada), ticket, "click.gif", files.moving_picture())
    answer = browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}")
    assert Image.open(io.BytesIO(answer.data)).n_frames == 4


def test_only_pictures_have_a_small_form(browse, cast, ticket):
    row = attached(browse(cast.ada), ticket)
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}/small").status_code == 404


def test_all_files_come_as_one_zip_each_under_its_own_name(browse, cast, ticket):
    ada = browse(cast.ada)
    for content in (b"first", b"second"):
        attached(ada, ticket, "log.txt", content)
    attached(browse(cast.cleo), ticket, "secret.txt", b"among us", how="note")
    for who, names in ((cast.ada, ["log.txt", "log (2).txt"]), (cast.dan, ["log.txt", "log (2).txt", "secret.txt"])):
        answer = browse(who).get(f"/tickets/{ticket.id}/files")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="ticket-{ticket.id}-files.zip"'
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            assert archive.testzip() is None and archive.namelist() == names
            assert archive.read("log (2).txt") == b"second"


def test_without_files_there_is_no_zip(browse, cast, ticket):
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files").status_code == 404


# ---- who sees them


def test_files_of_notes_show_nowhere_to_the_requester(browse, cast, ticket):
    row = attached(browse(cast.cleo), ticket, "secret.txt", how="note")
    page = browse(cast.ada).get(f"/tickets/{ticket.id}")
    assert "secret" not in page.text and "Download all" not in page.text
    for below in ("", "/small"):
        assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}{below}").status_code == 404
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files").status_code == 404
    assert browse(cast.dan).get(f"/tickets/{ticket.id}/files/{row.id}").status_code == 200


def test_what_is_not_sent_is_open_to_whoever_added_it_alone(browse, cast, ticket):
    number = files.attach(browse(cast.ada), reply_path(ticket), "red.png", files.picture()).json["file"]
    assert browse(cast.ada).get(f"/files/{number}").status_code == 200
    assert browse(cast.ada).get(f"/files/{number}/small").status_code == 200
    for who in (cast.ben, cast.cleo, cast.eve):
        assert browse(who).get(f"/files/{number}").status_code == 404
        assert browse(who).get(f"/files/{number}/small").status_code == 404
        assert browse(who).post(f"/files/{number}/remove").status_code == 404
        stolen = {"body": "Mine now", "file": str(number)}
        assert browse(cast.cleo).post(reply_path(ticket), stolen).status_code == 409
    assert only().uploader_id == cast.ada.id and db.session.query(Message).count() == 0


def test_files_follow_their_ticket_into_the_trash_and_out_of_it_and_go_with_it(browse, cast, ticket):
    row = attached(browse(cast.ada), ticket)
    where = f"/tickets/{ticket.id}/files/{row.id}"
    act(tickets.trash, ticket, by=cast.eve)
    assert [browse(who).get(where).status_code for who in (cast.ada, cast.cleo, cast.eve)] == [404, 404, 200]
    act(tickets.restore, ticket, by=cast.eve)
    assert browse(cast.ada).get(where).status_code == 200
    act(tickets.trash, ticket, by=cast.eve)
    act(tickets.purge, ticket, by=cast.eve)
    assert browse(cast.eve).get(where).status_code == 404
    assert (only().ticket_id, only().message_id, only().path) == (None, None, None)


def test_files_of_a_reply_that_is_taken_back_are_in_the_draft_again(browse, cast, make_app):
    ticket, desk = builders.ticket(cast.ada), make_app(UNDO_SECONDS="60")
    cleo = browse(cast.cleo, desk=desk)
    page = cleo.follow(files.send(cleo, reply_path(ticket), {"body": "Oh no"}, ("secret.txt", b"x")))
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{only().id}").status_code == 200
    page = cleo.follow(cleo.post(re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text).group(1)))
    assert fields(page, reply_path(ticket))["file"] == str(only().id)
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{only().id}").status_code == 404


def test_files_of_a_reply_that_stays_withdrawn_are_for_agents(browse, cast, ticket):
    row = attached(browse(cast.cleo), ticket)
    message = db.session.query(Message).one()
    message.withdrawn_at = message.created_at
    db.session.commit()
    assert browse(cast.ada).get(f"/tickets/{ticket.id}/files/{row.id}").status_code == 404
    assert browse(cast.dan).get(f"/tickets/{ticket.id}/files/{row.id}").status_code == 200
