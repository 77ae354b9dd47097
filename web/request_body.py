"""How long a body may be, also one that does not say so beforehand."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge

from web.files import uploads

CHUNK = 65536


def set_up(app: Flask) -> None:
    app.request_class = uploads.FormRequest
    app.before_request(_measure)


def _measure() -> None:
    """Read a chunked body as far as is allowed. Werkzeug 3.1 would cut a longer form off at the limit, in silence."""
    environ, most = request.environ, uploads.most_bytes(request)
    request.max_content_length = most
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    ordinary = most <= current_app.config["MAX_CONTENT_LENGTH"]
    body: IO[bytes] = BytesIO() if ordinary else uploads.temporary()
    size = 0
    while chunk := environ["wsgi.input"].read(min(CHUNK, most + 1 - size)):
        size += len(chunk)
        if size > most:
            body.close()
            raise RequestEntityTooLarge
        if not ordinary and not uploads.has_room():
            body.close()
            raise uploads.NoRoom
        body.write(chunk)
    body.seek(0)
    del environ["HTTP_TRANSFER_ENCODING"]
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
