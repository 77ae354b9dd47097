"""The door every request passes: who is it, which ticket, may they; then the view; then one commit, or none."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import wraps
from typing import Any

from flask import Flask, Response, abort, current_app, g, make_response, request, session
from sqlalchemy.exc import DBAPIError
from werkzeug.routing import BaseConverter

from helpdesk.access import body_limits, lookups, permissions
from helpdesk.accounts import sessions
from helpdesk.choices import BODY_MAX
from helpdesk.db import transactions
from helpdesk.live import feed
from helpdesk.markup import markdown
from helpdesk.text import clean
from helpdesk.tickets import drafts, undo
from models import Person
from web import callers
from web.callers import SAFE, signed_in
from web.pages import Page

TRIES = 3
View = Callable[..., Any]
Row = tuple[str, str, View, permissions.Answer] | tuple[str, str, View, permissions.Answer, body_limits.Limit]

# How the parts of an address are found, each among what the person may see. Below a ticket: inside that ticket.
FINDERS: dict[str, Callable[..., Any]] = {
    "ticket": lookups.find_ticket,
    "message": lookups.find_message,
    "event": undo.find_event,
    "file": lookups.find_file,
    "upload": lookups.find_upload,
    "watcher": lookups.find_watcher,
    "session": lookups.find_session,
    "person": lookups.find_person,
    "delivery": lookups.find_delivery,
    "category": lookups.find_category,
    "view": lookups.find_view,
    "job": lookups.find_job,
    "import_job": lookups.find_import,
}
IN_TICKET = ("message", "event", "watcher", "file")


class NumberConverter(BaseConverter):
    """An id of up to nine digits, so that every database takes it. It never queries."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: Any) -> str:
        return str(getattr(value, "id", value))


def before_writing(prepare: Callable[..., dict[str, Any]]) -> Callable[[View], View]:
    """Let `prepare` do slow work (hash a password, take files in) before the view takes its turn to write.

    It runs for unsafe methods only, once the form is known to be ours, and returns keyword arguments for the view.
    What is found of the address and who may do it comes after it, so it changes nothing that it has not looked into.
    """

    def declare(view: View) -> View:
        view.prepare = prepare  # type: ignore[attr-defined]
        return view

    return declare


def renders(*fields: str) -> Callable[[View], View]:
    """Have what was typed into these fields rendered before the view takes its turn to write, to be kept with it."""

    def declare(view: View) -> View:
        view.renders = fields  # type: ignore[attr-defined]
        return view

    return declare


def role_required(answer: permissions.Answer) -> Callable[[View], View]:
    """The role decorator that the door puts around every view, on Flask-Login's current_user."""

    def decorate(view: View) -> View:
        wanted = inspect.signature(view).parameters

        @wraps(view)
        def guarded(**address: Any) -> Any:
            # What is open to anyone and asks for nobody (style sheets, health) costs no look into the database.
            for_nobody = answer is permissions.ANYONE or isinstance(answer, permissions.HOOK)
            person = signed_in() if not for_nobody or "me" in wanted else None
            if person is None and not for_nobody:
                return callers.login_manager.unauthorized()
            if person is not None:
                g.mark = feed.cursor(person.news_stood)  # Before the page reads: what comes later is told to it.
            things = _find(person, address)
            if not callers.may(answer, person, things):
                abort(403)
            if g.get("csrf_error") is not None:
                raise g.csrf_error
            given = things | g.get("prepared", {}) | ({"me": person} if "me" in wanted else {})
            return view(**given)

        return guarded

    return decorate


def hang(app: Flask, routes: list[Row], checkers: callers.Checkers) -> None:
    """Put the door around every view of the map. A row that names no permission, or a caller whom nobody checks,
    cannot start: it raises ValueError.
    """
    app.url_map.converters["default"] = NumberConverter
    app.extensions["callers"], entries = checkers, app.extensions.setdefault("map", {})
    hung: dict[str, tuple[View, permissions.Answer]] = {}
    for method, path, view, answer, *limit in routes:
        if not permissions.is_named(answer):
            raise ValueError(f"{method} {path} names no permission of helpdesk/access/permissions.py")
        if not checkers.know(answer):
            raise ValueError(f"{method} {path} takes a caller whom nobody checks: {answer}")
        endpoint = f"{view.__module__.rpartition('.')[2]}.{view.__name__}"
        opened, known = hung.setdefault(endpoint, (_open(view, answer), answer))
        if known != answer:
            raise ValueError(f"{endpoint} is on the map with two different permissions")
        entries[method, endpoint] = callers.Entry(answer, *(limit or [body_limits.FORM]))
        app.add_url_rule(path, endpoint, opened, methods=[method], provide_automatic_options=False)
    app.before_request(lambda: abort(404) if request.endpoint and request.endpoint not in hung else None)


def _open(view: View, answer: permissions.Answer) -> View:
    guarded = role_required(answer)(view)

    @wraps(view)
    def opened(**address: Any) -> Response:
        callers.admit(answer)
        return _read(guarded, address) if request.method in SAFE else _change(view, guarded, address)

    return opened


def _read(guarded: View, address: dict[str, Any]) -> Response:
    try:
        response = _with_page(make_response(guarded(**address)))
    finally:
        transactions.rollback()
    _run_asides()
    return response


def _change(view: View, guarded: View, address: dict[str, Any]) -> Response:
    """Read the body, do the slow work, take the turn, load person and things, run the view, commit if all is well.

    The page of the answer is written afterwards: it takes longer than all the rest, and others wait for their turn.
    """
    prepare = getattr(view, "prepare", None)
    if prepare is not None and g.get("csrf_error") is None:
        g.prepared = prepare(**({"me": signed_in()} if "me" in inspect.signature(prepare).parameters else {}))
    if g.get("csrf_error") is None:
        _render_typed(view)
    cookie = deepcopy(dict(session))
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            response = _change_once(guarded, address)
            break
        except Exception as error:
            # Nothing was saved, so no flash may say that it was, and nobody is signed in by it.
            session.clear()
            session.update(cookie)
            if not (tries_left and isinstance(error, DBAPIError) and transactions.lost_a_race(error)):
                raise
    try:
        _with_page(response)
    finally:
        transactions.rollback()
    _run_asides()
    return response


def _render_typed(view: View) -> None:
    for name in getattr(view, "renders", ()):
        typed = clean(request.form.get(name, ""))
        if len(typed) <= BODY_MAX:
            markdown.to_html(typed)


def _change_once(guarded: View, address: dict[str, Any]) -> Response:
    transactions.rollback()
    g.pop("_login_user", None)
    g.asides = []
    with transactions.writing():
        response = make_response(guarded(**address))
        if response.status_code >= 400:
            transactions.rollback()
        elif (person := signed_in()) is not None:
            from web import resubmission

            drafts.drop(person, request.path, *resubmission.pages())
    current_app.extensions["live"].changed()
    return response


def _with_page(response: Response) -> Response:
    if isinstance(response, Page):
        response.write()
    return response


def before_response(act: Callable[..., None], *args: Any) -> None:
    """Have something written in a short transaction of its own once the page is done, before it is sent."""
    g.setdefault("asides", []).append((act, args))


def afterwards(act: Callable[..., None], *args: Any) -> None:
    """The same once the answer is on its way, for what may be lost if the process is killed: a read mark."""
    before_response(current_app.extensions["afterwards"].do, act, *args)


def _run_asides() -> None:
    person = signed_in() if "_login_user" in g else None
    if person is not None and person.session_is_old and session.get("_user_id") == person.session_token:
        afterwards(sessions.seen, person.session_token)
    for act, args in g.pop("asides", []):
        act(*args)


def _find(person: Person | None, address: dict[str, Any]) -> dict[str, Any]:
    """Turn the numbers of the address into what they stand for, or answer 404 as for something that never was."""
    things: dict[str, Any] = {}
    for name, value in address.items():
        if name not in FINDERS:
            things[name] = value
            continue
        if person is None:
            abort(404)
        if name == "ticket":
            found = lookups.find_ticket(person, value, to_change=request.method not in SAFE)
        elif name in IN_TICKET:
            found = FINDERS[name](person, things["ticket"], value)
        else:
            found = FINDERS[name](person, value)
        if found is None:
            abort(404)
        things[name] = found
    return things
