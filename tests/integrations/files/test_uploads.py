"""Uploads as they meet gunicorn: torn ones, slow ones, one without an end; and what others notice of them."""

import select
import socket
import time
from contextlib import closing
from pathlib import Path

import pytest

from models import Attachment, db
from tests.conftest import SETTINGS
from tests.support import builders, files
from tests.support.browser import Browser
from tests.support.servers.listener import cookie_of
from tests.support.servers.live import LiveDesk

BORDER = "----border"
MB = 1024 * 1024


@pytest.fixture(scope="module")
def desk(_desk, database_url, files_dir):
    made = LiveDesk(
        **SETTINGS | {"DATABASE_URL": database_url, "FILES_DIR": files_dir, "PUBLIC_URL": "http://127.0.0.1"},
        WEB_WORKERS="1",
        WEB_THREADS="2",
    )
    made.start_web()
    yield made
    made.stop()


class Upload:
    """A file on its way over a plain socket: as much of it at a time as the test wants."""

    def __init__(self, app, desk, person, path, size, *, chunked=False):
        browser = Browser(app).sign_in(person)
        cookie, fields = browser.client.get_cookie("desk").value, {"csrf_token": browser.token(), "path": path}
        cookie = browser.client.get_cookie("desk").value or cookie
        head = "".join(
            f'--{BORDER}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields.items()
        )
        head += f'--{BORDER}\r\nContent-Disposition: form-data; name="file"; filename="log.bin"\r\n\r\n'
        self.head, self.tail = head.encode(), f"\r\n--{BORDER}--\r\n".encode()
        length = len(self.head) + size + len(self.tail)
        counted = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
        self.line = socket.create_connection(("127.0.0.1", desk.port), timeout=30)
        self.line.sendall(
            f"POST /files HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nCookie: desk={cookie}\r\n{counted}\r\n"
            f"Content-Type: multipart/form-data; boundary={BORDER}\r\nConnection: close\r\n\r\n".encode()
        )
        self.chunked = chunked
        self.send(self.head)

    def send(self, data):
        self.line.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n" if self.chunked else data)

    def end(self):
        """The last bytes, and the status of the answer."""
        self.send(self.tail)
        if self.chunked:
            self.line.sendall(b"0\r\n\r\n")
        return self.status()

    def status(self):
        said = b""
        while b"\r\n" not in said and (more := self.line.recv(65536)):
            said += more
        return int(said.split(b" ", 2)[1])

    def close(self):
        self.line.close()


@pytest.fixture
def upload(app, desk, cast):
    opened = []

    def begin(size, **more):
        path = f"/tickets/{builders.ticket(cast.ada).id}/reply"
        opened.append(Upload(app, desk, cast.ada, path, size, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def count_of_files():
    db.session.rollback()
    return db.session.query(Attachment).count()


def on_their_way(desk):
    """Files that have a name while they are on their way would lie here; those without one are in no folder."""
    return list((Path(desk.env["FILES_DIR"]) / "incoming").glob("*"))


def test_a_whole_upload_is_kept(upload):
    one = upload(1000)
    one.send(bytes(1000))
    assert one.end() == 201 and count_of_files() == 1


def test_a_torn_upload_leaves_nothing(upload, desk):
    one = upload(5 * MB)
    one.send(bytes(2 * MB))
    one.close()
    time.sleep(0.5)
    assert count_of_files() == 0 and on_their_way(desk) == []
    again = upload(10)
    again.send(bytes(10))
    assert again.end() == 201


def test_a_chunked_body_is_kept_like_any_other(upload):
    one = upload(0, chunked=True)
    for _part in range(5):
        one.send(bytes(300_000))
    assert one.end() == 201
    assert db.session.query(Attachment).one().size == 1_500_000


def test_a_chunked_body_of_1_gb_is_stopped_early_and_costs_no_memory(upload, desk):
    before = memory(desk)
    one, sent = upload(0, chunked=True), 0
    try:
        for _part in range(1024):
            one.send(bytes(MB))
            sent += 1
    except OSError:
        pass
    assert sent < 200, "a gigabyte was read"
    assert count_of_files() == 0 and on_their_way(desk) == []
    assert memory(desk) - before < 16 * MB


def memory(desk):
    """What the desk's processes hold of the machine's memory, in bytes."""
    return sum(_resident(number) for number in _family(desk.web.pid))


def _family(number):
    found = [number]
    for child in Path(f"/proc/{number}/task/{number}/children").read_text().split():
        found += _family(int(child))
    return found


def _resident(number):
    return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * 4096


def test_ten_slow_uploads_at_once_hold_nobody_up(app, upload, desk, cast):
    """With two lines to the database: an upload holds none while it comes in."""
    slow = [upload(100_000) for _number in range(10)]
    cookie = cookie_of(app, cast.cleo)
    for part in range(5):
        for one in slow:
            one.send(bytes(20_000))
        started = time.monotonic()
        assert fetched(desk, cookie) == 200
        assert time.monotonic() - started < 5
    assert [one.end() for one in slow] == [201] * 10
    assert count_of_files() == 10


def test_films_of_few_bytes_that_wait_for_their_turn_hold_no_page_up(app, upload, desk, cast):
    """With two threads for pages."""
    content = files.film(frames=7)
    films = [upload(len(content)) for _number in range(2)]
    for one in films:
        one.send(content + one.tail)
    cookie = cookie_of(app, cast.cleo)
    assert [fetched(desk, cookie) for _time in range(4)] == [200] * 4
    answered, _writable, _broken = select.select([one.line for one in films], [], [], 0)
    assert not answered, "the films were drawn before the pages came"


def fetched(desk, cookie):
    with closing(socket.create_connection(("127.0.0.1", desk.port), timeout=10)) as line:
        head = f"GET /triage HTTP/1.1\r\nHost: 127.0.0.1:{desk.port}\r\nCookie: desk={cookie}\r\n"
        line.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return int(line.recv(65536).split(b" ", 2)[1])
