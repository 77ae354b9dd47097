"""Who is calling: a browser by its session, a program by an API token, or another server by a signed hook.

The permission of a row says which of them it takes. Only the browser has a cookie, a CSRF token and a sign-in page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import (
    Flask,
    Request,
    Response,
    abort,
    current_app,
    g,
    jsonify,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from helpdesk.access import body_limits
from helpdesk.access.permissions import ANYONE, HOOK, TOKEN, Answer
from helpdesk.accounts import sessions
from helpdesk.db import transactions
from models import Person

SAFE = ("GET", "HEAD", "OPTIONS")
LONGEST_BACK = 4000

login_manager = LoginManager()
csrf = CSRFProtect()


@dataclass(frozen=True)
class Checkers:
    """What proves who a program is: `token` finds the person and the scopes of an API token, a hook's own checker
    looks at its signature.
    """

    token: Callable[[str], tuple[Person, Collection[str]] | None] | None = None
    hooks: Mapping[str, Callable[[Request], bool]] = field(default_factory=dict)

    def know(self, answer: Answer) -> bool:
        if isinstance(answer, TOKEN):
            return self.token is not None
        return not isinstance(answer, HOOK) or answer.name in self.hooks


@dataclass(frozen=True)
class Entry:
    """What a row of the map says of its callers."""

    answer: Answer
    limit: body_limits.Limit


def entry() -> Entry:
    """That of the row this request is for. What is on no row is answered with a page, as to a browser."""
    method = "GET" if request.method == "HEAD" else request.method
    found: Entry | None = current_app.extensions["map"].get((method, request.endpoint))
    return found or Entry(ANYONE, body_limits.FORM)


def is_browser() -> bool:
    return not isinstance(entry().answer, (TOKEN, HOOK))


def _meet() -> None:
    """Before the body is read: forget the cookie of whoever is no browser, and let a token be a valid one."""
    if is_browser():
        return
    session.clear()
    if isinstance(entry().answer, TOKEN) and signed_in() is None:
        _ask_to_sign_in()
    forget_person()


def forget_person() -> None:
    """Hold no line to the database for the person; whoever asks next loads them anew."""
    transactions.rollback()
    g.pop("_login_user", None)


def admit(answer: Answer) -> None:
    """Once the body may be read: check the signature of a hook, and that a form comes from a page of ours."""
    if isinstance(answer, HOOK):
        if not _checkers().hooks[answer.name](request):
            abort(403)
    elif not isinstance(answer, TOKEN) and request.method not in SAFE:
        g.csrf_error = _csrf_error()


def may(answer: Answer, person: Person | None, things: dict[str, Any]) -> bool:
    in_scope = not isinstance(answer, TOKEN) or answer.scope in g.get("token_scopes", ())
    return in_scope and answer(person, things)


def refusal(code: int, title: object, advice: object) -> Response:
    """An error for a program: JSON to whoever has a token, plain text to a hook."""
    if isinstance(entry().answer, HOOK):
        return Response(f"{title}\n", code, mimetype="text/plain")
    return make_response(jsonify(error=str(title), why=str(advice)), code)


def _checkers() -> Checkers:
    found: Checkers = current_app.extensions["callers"]
    return found


def signed_in() -> Person | None:
    """The real person, never Flask-Login's proxy; None for somebody who is not signed in."""
    return current_user._get_current_object() if current_user.is_authenticated else None


class SentFromElsewhere(CSRFError):  # type: ignore[misc]
    """The browser itself says that another site, or another host of this one, has sent the form."""


def _csrf_error() -> CSRFError | None:
    if not current_app.config.get("WTF_CSRF_ENABLED", True):
        return None
    # A second check beside the token (Fetch Metadata). Browsers of before 2023 and programs do not send the header.
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return SentFromElsewhere()
    try:
        csrf.protect()
    except CSRFError as error:
        return error
    return None


@login_manager.user_loader  # type: ignore[untyped-decorator]
def _of_session(token: str) -> Person | None:
    return sessions.find(token)


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _of_token(request: Request) -> Person | None:
    """The person of the API token (RFC 6750), on rows that take one."""
    shown, check = request.authorization, _checkers().token
    if check is None or not isinstance(entry().answer, TOKEN):
        return None
    if shown is None or shown.type != "bearer" or not shown.token or (found := check(shown.token)) is None:
        return None
    person, g.token_scopes = found
    return person


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def _ask_to_sign_in() -> Any:
    """Pages lead to the sign-in and back; a form that was sent is carried along, so that nothing typed is lost."""
    if not is_browser():
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "desk"}))
    if request.method in SAFE:
        wanted = request.full_path.rstrip("?")
        # Inside another address it grows by two thirds, and servers take no endless ones.
        back = wanted if len(wanted) <= LONGEST_BACK else request.path
        return redirect(url_for("accounts.sign_in", next=back), 303)
    from web import resubmission

    return resubmission.show_sign_in()


def set_up(app: Flask) -> None:
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", False)
    csrf.init_app(app)
    login_manager.init_app(app)
    login_manager.session_protection = None
    app.before_request(_meet)
