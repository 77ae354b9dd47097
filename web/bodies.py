"""Bodies that do not say beforehand how long they are."""

from __future__ import annotations

from io import BytesIO

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge


def set_up(app: Flask) -> None:
    app.before_request(_measure)


def _measure() -> None:
    """Read a chunked body as far as is allowed. Werkzeug 3.1 would cut a longer form off at the limit, in silence."""
    environ, most = request.environ, current_app.config["MAX_CONTENT_LENGTH"]
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    body = environ["wsgi.input"].read(most + 1)
    if len(body) > most:
        raise RequestEntityTooLarge
    del environ["HTTP_TRANSFER_ENCODING"]
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
