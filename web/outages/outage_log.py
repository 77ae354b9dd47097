"""What of an outage goes into the log: a line a second with its cause and place, no traceback for every page."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import current_app
from sqlalchemy import make_url

from helpdesk import outages

_lines = outages.Log(logging.getLogger("desk.outage"))


def cause(error: BaseException) -> str | None:
    """One of the words of helpdesk/outages.py, or None where the error is no outage."""
    file = database_file()
    return outages.cause(error, file.parent if file else None)


def note(log: logging.Logger, what: str, error: BaseException) -> None:
    """Log an outage in short, and everything else with its traceback."""
    found = cause(error)
    if found is None:
        log.error(what, exc_info=error)
    else:
        _lines.error(f"{what}: {found}, {place(error)}: {outages.reason(error)}")


def place(error: BaseException) -> str:
    """The path or the server that does not work."""
    if isinstance(error, OSError):
        return str(error.filename or current_app.config["FILES_DIR"])
    url = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    return str(database_file() or f"{url.host or 'localhost'} ({url.get_backend_name()})")


def database_file() -> Path | None:
    url = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    on_disk = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if on_disk else None
