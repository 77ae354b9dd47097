"""A flood of slow clients against the served desk, with every stream taken: pages go on, an honest upload arrives."""

import socket
import threading
import time
import urllib.request
from contextlib import closing

import pytest

from tests.conftest import SETTINGS
from tests.integrations.files.test_uploads import MB, Upload
from tests.support import builders
from tests.support.servers.listener import Audience, cookie_of
from tests.support.servers.live import LiveDesk

pytestmark = pytest.mark.soak

STREAMS, HEADS, SHORT, LONG, READERS = 24, 600, 200, 80, 8
# What an honest slow line sends: 25 MB at 64 KB/s.
SIZE, PIECE, REST = 25 * MB, 16 * 1024, 0.25


@pytest.fixture
def desk(_desk, database_url, files_dir):
    made = LiveDesk(
        **SETTINGS | {"DATABASE_URL": database_url, "FILES_DIR": files_dir, "PUBLIC_URL": "http://127.0.0.1"},
        WEB_WORKERS="1",
        WEB_THREADS="8",
        LIVE_STREAMS=str(STREAMS),
    )
    made.start_web()
    yield made
    made.stop()


class Flood:
    """Slow clients, each of which sends a byte a second, reads nothing, and comes again when it is thrown out."""

    def __init__(self, port):
        self.port, self.over, self.lines, self.thrown_out = port, False, {}, 0
        large = "POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
        self.kinds = [b"GET /login HTTP/1.1\r\nX: "] * HEADS
        self.kinds += [b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"] * SHORT
        self.kinds += [large.encode()] * LONG
        files = b"GET /bootstrap/css/bootstrap.min.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        self.kinds += [files * 20] * READERS
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.over:
            began = time.monotonic()
            for number, sent in enumerate(self.kinds):
                self._upload(number, sent)
            time.sleep(max(0, 1 - (time.monotonic() - began)))
        for line in self.lines.values():
            line.close()

    def _upload(self, number, sent):
        try:
            if number in self.lines:
                self.lines[number].send(b"x", socket.MSG_DONTWAIT)
            else:
                self.lines[number] = line = socket.socket()
                line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                line.settimeout(2)
                line.connect(("127.0.0.1", self.port))
                line.sendall(sent)
        except BlockingIOError:
            pass
        except OSError:
            self.lines.pop(number).close()
            self.thrown_out += 1

    def end(self):
        self.over = True
        self.thread.join(30)


def test_a_flood_of_slow_clients_stops_neither_pages_nor_an_honest_slow_upload(app, desk, cast):
    audience = Audience()
    people = [cast.cleo, cast.dan, cast.eve]
    streams = [audience.open(desk.port, cookie_of(app, person)) for person in people for _ in range(STREAMS // 3)]
    assert audience.wait(lambda: all(stream.is_open for stream in streams))
    flood = Flood(desk.port)
    honest = Upload(app, desk, cast.ada, f"/tickets/{builders.ticket(cast.ada).id}/reply", SIZE)
    cookie, took = cookie_of(app, cast.cleo), []
    try:
        for number in range(SIZE // PIECE):
            honest.send(bytes(PIECE))
            if number % 16 == 0:
                took.append(page(desk, cookie))
            time.sleep(REST)
        assert honest.end() == 201, "the honest slow upload arrived"
    finally:
        flood.end()
        audience.close()
        with closing(honest):
            pass
    took.sort()
    print(
        f"\n{len(took)} pages during a flood of {len(flood.kinds)} slow clients ({flood.thrown_out} thrown out):"
        f" median {took[len(took) // 2] * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms"
    )


def page(desk, cookie):
    began = time.monotonic()
    asked = urllib.request.Request(f"{desk.url}/triage", headers={"Cookie": f"desk={cookie}"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.status == 200
    return time.monotonic() - began
