"""Marks on their way through the browser: sealed, so that nobody reads from them how much others have done."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken
from flask import Flask, current_app

from helpdesk.live.feed import Cursor

# All but marks with many gaps are of one length: it would tell something, too.
LENGTH = 64


def set_up(app: Flask) -> None:
    key = sha256(b"marks " + app.config["SECRET_KEY"].encode()).digest()
    app.extensions["marks"] = Fernet(urlsafe_b64encode(key))
    app.jinja_env.filters["sealed"] = sealed


def sealed(mark: Cursor) -> str:
    """The mark as letters, digits, "-", "_" and "="; another text each time."""
    token: bytes = current_app.extensions["marks"].encrypt(str(mark).ljust(LENGTH).encode())
    return token.decode()


def unsealed(text: str) -> Cursor | None:
    """None for anything that this desk has not sealed."""
    try:
        return Cursor.read(current_app.extensions["marks"].decrypt(text.encode()).decode().rstrip())
    except InvalidToken:
        return None
