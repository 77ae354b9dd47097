"""Viruses, by ClamAV's own server clamd: a file is sent to it over its socket, and it says what it found."""

from __future__ import annotations

import socket
import struct
from typing import BinaryIO

from flask import current_app

CHUNK = 65536
SECONDS = 60


class ScannerUnavailable(Exception):
    """The scanner does not answer, or not as it should. The message says why."""


def is_set() -> bool:
    return bool(current_app.config["CLAMAV_HOST"])


def scan(source: BinaryIO) -> str | None:
    """The name of the virus that was found; None where there is none, or no scanner is set. Raises ScannerUnavailable.

    The protocol is clamd's INSTREAM (its manual, clamd(8)): chunks with their length in front, an empty one at the end.
    """
    if not is_set():
        return None
    source.seek(0)
    said = _ask(b"zINSTREAM\0", source)
    if said == "stream: OK":
        return None
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScannerUnavailable(said or "it hung up without a word")


def check() -> None:
    """Raises ScannerUnavailable where the scanner does not answer."""
    said = _ask(b"zPING\0")
    if said != "PONG":
        raise ScannerUnavailable(said or "it hung up without a word")


def _ask(command: bytes, source: BinaryIO | None = None) -> str:
    where = current_app.config["CLAMAV_HOST"], current_app.config["CLAMAV_PORT"]
    try:
        with socket.create_connection(where, timeout=SECONDS) as line:
            line.sendall(command)
            try:
                _send(line, source)
            except ConnectionError:
                pass  # It refuses what is too long for it by hanging up, and has said so before.
            return _answer(line)
    except OSError as error:
        raise ScannerUnavailable(str(error) or type(error).__name__) from error


def _send(line: socket.socket, source: BinaryIO | None) -> None:
    if source is None:
        return
    while chunk := source.read(CHUNK):
        line.sendall(struct.pack("!L", len(chunk)) + chunk)
    line.sendall(struct.pack("!L", 0))


def _answer(line: socket.socket) -> str:
    said = b""
    while len(said) < 4096 and not said.endswith(b"\0") and (more := line.recv(4096)):
        said += more
    return said.rstrip(b"\0\n").decode("utf-8", "replace")
