"""Files that come without a form, as from an API or a mail: every check of a form, then attached with the act."""

import io
import socket
import threading
from collections import namedtuple
from pathlib import Path

import pytest

from helpdesk.attachments import files as attachments
from helpdesk.attachments.files import Unavailable
from helpdesk.errors import Refused, TooMany
from integrations.files import incoming
from integrations.storage import places
from models import Attachment, Message, UsageCount, db
from tests.integrations.files.test_virus_scanner import Clamd
from tests.support import builders, files

MB = 1024 * 1024
disk_usage = namedtuple("disk_usage", "f_bavail f_frsize")


class Pipe(io.RawIOBase):
    """A stream that can be read once and not be wound back, as a request body is."""

    def __init__(self, content):
        self._rest = io.BytesIO(content)

    def read(self, count=-1):
        return self._rest.read(count)


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def keep(person, content, name="log.txt", path="mail:1"):
    return incoming.keep_content(content, name, person=person, path=path)


def rows():
    db.session.rollback()
    return db.session.query(Attachment).order_by(Attachment.id).all()


def stored(row):
    return b"".join(places.at(row.place).read(row.key, 0, row.size))


@pytest.fixture
def refused(cast, stored_files):
    """Nothing of a refused file stays: no row, no bytes, nothing counted."""

    def ask(content, why, *, kind=Refused, name="log.txt", who="ada"):
        before = stored_files()
        with pytest.raises(kind, match=why):
            keep(getattr(cast, who), content, name)
        assert rows() == [] and stored_files() == before
        assert db.session.query(UsageCount).count() == 0

    return ask


@pytest.fixture
def stored_files(app):
    folder = Path(app.config["FILES_DIR"])
    return lambda: {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("wrap", [bytes, Pipe], ids=["bytes", "a stream"])
def test_a_file_is_attached_to_a_reply_with_the_act(cast, ticket, wrap):
    row = db.session.get(Attachment, keep(cast.ada, wrap(b"all lines")))
    builders.reply(ticket, by=cast.ada, files=[row])
    (row,) = rows()
    message = db.session.query(Message).one()
    assert (row.ticket_id, row.message_id, row.path, row.name) == (ticket.id, message.id, None, "log.txt")
    assert stored(row) == b"all lines"


def test_a_file_is_attached_to_a_ticket(cast, ticket, browse):
    row = db.session.get(Attachment, keep(cast.ada, files.PDF, "plan.pdf"))
    builders.act(attachments.attach, [row], ticket=ticket)
    assert "plan.pdf" in browse(cast.ada).get(f"/tickets/{ticket.id}").text
    assert browse(cast.ben).get(f"/tickets/{ticket.id}/files/{row.id}").status_code == 404


def test_a_picture_is_drawn_anew(cast):
    keep(cast.ada, Pipe(files.picture_with_secrets()), "red.png")
    (row,) = rows()
    assert row.kind == "picture" and row.small_key and b"secret" not in stored(row)


def test_what_a_form_refuses_is_refused_and_leaves_nothing(refused, app):
    refused(b"", "log.txt is empty")
    refused(files.EXE, "takes no files of the kind “Program”", name="setup.txt")
    refused(b"\x89PNG\r\n\x1a\n" + files.HTML, "This picture cannot be read", name="a.png")


def test_a_stream_is_read_no_further_than_a_file_may_be_long(refused, app):
    body = Pipe(bytes(app.config["MAX_FILE_MB"] * MB + 5 * MB))
    refused(body, "log.txt is too large. A file can have at most 25 MB.")
    assert len(body.read()) > 4 * MB


def test_the_part_of_the_disk_that_files_never_take_is_left(refused, monkeypatch):
    monkeypatch.setattr("os.statvfs", lambda path: disk_usage(1, 4096))
    refused(b"lines", "log.txt was not stored: the desk has no room left", kind=Unavailable)


def test_a_virus_is_refused_and_a_scanner_that_is_away_lets_nothing_through(refused, app, monkeypatch):
    with Clamd() as clamd:
        threading.Thread(target=clamd.serve_forever, daemon=True).start()
        monkeypatch.setitem(app.config, "CLAMAV_HOST", "127.0.0.1")
        monkeypatch.setitem(app.config, "CLAMAV_PORT", clamd.server_address[1])
        refused(files.EICAR, "the virus scanner found something in it")
        clamd.shutdown()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setitem(app.config, "CLAMAV_PORT", nobody.getsockname()[1])
        refused(b"lines", "could not be scanned for viruses just now", kind=Unavailable)


def test_more_files_than_a_form_may_have_are_refused(cast, app, monkeypatch):
    monkeypatch.setitem(app.config, "MAX_FILES", 2)
    for _time in range(2):
        keep(cast.ada, b"x")
    with pytest.raises(Refused, match="At most 2 files"):
        keep(cast.ada, b"x")
    keep(cast.ada, b"x", path="mail:2")
    assert len(rows()) == 3


def test_the_hourly_limit_and_the_quota_hold_and_an_agent_has_ten_times_as_much(cast, app, monkeypatch):
    monkeypatch.setitem(app.config, "LIMIT_UPLOAD_MB", 1)
    keep(cast.ada, bytes(MB))
    with pytest.raises(TooMany, match="as many files as one person can in an hour"):
        keep(cast.ada, b"x")
    for _time in range(2):
        keep(cast.cleo, bytes(MB))
    monkeypatch.setitem(app.config, "LIMIT_UPLOAD_MB", 0)
    monkeypatch.setitem(app.config, "FILES_QUOTA_MB", 1)
    with pytest.raises(Refused, match="used up the 1 MB"):
        keep(cast.ada, b"x")
    keep(cast.cleo, b"x")
    assert len(rows()) == 4


def test_what_is_kept_and_never_attached_is_nobodys_but_its_senders(cast, browse):
    number = keep(cast.ada, b"lines")
    assert browse(cast.ben).get(f"/files/{number}").status_code == 404
    builders.act(attachments.release, cast.ada, "mail:1")
    (row,) = rows()
    assert (row.path, row.ticket_id) == (None, None)  # The worker collects it.
