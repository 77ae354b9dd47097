"""Limits as pages meet them: how much a person may do, and the answer that says when to try again."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask, Response, abort, current_app, g, jsonify, make_response, request
from flask_babel import lazy_gettext as _l, ngettext

from helpdesk.errors import Refused, TooMany
from helpdesk.limits import allowances
from helpdesk.limits.token_buckets import TokenBuckets
from helpdesk.limits.usage_limits import Limit
from models import Person


@dataclass(frozen=True)
class Rate:
    """What each process counts in its memory: the setting that says how much is allowed in so many seconds."""

    setting: str
    seconds: int
    why: Any


SEARCH = Rate("LIMIT_SEARCH", 60, _l("You have searched very often in the last minute."))
SUGGESTIONS = Rate("LIMIT_SUGGESTIONS", 60, _l("You have asked for very many suggestions in the last minute."))
DRAFTS = Rate("LIMIT_DRAFTS", 60, _l("Your drafts were saved very often in the last minute."))
PICTURES = Rate("LIMIT_PICTURES", 3600, _l("You have sent very many large pictures in the last hour."))


def spend(person: Person, limit: Limit, amount: int = 1) -> None:
    """Count an act of the person in the present transaction. Raises TooMany."""
    allowances.spend(current_app.config, person, limit, amount)


def take(person: Person, rate: Rate, amount: float = 1) -> None:
    """Count in this process alone, without a write. Raises TooMany."""
    taker(person, rate)(amount)


def taker(person: Person, rate: Rate) -> Callable[[float], None]:
    """The same for work during which no database is asked: the person is read now, and counted when it is called."""
    most, key = allowances.allowance(current_app.config, person, rate.setting), (person.id, rate.setting)
    buckets: TokenBuckets = current_app.extensions["token_buckets"]

    def take_now(amount: float) -> None:
        if most and (wait := buckets.take(key, most=most, seconds=rate.seconds, amount=amount)):
            raise TooMany(rate.why, wait)

    return take_now


def take_for_script(person: Person, rate: Rate) -> None:
    """The same for what a script of the page asks for: it gets JSON."""
    try:
        take(person, rate)
    except TooMany as no:
        response = jsonify(why=str(no))
        response.status_code = status(no)
        abort(response)


def status(no: Refused) -> int:
    """The status of the page that shows the reason. For what is too much, the answer also says when to try again."""
    if not isinstance(no, TooMany):
        return 409
    g.retry_after = int(no.wait.total_seconds()) + 1
    return 429


def set_up(app: Flask) -> None:
    app.extensions["token_buckets"] = TokenBuckets()
    app.after_request(_say_when)


def _say_when(response: Response) -> Response:
    if response.status_code == 429 and "retry_after" in g:
        response.headers.setdefault("Retry-After", str(g.retry_after))
    return response


def client() -> str:
    """The address of the client; behind proxies that are trusted, the one they saw."""
    return request.remote_addr or "unknown"


def network() -> str:
    """The client as tries are counted: one who has IPv6 can change the lower half of the address at will."""
    try:
        address = ipaddress.ip_address(client())
    except ValueError:
        return client()
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return str(address)
    return str(ipaddress.IPv6Network((address, 64), strict=False))


def too_many(form: Any, wait: timedelta, page: Callable[..., Any]) -> Any:
    """The form's own page again, as 429, telling how long to wait."""
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    form.refuse(
        ngettext(
            "There were too many tries. Please try again in %(num)s minute.",
            "There were too many tries. Please try again in %(num)s minutes.",
            minutes,
        )
    )
    response = make_response(page(form, 429))
    response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response
