"""Browsers that listen to live news over plain sockets: many at once, each with what it was told."""

import json
import re
import selectors
import socket
import time

from tests.support.browser import Browser


def cookie_of(app, person):
    """The cookie of a new session, as the browser would send it."""
    return Browser(app).sign_in(person).client.get_cookie("desk").value


class Listener:
    """One stream: its `status` once it has answered, its `hints`, the `last_id` of them, whether it `ended`."""

    def __init__(self, audience, port, cookie, since="", last=""):
        self.audience, self.raw, self.ended, self.at = audience, b"", False, []
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        head = f"GET /live?since={since} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: desk={cookie}\r\n"
        head += f"Last-Event-ID: {last}\r\n" if last else ""
        self.sock.sendall(f"{head}\r\n".encode())
        self.sock.setblocking(False)
        audience.selector.register(self.sock, selectors.EVENT_READ, self)
        audience.listeners.append(self)

    def read(self):
        try:
            got = self.sock.recv(65536)
        except OSError:
            got = b""
        before = len(self.hints) if self.audience.timing else 0
        self.raw += got
        if self.audience.timing and len(self.hints) > before:
            self.at.append(time.monotonic())
        if not got or self.raw.endswith(b"\r\n0\r\n\r\n"):
            self.close()

    def close(self):
        if not self.ended:
            self.ended = True
            self.audience.selector.unregister(self.sock)
            self.sock.close()

    @property
    def status(self):
        return int(self.raw.split(b" ", 2)[1]) if b"\r\n\r\n" in self.raw else None

    @property
    def is_open(self):
        return b": hello" in self.raw and not self.ended

    @property
    def hints(self):
        return [json.loads(line) for line in re.findall(rb'^data: (\{"tickets".*)$', self.raw, re.M)]

    @property
    def tickets(self):
        return [ticket for hint in self.hints for ticket in hint["tickets"]]

    @property
    def last_id(self):
        return re.findall(rb"^id: (\S+)$", self.raw, re.M)[-1].decode()


class Audience:
    """Many listeners, read by whoever calls `wait`."""

    def __init__(self, timing=False):
        self.selector, self.listeners, self.timing = selectors.DefaultSelector(), [], timing

    def open(self, port, cookie, **more):
        return Listener(self, port, cookie, **more)

    def wait(self, until=lambda: False, seconds=5):
        """Read what comes until `until` holds; says whether it did in this time."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                return False
            for key, _events in self.selector.select(0.02):
                key.data.read()
        return True

    def close(self):
        for listener in self.listeners:
            listener.close()
        self.selector.close()
