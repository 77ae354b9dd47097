"""A client's connection under our gunicorn worker: how long anybody waits for it, and when its request is complete."""

from __future__ import annotations

import errno
import re
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn

# Seconds for a request line and its headers, and once more for a short body behind them.
HEAD_SECONDS = 10.0
HEAD_BYTES = 32 * 1024
# A body up to this size is read before the request gets a thread at all.
SHORT_BODY = 64 * 1024
READ_BYTES = 64 * 1024
# Longer bodies and answers: seconds that their thread waits in a row, and the bytes that earn a second more.
PATIENCE = 20.0
FLOOR = 1024
# The floor while all threads for slow clients are busy. An honest slow line (64 KB/s) stays above it.
BUSY_FLOOR = 32 * 1024

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*\r\n", re.IGNORECASE)
# The length is not known beforehand, or the client waits for our word before it sends the body.
OPEN_END = re.compile(rb"\r\n(?:transfer-encoding|expect):", re.IGNORECASE)
# A file in a form, however few bytes it has: a picture or a virus scan may have to wait for its turn.
FILE = re.compile(rb"filename[^=\r\n]{0,8}=(?!\"\")", re.IGNORECASE)
PROBE = re.compile(rb"GET /(?:healthz|readyz)[? ]")


class Line(socket.socket):
    """The socket of a connection. A thread waits for the client only where `patient`, and within the pace.

    Elsewhere what is sent collects in `unsent`, and what has not arrived yet counts as lost.
    """

    patient = False
    floor: Callable[[], int] = staticmethod(lambda: FLOOR)

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self.unsent = bytearray()
        self.left = PATIENCE

    def receive(self, size: int) -> bytes:
        if self.patient:
            data: bytes = self._paced(partial(self.recv, size), len)
            return data
        try:
            return self.recv(size, socket.MSG_DONTWAIT)
        except BlockingIOError:
            raise ConnectionResetError(errno.ECONNRESET, "the body is not what its headers said") from None

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.unsent += data
        if self.patient:
            self.flush()

    def push(self) -> None:
        """Send what the client takes at once."""
        try:
            while self.unsent:
                del self.unsent[: self.send(self.unsent, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass

    def flush(self) -> None:
        """Send the rest, as slowly as the client takes it. Raises ConnectionResetError where that is too slow."""
        data, self.unsent = memoryview(self.unsent), bytearray()
        while data:
            data = data[self._paced(partial(self.send, data), int) :]

    def _paced(self, act: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        self.settimeout(max(self.left, 0.01))
        began = time.monotonic()
        try:
            done = act()
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the client is too slow") from None
        waited = time.monotonic() - began
        self.left = min(PATIENCE, self.left - waited + size(done) / self.floor())
        return done


class PacedUnreader(SocketUnreader):  # type: ignore[misc]
    """Where gunicorn's parser reads: what has arrived so far, then the line."""

    def chunk(self, size_hint: int | None = None) -> bytes:
        size = min(max(size_hint or 0, self.mxchunk), self.max_body_chunk)
        data: bytes = self.sock.receive(size)
        return data


class Connection(TConn):  # type: ignore[misc]
    """What has arrived of the next request, until when the rest has to, and what is left to do of the last one."""

    def __init__(self, cfg: Any, line: Line, client: Any, server: Any) -> None:
        super().__init__(cfg, line, client, server)
        self.parser = RequestParser(cfg, line, client)
        self.parser.unreader = PacedUnreader(line)
        self.initialized = self.data_ready = True
        self.arrived = bytearray()
        self.expected: int | None = None
        self.deadline = 0.0
        self.watched, self.closing, self.discarded = False, False, 0
        self.rest: tuple[str, Callable[[], bool]] | None = None

    def lane(self) -> str | None:
        """Which threads can serve the request that has arrived: "pages", "probes" or "slow"; None while it has not."""
        if self.expected is None:
            end = self.arrived.find(b"\r\n\r\n") + 4
            if end < 4:
                return None
            head = bytes(self.arrived[:end])
            if OPEN_END.search(head):
                return "slow"
            length = LENGTH.search(head)
            self.expected = end + (int(length[1]) if length else 0)
            if self.expected > end + SHORT_BODY:
                return "slow"
            self.deadline = time.monotonic() + HEAD_SECONDS
        if len(self.arrived) < self.expected:
            return None
        if self.arrived.startswith(b"POST ") and FILE.search(self.arrived, 0, self.expected):
            return "slow"
        return "probes" if PROBE.match(self.arrived) else "pages"

    def hand_over(self) -> None:
        """Give what has arrived to the parser."""
        self.parser.unreader.unread(bytes(self.arrived))
        self.arrived, self.expected = bytearray(), None

    def take_back(self) -> None:
        """What the parser has read beyond its request belongs to the next one."""
        self.arrived += self.parser.unreader.take_buffered()
