"""The pages for a database or a disk that does not work: what is the matter, and what is still possible."""

from __future__ import annotations

import logging

from flask import Flask, Response, g
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin, current_user
from sqlalchemy.exc import DBAPIError, TimeoutError as PoolTimeout

from helpdesk import outages
from helpdesk.db import transactions
from web import errors
from web.outages.outage_log import cause, note, place

log = logging.getLogger("desk.error")
RETRY_SECONDS = "30"
PAGES = {
    outages.FULL: (
        _l("The desk's disk is full"),
        _l("Nothing was changed. Tickets can still be read. Nothing can be saved until there is room on the disk."),
    ),
    outages.READ_ONLY: (
        _l("The desk cannot save anything just now"),
        _l("Nothing was changed. Tickets can still be read, but the desk may not write where it keeps its data."),
    ),
    outages.UNUSABLE: (
        _l("The desk cannot use its database"),
        _l("The file of the database cannot be opened, or is damaged. Tell whoever runs the desk."),
    ),
    outages.LOCKED: (
        _l("The desk's database is in use"),
        _l("Another program keeps the database locked. Nothing was changed. Try again in a minute."),
    ),
    outages.SLOW: (
        _l("This takes too long"),
        _l(
            "The database could not do it in time. Nothing was changed. Try again in a minute, or ask for less at once."
        ),
    ),
    outages.AWAY: (
        _l("The desk is not available for a moment"),
        _l(
            "The database does not answer. Try again in a minute. "
            "If you were saving something, see first whether it is there."
        ),
    ),
}
# The database can be read, so whoever is signed in is known.
READABLE = (*outages.UNWRITABLE, outages.SLOW, outages.LOCKED)


def set_up(app: Flask) -> None:
    for broken in (DBAPIError, PoolTimeout, OSError):
        app.register_error_handler(broken, _outage)


def _outage(error: Exception) -> Response:
    found = cause(error)
    if found is None:
        return errors.crash(error)
    note(log, "a page failed", error)
    if found in outages.UNWRITABLE:
        outages.unwritable.note(found)
    if found not in READABLE:
        g._login_user = AnonymousUserMixin()
    response = errors.page(503, *PAGES[found], place=place(error) if _admin_asks() else "")
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def _admin_asks() -> bool:
    try:
        transactions.rollback()
        return bool(current_user.is_authenticated and current_user.is_admin)
    except Exception as error:
        note(log, "person not known", error)
        g._login_user = AnonymousUserMixin()
        return False
