"""How long a body may be, also one that does not say so beforehand."""

from __future__ import annotations

from io import BytesIO
from typing import IO

from flask import Flask, current_app, g, request, session
from werkzeug.exceptions import RequestEntityTooLarge

from helpdesk.access import body_limits
from web import callers
from web.files import uploads

CHUNK = 65536


def set_up(app: Flask) -> None:
    app.request_class = uploads.FormRequest
    app.before_request(_measure)


def _decide() -> None:
    """The limit of the row, for the person who calls. A browser sends files in forms, and only somebody who is, or
    was, signed in: the cookie is sealed by us.
    """
    limit, config = callers.entry().limit, current_app.config
    if callers.is_browser() and ("_user_id" not in session or request.mimetype != "multipart/form-data"):
        limit = body_limits.FORM
    _keep(limit(config, None))  # Also where the database does not answer: what was typed comes back.
    if limit is not body_limits.FORM and (person := callers.signed_in()) is not None:
        _keep(limit(config, person))
        callers.forget_person()


def _keep(limit: body_limits.BodyLimit) -> None:
    g.body_limit, request.max_content_length = limit, limit.body


def _measure() -> None:
    """Read a chunked body as far as is allowed. Werkzeug 3.1 would cut a longer form off at the limit, in silence."""
    _decide()
    environ, most = request.environ, g.body_limit.body
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return
    ordinary = not g.body_limit.file
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
