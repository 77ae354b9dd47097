"""Times as other systems write them: one format a column, the one that fits all its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo

EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Which of day and month stands first where a file leaves it open: the values of --dates.
DAY_FIRST, MONTH_FIRST = "day-first", "month-first"
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}

# PHP and Java write "2:05 PM" with a blank that does not break: osTicket does so.
_BLANKS = {0xA0: " ", 0x202F: " "}
_CLOCK = (
    r"(?:,?[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_ZONE = r"(?: ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4}|\d{2})"


@dataclass(frozen=True)
class Format:
    """A way to write a time. `order` is set where day and month could be taken for each other."""

    name: str
    pattern: re.Pattern[str]
    order: str = ""


def _format(name: str, date: str, order: str = "") -> Format:
    return Format(name, re.compile(date + _CLOCK + _ZONE, re.ASCII), order)


FORMATS = (
    _format("2026-03-31 14:05", r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    _format("2026/03/31 14:05", r"(?P<year>\d{4})/(?P<month>\d{1,2})/(?P<day>\d{1,2})"),
    _format("31.03.2026 14:05", rf"{_DAY}\.{_MONTH}\.{_YEAR}"),
    _format("31/03/2026 14:05", rf"{_DAY}/{_MONTH}/{_YEAR}", DAY_FIRST),
    _format("03/31/2026 14:05", rf"{_MONTH}/{_DAY}/{_YEAR}", MONTH_FIRST),
    _format("31-03-2026 14:05", rf"{_DAY}-{_MONTH}-{_YEAR}", DAY_FIRST),
    _format("03-31-2026 14:05", rf"{_MONTH}-{_DAY}-{_YEAR}", MONTH_FIRST),
    _format("31/Mar/26 2:05 PM", rf"{_DAY}[/ -](?P<word>[A-Za-z]{{3,9}})\.?[/ -]{_YEAR}"),
    _format("Mar 31, 2026 2:05 PM", rf"(?P<word>[A-Za-z]{{3,9}})\.? {_DAY},? {_YEAR}"),
    Format("seconds since 1970", re.compile(r"(?P<seconds>\d{9,10})(?:\.\d{1,6})?", re.ASCII)),
    Format("milliseconds since 1970", re.compile(r"(?P<milliseconds>\d{12,13})", re.ASCII)),
)


def read(text: str, fmt: Format, zone: tzinfo) -> datetime | None:
    """The moment in UTC, or None where the text is not of this format. Without a zone of its own it is in `zone`."""
    match = fmt.pattern.fullmatch(text.translate(_BLANKS))
    if match is None:
        return None
    parts = match.groupdict()
    try:
        if (since := parts.get("seconds")) or parts.get("milliseconds"):
            return EARLIEST + (timedelta(seconds=int(since)) if since else timedelta(milliseconds=int(match[1])))
        return _moment(parts, zone)
    except (ValueError, OverflowError):
        return None


def read_any(text: str, zone: tzinfo) -> datetime | None:
    """The moment by the first format that fits, for a time that stands in no column of its own."""
    return next((moment for fmt in FORMATS if (moment := read(text, fmt, zone)) is not None), None)


def _moment(parts: dict[str, str | None], zone: tzinfo) -> datetime | None:
    word = (parts.get("word") or "").lower()
    month = _MONTHS.get(word[:3], 0) if word else int(parts["month"] or 0)
    year = int(parts["year"] or 0)
    hour = _hour(int(parts["hour"] or 0), (parts["half"] or "").lower())
    local = datetime(
        year + 2000 if len(parts["year"] or "") == 2 else year,
        month,
        int(parts["day"] or 0),
        hour,
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        int((parts["fraction"] or "").ljust(6, "0")[:6]),
        tzinfo=_zone(parts["zone"]) or zone,
    )
    return local.astimezone(timezone.utc)


def _hour(hour: int, half: str) -> int:
    """Twelve in the morning is hour 0. Raises ValueError for an hour that a clock with halves does not have."""
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("no such hour")
    return hour % 12 + (12 if half == "p" else 0)


def _zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    if name[0] not in "+-":
        return timezone.utc
    digits = name[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if name[0] == "-" else offset)


@dataclass
class Column:
    """What the cells of one column can be read as: `votes` counts, by format, the cells that fit it."""

    votes: dict[Format, int] = field(default_factory=dict)
    cells: int = 0
    example: str = ""

    def add(self, text: str) -> None:
        fitting = [fmt for fmt in FORMATS if read(text, fmt, timezone.utc) is not None]
        self.cells += bool(fitting)
        if not self.example and len(fitting) > 1:
            self.example = text
        for fmt in fitting:
            self.votes[fmt] = self.votes.get(fmt, 0) + 1

    def candidates(self) -> list[Format]:
        """The formats that fit the most cells: one, or two that differ in what stands first, day or month."""
        most = max(self.votes.values(), default=0)
        return [fmt for fmt in FORMATS if self.votes.get(fmt) == most] if most else []


def choose(columns: dict[str, Column], order: str = "") -> tuple[dict[str, Format], list[str]]:
    """The format of each column, and the columns for which somebody must say whether the day or the month stands first.

    A column that leaves it open follows `order`, else a column of the same file that shows it.
    """
    candidates = {name: column.candidates() for name, column in columns.items()}
    shown = {found[0].order for found in candidates.values() if len(found) == 1 and found[0].order}
    order = order or (shown.pop() if len(shown) == 1 else "")
    chosen, open_ones = {}, []
    for name, found in candidates.items():
        fitting = [fmt for fmt in found if not fmt.order or fmt.order == order] if len(found) > 1 else found
        if fitting:
            chosen[name] = fitting[0]
        elif found:
            open_ones.append(name)
    return chosen, open_ones
