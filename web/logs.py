"""The log: a line per request and per act, JSON in production, readable in development. Never a secret in it."""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
import time
from typing import Any, TextIO
from urllib.parse import quote

from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import inspect

requests_log = logging.getLogger("desk.request")
_OURS = (
    "kind",
    "ticket",
    "actor",
    "person",
    "request_id",
    "method",
    "path",
    "status",
    "ms",
    "error_id",
    "mail",
    "state",
)
# The secret part of a mailed link stands in its path.
_SECRETS = re.compile(r"/(confirm|reset|invitation|new-address)/.+")


class Lines(logging.Formatter):
    """What both kinds of lines have in common."""

    def formatException(self, ei: Any) -> str:
        """PostgreSQL tells the whole row that it refused, password hash included: that part stays out."""
        return _without_rows(super().formatException(ei))


def _without_rows(trace: str) -> str:
    """Leave out each DETAIL, up to what SQLAlchemy or Python adds below it."""
    lines: list[str] = []
    dropping, before = False, ""
    for line in trace.split("\n"):
        ends = line.startswith("[SQL: ") or not before and line.startswith(("The above exception", "During handling"))
        dropping = line.startswith("DETAIL:") or dropping and not ends
        if not dropping:
            lines.append(line)
        before = line
    return "\n".join(lines)


class JsonLines(Lines):
    def format(self, record: logging.LogRecord) -> str:
        line = {"at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"), "level": record.levelname, "log": record.name}
        line |= {"message": record.getMessage()} | _extras(record)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class ReadableLines(Lines):
    def format(self, record: logging.LogRecord) -> str:
        extras = " ".join(f"{name}={value}" for name, value in _extras(record).items())
        line = f"{self.formatTime(record, '%Y-%m-%d %H:%M:%S')} {record.name} {record.getMessage()} {extras}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Stderr(logging.StreamHandler[TextIO]):
    """Writes to what is the standard error at the moment, not to what it was when the desk was made."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _OURS if getattr(record, name, None) is not None}


def set_up(app: Flask) -> None:
    handler = Stderr()
    handler.setFormatter(JsonLines() if app.config["LOG_FORMAT"] == "json" else ReadableLines())
    handler.addFilter(_name_request)
    desk = logging.getLogger("desk")
    desk.handlers[:] = [handler]
    desk.setLevel(logging.INFO)
    app.before_request(_begin)
    app.after_request(_end)


def _name_request(record: logging.LogRecord) -> bool:
    """Every line that a request brings about carries its id, so that they can be found together."""
    if has_request_context() and not hasattr(record, "request_id"):
        record.request_id = g.get("request_id")
    return True


def _begin() -> None:
    g.request_id = secrets.token_hex(6)
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    if request.endpoint not in ("home.static", "home.bootstrap", "home.healthz"):
        requests_log.info(
            request.method,
            extra={
                "path": quote(_SECRETS.sub(r"/\1/...", request.path)),
                "status": response.status_code,
                "ms": round((time.perf_counter() - g.get("began", time.perf_counter())) * 1000, 1),
                "person": _who(),
            },
        )
    return response


def _who() -> Any:
    """The id of the person, known without asking the database again."""
    known = inspect(g.get("_login_user"), raiseerr=False)
    return known.identity[0] if known is not None and known.identity else None
