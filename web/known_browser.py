"""A long-lived cookie that says in which accounts a browser has signed in before: there it has a counter of its own."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer

COOKIE = "desk_browser"
LASTS = 365 * 24 * 3600  # seconds
MOST_ACCOUNTS = 8


def number_for(person_id: int | None) -> str | None:
    """The number of this browser, if somebody has signed in to this account with it; else None."""
    known = _read()
    return known["browser"] if person_id in known["people"] else None


def remember(person_id: int) -> None:
    """Send the cookie with the answer. The accounts used last are kept."""
    known = _read()
    people = [person_id, *(other for other in known["people"] if other != person_id)][:MOST_ACCOUNTS]
    value = _signer().dumps({"browser": known["browser"], "people": people})

    @after_this_request
    def send(response: Response) -> Response:
        secure = current_app.config["SESSION_COOKIE_SECURE"]
        response.set_cookie(COOKIE, value, max_age=LASTS, path="/login", secure=secure, httponly=True, samesite="Lax")
        return response


def _read() -> dict[str, Any]:
    """What the cookie says. Without one, or with one that we have not signed, a new browser that knows nobody."""
    try:
        known: dict[str, Any] = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadData:
        return {"browser": secrets.token_hex(8), "people": []}
    return known


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="known browser")
