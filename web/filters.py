"""How values are shown in templates: times in the reader's zone, Markdown as safe HTML, addresses of our files."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from flask import Flask, current_app, g, url_for
from flask_babel import get_locale
from flask_login import current_user
from markupsafe import Markup

from helpdesk import events, file_names, notifications, text, words


def zone() -> ZoneInfo:
    """The zone of the person who looks, else the desk's."""
    known = g.get("zone")
    if known is None:
        name = getattr(current_user, "time_zone", None) or current_app.config["DESK_TIMEZONE"]
        known = g.zone = ZoneInfo(name)
    return known  # type: ignore[no-any-return]


def moment(value: datetime) -> str:
    """ "3 Nov 2026, 14:05" in the reader's zone."""
    return str(format_datetime(value.astimezone(zone()), "d MMM y, HH:mm", locale=str(get_locale() or "en")))


def clock(value: datetime) -> str:
    """ "14:05" in the reader's zone."""
    return str(format_datetime(value.astimezone(zone()), "HH:mm", locale=str(get_locale() or "en")))


def recent(value: datetime) -> str:
    """ "12:05" on the same day, else with its date."""
    same = value.astimezone(zone()).date() == datetime.now(zone()).date()
    return clock(value) if same else moment(value)


def day(value: Any) -> str:
    return str(format_date(value, "EEE d MMM", locale=str(get_locale() or "en")))


def ago(value: datetime) -> str:
    """ "3 minutes ago", and from a week on the date, with its year where it is another one."""
    now = datetime.now(timezone.utc)
    since = now - value
    if since.days >= 7:
        pattern = "d MMM" if value.astimezone(zone()).year == now.astimezone(zone()).year else "d MMM y"
        return str(format_date(value.astimezone(zone()), pattern, locale=str(get_locale() or "en")))
    return str(format_timedelta(-since, add_direction=True, threshold=1.2, locale=str(get_locale() or "en")))


def lasting(value: datetime) -> str:
    """How long since, short: "6 hours"."""
    since = datetime.now(timezone.utc) - value
    return str(format_timedelta(since, threshold=1.2, locale=str(get_locale() or "en")))


def when(value: datetime) -> Markup:
    """A time element: short to read, exact on hover and for machines."""
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(timespec="milliseconds"), moment(value), ago(value)
    )


def markdown(value: str) -> Markup:
    return Markup(text.to_html(value))


def initials(name: str) -> str:
    parts = [part for part in name.split() if part[:1].isalnum()] or [name or "?"]
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else parts[0][1:2])).upper()


def capped(count: int) -> str:
    """Counts on badges stop at 999+."""
    return "999+" if count > 999 else str(count)


def asset(name: str) -> str:
    """The address of one of our static files, with a mark that changes when the file does."""
    return url_for("home.static", filename=name, v=_mark(Path(current_app.root_path) / "static" / name))


@lru_cache(maxsize=100)
def _mark(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def local_path(wanted: str | None) -> str:
    """The path if it is one on this desk, else the start page: nobody is led to another site."""
    # One slash, then what may stand in an address as it is sent: no second slash, no backslash, no control characters.
    return wanted if wanted and re.fullmatch(r"/(?!/)[!-\[\]-~]*", wanted) else "/"


def unread_news(reading_now: int | None = None) -> int:
    """The count on the bell. The ticket whose page this is counts as read already."""
    return notifications.unread(current_user._get_current_object(), but=reading_now)


def set_up(app: Flask) -> None:
    for function in (moment, clock, recent, day, ago, lasting, when, markdown, initials, capped):
        app.add_template_filter(function)
    app.add_template_filter(events.tell, "tell")
    app.add_template_filter(file_names.middle, "middle")
    app.add_template_filter(file_names.size, "bytes")
    app.add_template_global(asset)
    app.add_template_global(unread_news)
    app.jinja_env.globals.update(
        STATUSES=words.STATUSES,
        PRIORITIES=words.PRIORITIES,
        PRIORITY_NAMES=words.PRIORITY_NAMES,
        TYPE_NAMES=words.TYPE_NAMES,
        FILE_KINDS=words.FILE_KINDS,
        ROLES=words.ROLES,
        language=lambda: str(get_locale() or "en"),
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
