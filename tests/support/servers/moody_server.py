"""An SMTP server on loopback that follows a mood: what it does at each step of each mail."""

import email
import email.policy
import socket
import threading
import time

# What a server can do instead of answering. "lost" takes the mail and closes the connection without a word.
SILENT = ("drop", "hang", "endless", "slow", "trickle", "garbage", "lost")


class MoodyServer:
    """`mood(step, count)` returns None to go on, an SMTP reply such as "550 no", or one of SILENT.

    `count` is the number of the mail, from 1, and 0 before the first. `taken` holds the Message-IDs of the mails that
    the server has, in their order; `connections` counts how often somebody came.
    """

    def __init__(self, mood=lambda step, count: None, extensions=("SIZE 100000",)):
        self.mood, self.extensions = mood, extensions
        self.taken, self.connections, self.mails = [], 0, 0
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *problem):
        self._over.set()
        self._listener.close()

    @property
    def settings(self):
        return {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(self.port)}

    def _accept(self):
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                self._talk(connection, lines)
            except (_Over, OSError):
                pass

    def _talk(self, connection, lines):
        self._act("greeting", connection, "220 moody")
        while line := lines.readline():
            verb = line[:4].strip().upper().decode("latin-1")
            if verb == "EHLO":
                self._act(
                    "ehlo", connection, "\r\n".join(["250-moody", *(f"250-{e}" for e in self.extensions), "250 HELP"])
                )
            elif verb == "HELO":
                self._act("ehlo", connection, "250 moody")
            elif verb == "STAR":
                self._act("starttls", connection, "220 go on")
            elif verb == "MAIL":
                self.mails += 1
                self._act("mail", connection, "250 yes")
            elif verb == "RCPT":
                self._act("rcpt", connection, "250 yes")
            elif verb == "DATA":
                if self._act("data", connection, "354 go on"):
                    self._take(connection, lines)
            else:
                connection.sendall(b"221 bye\r\n" if verb == "QUIT" else b"250 yes\r\n")

    def _take(self, connection, lines):
        text = b"".join(iter(lines.readline, b".\r\n"))
        name = email.message_from_bytes(text, policy=email.policy.default)["Message-ID"]
        mood = self.mood("dot", self.mails)
        if mood is None or mood == "lost":
            self.taken.append(name)
        self._answer(mood, connection, "250 taken")

    def _act(self, step, connection, reply):
        """Answer as the mood is. Returns whether it was the usual answer."""
        return self._answer(self.mood(step, self.mails), connection, reply)

    def _answer(self, mood, connection, reply):
        if mood in SILENT:
            getattr(self, f"_{mood}")(connection)
            raise _Over
        connection.sendall(f"{mood or reply}\r\n".encode())
        return mood is None

    def _drop(self, connection):
        pass

    def _lost(self, connection):
        pass

    def _garbage(self, connection):
        connection.sendall(b"\x00\xff\xfe nothing that anybody knows\r\n")

    def _hang(self, connection):
        """Say nothing until the other side goes away."""
        while not self._over.is_set() and connection.recv(4096):
            pass

    def _endless(self, connection):
        """A reply of ever more lines, as fast as they are read."""
        while not self._over.is_set():
            connection.sendall(b"220-and another line\r\n" * 100)

    def _slow(self, connection):
        """A reply of ever more lines, one after the other."""
        while not self._over.wait(0.02):
            connection.sendall(b"220-and another line\r\n")

    def _trickle(self, connection):
        """One line that never ends, byte by byte."""
        connection.sendall(b"250 ")
        while not self._over.wait(0.02):
            connection.sendall(b"x")


class _Over(Exception):
    """The server has said what it had to say."""


def wait_until(true, seconds=15):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.02)
