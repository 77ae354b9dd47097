"""The virus scanner: a server on this machine that speaks clamd's protocol, and what the desk makes of its answers."""

import socket
import socketserver
import struct
import threading

import pytest

from models import Attachment, db
from tests.support import files

pytestmark = pytest.mark.once


class Clamd(socketserver.ThreadingTCPServer):
    """Says what clamd says: FOUND where the test file of all scanners is in it. `says` replaces its answer."""

    daemon_threads = allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Line)
        self.got, self.says = b"", None


class _Line(socketserver.StreamRequestHandler):
    def handle(self):
        command = b"".join(iter(lambda: self.rfile.read(1), b"\0"))
        if command == b"zPING":
            return self.wfile.write(b"PONG\0")
        assert command == b"zINSTREAM"
        got = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            got += self.rfile.read(length)
            if self.server.says == "hang up":
                return self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
        self.server.got = got
        said = "stream: Eicar-Test-Signature FOUND" if files.EICAR in got else "stream: OK"
        self.wfile.write((self.server.says if self.server.says is not None else said).encode() + b"\0")


@pytest.fixture
def clamd():
    with Clamd() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def ada(clamd, make_app, browse, cast):
    return browse(cast.ada, desk=make_app(CLAMAV_HOST="127.0.0.1", CLAMAV_PORT=str(clamd.server_address[1])))


def test_a_clean_file_is_scanned_whole_and_taken(ada, clamd):
    content = bytes(range(256)) * 2000
    assert files.attach(ada, "/tickets/new", "a.bin", content).status_code == 201
    assert clamd.got == content


def test_the_test_virus_is_refused_and_nothing_of_it_stays(ada):
    answer = files.attach(ada, "/tickets/new", "eicar.txt", files.EICAR)
    assert answer.status_code == 422
    assert answer.json["why"] == "eicar.txt is refused: the virus scanner found something in it."
    assert db.session.query(Attachment).count() == 0


def test_a_picture_is_scanned_as_it_came(ada, clamd):
    content = files.photo_with_secrets()
    assert files.attach(ada, "/tickets/new", "a.jpg", content).status_code == 201
    assert clamd.got == content
    assert files.attach(ada, "/tickets/new", "b.png", files.picture() + files.EICAR).status_code == 422


@pytest.mark.parametrize("says", ["", "stream: x ERROR", "hang up", "FOUND"])
def test_a_scanner_that_does_not_say_that_all_is_well_lets_nothing_pass(ada, clamd, says):
    clamd.says = says
    answer = files.attach(ada, "/tickets/new", "a.bin", bytes(3_000_000))
    assert answer.status_code == 503 and "could not be scanned for viruses just now" in answer.json["why"]
    assert db.session.query(Attachment).count() == 0


def test_a_scanner_that_is_away_lets_nothing_pass(make_app, browse, cast):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        desk = make_app(CLAMAV_HOST="127.0.0.1", CLAMAV_PORT=str(nobody.getsockname()[1]))
        answer = files.attach(browse(cast.ada, desk=desk), "/tickets/new", "a.txt", b"words")
    assert answer.status_code == 503 and db.session.query(Attachment).count() == 0
