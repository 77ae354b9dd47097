"""Telling somebody who tries too often how long to wait, with what they typed still there."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import make_response, request
from flask_babel import ngettext


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
