"""Takes a form that was sent after the session had ended through the sign-in, and back onto its page, filled."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer
from werkzeug.exceptions import HTTPException

from helpdesk.db import transactions
from helpdesk.text import clean
from helpdesk.tickets import drafts
from models import Person
from web.filters import local_path
from web.pages import render_later

NEVER = ("csrf_token", "password", "current_password", "new_password", "key", "carried")


def typed_fields() -> dict[str, str]:
    """What the person typed into the form of this request, without secrets."""
    return {name: value for name, value in request.form.items() if name not in NEVER}


def pages() -> tuple[str, str]:
    """The page that sent the form of this request, and the one that kept the draft it came with (see Draft.page)."""
    return page_name(request.form.get("form_token", "")), page_name(request.form.get("draft_page", ""))


def page_name(sent: str) -> str:
    """The name of a page as its form sent it, in the only form that every database takes."""
    return clean(sent)[: drafts.PAGE_MAX]


def show_sign_in() -> Response:
    """The sign-in page with the typed form inside it, signed so that it can only be what was sent to us."""
    fields = typed_fields()
    packed = ""
    if fields and sum(map(len, fields.values())) <= drafts.MOST_CHARACTERS:
        packed = _signer().dumps({"path": request.path, "fields": fields})
    from forms import SignInForm

    form = SignInForm(formdata=None)
    form.carried.data = packed
    form.next.data = page_of(request.path)
    return render_later("accounts/sign_in.html", 401, form=form, carries=bool(packed))


def unpack(packed: str, person: Person) -> str | None:
    """Keep the carried form for the person who has signed in. Returns the page to show it on."""
    try:
        held, signed_at = _signer().loads(packed, return_timestamp=True)
    except (BadData, json.JSONDecodeError):
        return None
    # itsdangerous itself would also refuse what a clock ahead of ours has signed.
    if transactions.now() - signed_at > drafts.KEPT:
        return None
    fields, page = held["fields"], page_name(held["fields"].get("form_token", ""))
    drafts.keep(person, held["path"], fields, transactions.now(), page=page, shown=fields.pop("draft_page", ""))
    return page_of(held["path"])


def taken_by(path: str) -> tuple[str, dict[str, Any]]:
    """The view that takes a form sent to this path, with the parts of the address; an empty name where none does."""
    try:
        view, parts = current_app.url_map.bind("").match(path, method="POST")
    except HTTPException:
        return "", {}
    return str(view), dict(parts)


def page_of(path: str) -> str:
    """The page a form is on: the form's own address where it has a page, else the ticket, else the start."""
    adapter = current_app.url_map.bind("")
    if adapter.test(path, "GET"):
        return path
    above = path.rsplit("/", 1)[0]
    while above:
        if adapter.test(above, "GET"):
            return local_path(above)
        above = above.rsplit("/", 1)[0]
    return "/"


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="carried form")
