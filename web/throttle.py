"""Telling somebody who tries too often how long to wait, with what they typed still there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import make_response, request
from flask_babel import gettext as _


def client() -> str:
    """The address of the client; behind proxies that are trusted, the one they saw."""
    return request.remote_addr or "unknown"


def too_many(form: Any, wait: timedelta, page: Callable[..., Any]) -> Any:
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    form.refuse(_("There were too many tries. Please wait %(minutes)s min and try again.", minutes=minutes))
    response = make_response(page(form, 429))
    response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response
