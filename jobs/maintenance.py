"""Clocks and retention: what closes, goes or is forgotten by itself. Each call does a small part."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import current_app

from helpdesk.accounts import one_time_links, sessions
from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from helpdesk.live import presence
from helpdesk.notifications import deliveries
from helpdesk.reports import daily_counts
from helpdesk.tickets import drafts, tickets

log = logging.getLogger("desk.worker")
AT_ONCE = 100


def close_resolved() -> bool:
    """Close what has been resolved for AUTO_CLOSE_DAYS. Returns whether there may be more."""
    with transactions.writing():
        closed = tickets.close_resolved(after=timedelta(days=current_app.config["AUTO_CLOSE_DAYS"]), most=AT_ONCE)
    return closed == AT_ONCE


def purge_trash() -> bool:
    """Remove what has been in the trash for TRASH_DAYS. Returns whether there may be more."""
    with transactions.writing():
        purged = tickets.purge_trash(after=timedelta(days=current_app.config["TRASH_DAYS"]), most=AT_ONCE)
    return purged == AT_ONCE


def forget_attempts() -> None:
    with transactions.writing():
        rate_limits.sweep()


def forget_sessions() -> None:
    with transactions.writing():
        sessions.sweep()


def forget_links() -> None:
    with transactions.writing():
        one_time_links.sweep()


def forget_drafts() -> None:
    with transactions.writing():
        drafts.sweep()


def forget_presence() -> None:
    with transactions.writing():
        presence.sweep()


def correct_clock() -> None:
    """What waits longer than it can is due: the clock has been set back meanwhile."""
    if count := deliveries.correct_clock():
        log.warning("the clock was set back: %d mails that would wait too long are due now", count)


def keep_tallies() -> None:
    """Count for the dashboard of a large desk."""
    daily_counts.keep(current_app.config["DESK_TIMEZONE"])
