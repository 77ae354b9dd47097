"""Error pages in the desk's own look: what happened, what to do, a way back, and what was typed."""

from __future__ import annotations

import logging
import secrets
import time
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from helpdesk.db import transactions
from helpdesk.errors import Refused
from web import callers, resubmission, throttle
from web.outages.outage_log import note

log = logging.getLogger("desk.error")
DRAIN_BYTES = 64 * 1024 * 1024
DRAIN_SECONDS = 20

PAGES = {
    400: (_l("This request could not be understood"), _l("Go back and try again. If you typed an address, check it.")),
    401: (
        _l("This needs a valid API token"),
        _l("Send it in the header of the request: Authorization: Bearer, then the token."),
    ),
    403: (
        _l("This is not open to you"),
        _l("Your account may not do this. If you think it should, ask one of the admins."),
    ),
    404: (
        _l("There is nothing here"),
        _l("The page does not exist, or it belongs to somebody else. Check the address, or start from your tickets."),
    ),
    405: (
        _l("This does not work that way"),
        _l("The page was asked for in a way it does not know. Go back and try again."),
    ),
    409: (_l("This is not possible right now"), ""),
    413: (
        _l("This is too much at once"),
        _l("What you sent is larger than the desk accepts. Shorten it and send it again."),
    ),
    429: (
        _l("Please wait a moment"),
        _l("There were too many tries in a short time. Wait a few minutes and try again."),
    ),
    500: (
        _l("Something went wrong on our side"),
        _l("Nothing was changed. Try again; if it happens again, tell your admin the number below."),
    ),
    503: (
        _l("The desk is not available for a moment"),
        _l("Nothing was changed. Try again in a minute."),
    ),
    507: (
        _l("There is no room for files"),
        _l("The desk has no room left for files. Please tell your IT team. Everything without a file still works."),
    ),
}
CSRF = (
    _l("This form is too old to be sent"),
    _l(
        "You have signed in or out since the page was opened. "
        "Nothing was sent. Open the page again and send it from there."
    ),
)


ELSEWHERE = (
    _l("This did not come from a page of the desk"),
    _l("Another site has sent it. Nothing was changed. Open the desk by its own address and do it there."),
)


def set_up(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Exception, crash)


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    if isinstance(error, RequestEntityTooLarge):
        _drain()
    title, advice = PAGES.get(error.code, (HTTPStatus(error.code).phrase, PAGES[400][1]))
    response = page(error.code, title, advice)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            response.headers[name] = value
    return response


def _csrf(error: CSRFError) -> Response:
    return page(400, *(ELSEWHERE if isinstance(error, callers.SentFromElsewhere) else CSRF))


def _refused(error: Refused) -> Response:
    code = throttle.status(error)
    return page(code, PAGES[code][0], str(error))


def crash(error: Exception) -> Response:
    number = g.get("request_id") or secrets.token_hex(6)
    log.error("crash", exc_info=error, extra={"error_id": number})
    return page(500, *PAGES[500], number=number)


def page(code: int, title: object, advice: object, **more: Any) -> Response:
    """One error page. It must come out whatever is broken, so a failing template falls back to plain words."""
    if not callers.is_browser():
        transactions.rollback()
        return callers.refusal(code, title, advice)
    typed = _typed() if code != 413 else {}
    _clear_up()
    try:
        html = render_template("errors/error.html", code=code, title=title, advice=advice, typed=typed, **more)
        transactions.rollback()
    except Exception as error:
        note(log, "error page failed", error)
        html = PLAIN.format(title=title, advice=advice)
    return make_response(html, code)


def _clear_up() -> None:
    """Have what the page needs: addresses also for an unknown host, and a person fully loaded, or nobody."""
    if request_ctx.url_adapter is None:
        request_ctx.url_adapter = current_app.url_map.bind("")
    try:
        transactions.rollback()
        # Load the person now, if there is one: the template must not meet a database that has gone away.
        if current_user.is_authenticated and not current_user.name:
            raise LookupError("nobody")
    except Exception as error:
        note(log, "person not known", error)
        g._login_user = AnonymousUserMixin()


def _typed() -> dict[str, str]:
    """What was typed, so that it can be copied: long texts and short ones, no ticks and no hidden marks."""
    if request.method != "POST":
        return {}
    try:
        fields = resubmission.typed_fields()
    except HTTPException:
        return {}
    return {name: value for name, value in fields.items() if value.strip() and name in SHOWN}


SHOWN = ("subject", "description", "body", "reason", "name", "email", "requester", "watcher")
PLAIN = Markup("<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1><p>{advice}</p><a href=/>Start</a>")


def _drain() -> None:
    """Read what is still coming, within bounds, so that the browser gets to see the page instead of a broken line."""
    stream, until, left = request.environ["wsgi.input"], time.monotonic() + DRAIN_SECONDS, DRAIN_BYTES
    length = request.content_length
    left = min(left, length) if length is not None else left
    try:
        while left > 0 and time.monotonic() < until:
            chunk = stream.read(min(left, 65536))
            if not chunk:
                return
            left -= len(chunk)
    except OSError:
        return
