"""How values are shown in templates: times in the reader's zone, Markdown as safe HTML, addresses of our files."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_timedelta, get_month_names
from flask import Flask, current_app, g, has_request_context, request, url_for
from flask_babel import get_locale, get_translations
from flask_login import current_user
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from helpdesk import choices, text
from helpdesk.attachments import file_names
from helpdesk.events import kinds
from helpdesk.markup import markdown
from helpdesk.notifications import inbox
from helpdesk.tickets import rendered
from web.door import afterwards


def zone() -> ZoneInfo:
    """The zone of the person who looks, else the desk's."""
    known = g.get("zone")
    if known is None:
        name = getattr(current_user, "time_zone", None) or current_app.config["DESK_TIMEZONE"]
        known = g.zone = ZoneInfo(name)
    return known  # type: ignore[no-any-return]


def moment(value: datetime) -> str:
    """ "3 Nov 2026, 14:05" in the reader's zone."""
    return _moment(value.astimezone(zone()), language())


def _moment(at: datetime, tongue: str) -> str:
    """As Babel writes "d MMM y, HH:mm". A list shows a hundred of them, and reading the pattern anew takes its time."""
    return f"{at.day} {_months(tongue)[at.month]} {at.year}, {at:%H:%M}"


@lru_cache(maxsize=100)
def _months(tongue: str) -> Any:
    return get_month_names("abbreviated", locale=tongue)


def clock(value: datetime) -> str:
    """ "14:05" in the reader's zone."""
    return f"{value.astimezone(zone()):%H:%M}"


def recent(value: datetime) -> str:
    """ "12:05" on the same day, else with its date."""
    same = value.astimezone(zone()).date() == datetime.now(zone()).date()
    return clock(value) if same else moment(value)


def day(value: Any) -> str:
    return str(format_date(value, "EEE d MMM", locale=language()))


def ago(value: datetime) -> str:
    """ "3 minutes ago", and from a week on the date, with its year where it is another one."""
    return _ago(value, *_reader())


def _ago(value: datetime, where: ZoneInfo, tongue: str) -> str:
    since = datetime.now(timezone.utc) - value
    if since.days < 7:
        return _since(since, tongue)
    return _dated(value, where, tongue, datetime.now(where).year)


@lru_cache(maxsize=2000)
def _dated(value: datetime, where: ZoneInfo, tongue: str, year: int) -> str:
    at = value.astimezone(where)
    date = f"{at.day} {_months(tongue)[at.month]}"
    return date if at.year == year else f"{date} {at.year}"


def _since(since: timedelta, tongue: str) -> str:
    """In the largest unit of which there are enough, rounded, as Babel chooses it."""
    seconds = abs(since.total_seconds())
    unit, length = next(one for one in _UNITS if seconds >= one[1] * ENOUGH or one[1] == 1)
    count = round(seconds / length) or int(seconds > 0)
    return _counted(unit, count if since > timedelta() else -count, tongue)


_UNITS = (("days", 24 * 3600), ("hours", 3600), ("minutes", 60), ("seconds", 1))
ENOUGH = 1.2


@lru_cache(maxsize=1000)
def _counted(unit: str, count: int, tongue: str) -> str:
    past = timedelta(**{unit: -count})
    return str(format_timedelta(past, add_direction=True, threshold=1, locale=tongue))


def lasting(value: datetime) -> str:
    """How long since, short: "6 hours"."""
    since = datetime.now(timezone.utc) - value
    return str(format_timedelta(since, threshold=ENOUGH, locale=language()))


def when(value: datetime) -> Markup:
    """A time element: short to read, exact on hover and for machines."""
    where, tongue = _reader()
    return Markup(f"{_exactly(value, where, tongue)}{_ago(value, where, tongue)}</time>")


@lru_cache(maxsize=2000)
def _exactly(value: datetime, where: ZoneInfo, tongue: str) -> str:
    machine = value.isoformat(timespec="milliseconds")
    return f'<time datetime="{machine}" title="{_moment(value.astimezone(where), tongue)}">'


def language() -> str:
    """The language of this page, as Babel names it."""
    known = g.get("language")
    if known is None:
        known = g.language = str(get_locale() or "en")
    return known  # type: ignore[no-any-return]


def _reader() -> tuple[ZoneInfo, str]:
    """Zone and language of the page, looked up at once: a list shows fifty times."""
    known = g.get("reader")
    if known is None:
        known = g.reader = (zone(), language())
    return known  # type: ignore[no-any-return]


@pass_eval_context
def _in_its_language(context: EvalContext, word: str, **values: Any) -> str:
    """What `_("word")` is in a template. Jinja's own way looks for the language at each word, thirty times a page."""
    known = _translated(word, language(), bool(context.autoescape), bool(values))
    return known % values if values else known


@lru_cache(maxsize=2000)
def _translated(word: str, _tongue: str, escapes: bool, has_values: bool) -> str:
    text = get_translations().ugettext(word)
    text = Markup(text) if escapes else text
    return text if has_values else text % {}


def as_html(row: rendered.Text) -> Markup:
    """What somebody wrote, as safe HTML. Where the present renderer has not made it yet, it is kept after the page."""
    html = rendered.html_of(row)
    if html is None:
        text = rendered.text_of(row)
        html = markdown.to_html(text)
        if has_request_context():
            _keep_rendered((type(row), row.id, text, html))
    return Markup(html)


def _keep_rendered(made: tuple[type[rendered.Text], int, str, str]) -> None:
    """All of one page in one transaction."""
    if "rendered" not in g:
        g.rendered = []
        afterwards(rendered.keep, g.rendered)
    g.rendered.append(made)


def initials(name: str) -> str:
    parts = [part for part in name.split() if part[:1].isalnum()] or [name or "?"]
    return (parts[0][:1] + (parts[-1][:1] if len(parts) > 1 else parts[0][1:2])).upper()


def capped(count: int) -> str:
    """Counts on badges stop at 999+."""
    return "999+" if count > 999 else str(count)


def asset(name: str) -> str:
    """The address of one of our static files, with a mark that changes when the file does."""
    return url_for("home.static", filename=name, v=_version_of(Path(current_app.root_path) / "static" / name))


@lru_cache(maxsize=100)
def _version_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def local_path(wanted: str | None) -> str:
    """The path if it is one on this desk, else the start page: nobody is led to another site."""
    # One slash, then what may stand in an address as it is sent: no second slash, no backslash, no control characters.
    return wanted if wanted and re.fullmatch(r"/(?!/)[!-\[\]-~]*", wanted) else "/"


def unread_news(reading_now: int | None = None) -> int:
    """The count on the bell. The ticket whose page this is counts as read already."""
    return inbox.unread(current_user._get_current_object(), but=reading_now)


def rows_on_page() -> frozenset[int]:
    """The tickets whose rows an open page has as they are (js/live/news.js): of these it needs only the places."""
    numbers = request.headers.get("X-Live-Keeps", "")
    return (
        frozenset(map(int, numbers.split(","))) if re.fullmatch(r"\d{1,9}(,\d{1,9}){0,199}", numbers) else frozenset()
    )


def set_up(app: Flask) -> None:
    for function in (moment, clock, recent, day, ago, lasting, when, as_html, initials, capped):
        app.add_template_filter(function)
    app.add_template_filter(kinds.tell, "tell")
    app.add_template_filter(text.clean, "clean")
    app.add_template_filter(file_names.middle, "middle")
    app.add_template_filter(file_names.size, "bytes")
    app.add_template_global(asset)
    app.add_template_global(unread_news)
    app.add_template_global(rows_on_page)
    app.jinja_env.globals.update(
        STATUSES=choices.STATUSES,
        PRIORITIES=choices.PRIORITIES,
        PRIORITY_NAMES=choices.PRIORITY_NAMES,
        TYPE_NAMES=choices.TYPE_NAMES,
        FILE_KINDS=choices.FILE_KINDS,
        ROLES=choices.ROLES,
        LINK_TYPES=choices.LINK_TYPES,
        language=language,
    )
    app.jinja_env.globals["_"] = _in_its_language
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    # Every template has the parts that all pages share: importing them fifteen times a page takes its time.
    macros = app.jinja_env.get_template("_macros.html").module
    app.jinja_env.globals |= {name: part for name, part in vars(macros).items() if not name.startswith("_")}
