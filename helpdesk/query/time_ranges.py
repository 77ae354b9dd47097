"""Times as a query says them: a day, a month, before and after one, the last so many days. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
YEARS = range(1970, 9000)

Span = tuple[datetime | None, datetime | None]

_AGE = re.compile(r"([<>]?)([0-9]{1,4})([hdwmy])", re.ASCII)
_DAY = re.compile(r"(<=|>=|[<>]?)([0-9]{4})(?:-([0-9]{1,2}))?(?:-([0-9]{1,2}))?", re.ASCII)
NAMED = ("today", "yesterday")


def normal(value: str) -> str:
    """The value as it is written back. Raises ValueError for what is no time."""
    value = "".join(value.lower().split())
    if value in NAMED:
        return value
    if found := _AGE.fullmatch(value):
        return f"{found[1] or '<'}{int(found[2])}{found[3]}"
    if ends := _ends(value):
        return f"{_plain(ends[0])}..{_plain(ends[1])}"
    found = _DAY.fullmatch(value)
    if not found:
        raise ValueError(value)
    return found[1] + _plain(value[len(found[1]) :])


def between(value: str, zone: ZoneInfo, now: datetime) -> Span:
    """From when (with it) until when (without it) a normal value means, in the person's zone; None: no end."""
    if value in NAMED:
        day = now.astimezone(zone).date() - timedelta(days=NAMED.index(value))
        return _start(day, zone), _start(day + timedelta(days=1), zone)
    if found := _AGE.fullmatch(value):
        since = now - min(timedelta(hours=int(found[2]) * HOURS[found[3]]), now - EARLIEST)
        return (since, None) if found[1] == "<" else (None, since)
    if ends := _ends(value):
        return _period(ends[0], zone)[0], _period(ends[1], zone)[1]
    found = _DAY.fullmatch(value)
    if not found:
        raise ValueError(value)
    start, end = _period(value[len(found[1]) :], zone)
    return {"": (start, end), ">": (end, None), ">=": (start, None), "<": (None, start), "<=": (None, end)}[found[1]]


def _ends(value: str) -> tuple[str, str] | None:
    """The first and the last period of a range such as 2026-01..2026-03."""
    first, _dots, last = value.rpartition("..")
    return (first, last) if first and last else None


def _plain(value: str) -> str:
    """A year, a month or a day, with leading noughts."""
    found = _DAY.fullmatch(value)
    if not found or found[1]:
        raise ValueError(value)
    year, month, day = int(found[2]), found[3], found[4]
    if year not in YEARS:
        raise ValueError(value)
    checked = date(year, int(month or 1), int(day or 1))
    return checked.isoformat()[: 4 if month is None else 7 if day is None else 10]


def _period(value: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    numbers = [int(part) for part in value.split("-")]
    first = date(*(numbers + [1, 1])[:3])
    if len(numbers) == 1:
        last = date(first.year + 1, 1, 1)
    elif len(numbers) == 2:
        last = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        last = first + timedelta(days=1)
    return _start(first, zone), _start(last, zone)


def _start(day: date, zone: ZoneInfo) -> datetime:
    return max(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(timezone.utc), EARLIEST)
