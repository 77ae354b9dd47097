"""The file that tickets are imported from, CSV or a workbook: opened however it is packed, judged row by row."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from flask_babel import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from helpdesk import tags, words
from helpdesk.errors import Refused
from helpdesk.text import clean, fold_address

REQUIRED = ("external_id", "subject", "description", "category")
OPTIONAL = (
    "requester_email",
    "requester_name",
    "assignee_email",
    "type",
    "status",
    "pending_reason",
    "priority",
    "tags",
    "created_at",
    "changed_at",
    "resolved_at",
    "finished_at",
)
# Where a workbook's cell cannot hold a long description, these hold the rest of it (helpdesk/xlsx.py).
GOES_ON = ("description_2", "description_3", "description_4")
# A cell that a spreadsheet program would take for a formula, also in its full-width signs, however often it was
# made harmless by an apostrophe before (helpdesk/exporting.py).
FORMULA = "'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
EXTERNAL_ID_MAX = 120
# A cell that runs on for longer has lost its closing quotation mark.
CELL_MAX = 1_000_000
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Row:
    """One good row. What may be missing is empty, moments are None where the file does not say."""

    line: int
    external_id: str
    subject: str
    description: str
    category: str
    requester_email: str
    requester_name: str
    assignee_email: str
    type: str
    status: str
    pending_reason: str
    priority: str
    tags: list[str]
    created_at: datetime | None
    changed_at: datetime | None
    resolved_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Bad:
    """One row that cannot be imported, the line it begins on, and why."""

    line: int
    why: str


def count_lines(path: Path) -> int:
    """Read the file once from end to end. Raises Refused where it cannot be read, before anything is imported."""
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.", path=path))
    try:
        if _is_workbook(path):
            return sum(1 for _line in _sheets(path))
        with _open(path) as text:
            return sum(1 for _line in text)
    except PermissionError:
        raise Refused(_("%(path)s may not be read by this account.", path=path)) from None
    except UnicodeDecodeError:
        raise Refused(
            _("%(path)s is not a CSV file in UTF-8. Save it as “CSV UTF-8” and try again.", path=path)
        ) from None
    except (EOFError, OSError, zlib.error):
        raise Refused(_("%(path)s is damaged: it cannot be unpacked to its end.", path=path)) from None


def _open(path: Path) -> TextIO:
    """The text inside, unpacked if it begins as gzip does, whatever its name."""
    raw: BinaryIO = open(path, "rb")
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    plain = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw
    return io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")


def rows(path: Path, at: datetime) -> Iterator[Row | Bad]:
    """Every row of the file, good or bad, as of the moment `at`. Raises Refused where the columns are not as agreed."""
    if not _is_workbook(path):
        yield from _table(path, at)
        return
    names: list[str] = []
    for line, cells in _sheets(path):
        if line == 1:
            names = _header(cells)
        elif any(cells):
            yield _row(names, cells, line, at)


def _is_workbook(path: Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(4) == b"PK\x03\x04"


def _sheets(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of all sheets as text, each with its line; every sheet begins with line 1, its heading."""
    try:
        book = CalamineWorkbook.from_path(path)
        for name in book.sheet_names:
            for line, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), start=1):
                yield line, [_as_text(cell) for cell in cells]
    except (CalamineError, OSError):
        raise Refused(
            _("%(path)s is not a workbook that can be read. Save it as CSV and try again.", path=path)
        ) from None


def _as_text(cell: object) -> str:
    """Numbers and days as they are typed in CSV; a workbook knows whole numbers as 12.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)


def _table(path: Path, at: datetime) -> Iterator[Row | Bad]:
    csv.field_size_limit(CELL_MAX)
    with _open(path) as text:
        first = text.readline()
        reader = csv.reader(itertools.chain([first], text), delimiter=max(",;\t", key=first.count))
        names = _header(next(reader, []))
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Bad(
                    line, _("A quotation mark is not closed; lines up to %(last)d skipped.", last=reader.line_num)
                )
                continue
            if cells:
                yield _row(names, [_as_it_was(cell) for cell in cells], line, at)


def _header(cells: list[str]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise Refused(
            _(
                "The first line must name the columns. Missing: %(missing)s. Needed: %(needed)s. Optional: %(more)s.",
                missing=", ".join(missing),
                needed=", ".join(REQUIRED),
                more=", ".join(OPTIONAL),
            )
        )
    return names


def _row(names: list[str], cells: list[str], line: int, at: datetime) -> Row | Bad:
    try:
        if len(cells) != len(names):
            found = _(
                "This row has %(found)d cells, the first line has %(wanted)d.", found=len(cells), wanted=len(names)
            )
            raise Refused(found)
        raw = dict(zip(names, cells))
        raw["description"] += "".join(raw.get(name, "") for name in GOES_ON)
        cell = {name: clean(value) for name, value in raw.items()}
        return Row(
            line=line,
            external_id=_one_line(cell, "external_id", least=1, most=EXTERNAL_ID_MAX),
            subject=_one_line(cell, "subject", least=words.SUBJECT_MIN, most=words.SUBJECT_MAX),
            description=_sized("description", cell["description"], least=1, most=words.BODY_MAX),
            category=_one_line(cell, "category", least=0, most=words.CATEGORY_MAX),
            requester_email=_address(cell, "requester_email"),
            requester_name=_optional(cell, "requester_name", most=words.NAME_MAX),
            assignee_email=_address(cell, "assignee_email"),
            type=_word(cell, "type", tuple(words.TYPES), "incident"),
            status=_word(cell, "status", tuple(words.STATUSES), "new"),
            pending_reason=_optional(cell, "pending_reason", most=words.REASON_MAX),
            priority=_word(cell, "priority", tuple(words.PRIORITY_RANKS), "normal"),
            tags=tags.parse(cell.get("tags", "")),
            created_at=_moment(cell, "created_at", at),
            changed_at=_moment(cell, "changed_at", at),
            resolved_at=_moment(cell, "resolved_at", at),
            finished_at=_moment(cell, "finished_at", at),
        )
    except Refused as no:
        return Bad(line, str(no))


def _as_it_was(cell: str) -> str:
    """Without the apostrophe that made it harmless when it was exported."""
    return cell[1:] if cell.startswith("'") and re.match(FORMULA, cell) else cell


def _optional(cell: dict[str, str], name: str, *, most: int) -> str:
    return _one_line(cell | {name: cell.get(name, "")}, name, least=0, most=most)


def _one_line(cell: dict[str, str], name: str, *, least: int, most: int) -> str:
    return _sized(name, cell[name].replace("\n", " "), least=least, most=most)


def _sized(name: str, value: str, *, least: int, most: int) -> str:
    if not value and least:
        raise Refused(_("%(column)s is empty.", column=name))
    if len(value) < least:
        raise Refused(_("%(column)s is shorter than %(least)d characters.", column=name, least=least))
    if len(value) > most:
        raise Refused(_("%(column)s is longer than %(most)d characters.", column=name, most=most))
    return value


def _word(cell: dict[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    word = cell.get(name, "").lower() or default
    if word not in known:
        choices = ", ".join(known)
        raise Refused(
            _(
                "%(column)s is “%(word)s”, but must be one of: %(choices)s.",
                column=name,
                word=word[:40],
                choices=choices,
            )
        )
    return word


def _address(cell: dict[str, str], name: str) -> str:
    value = cell.get(name, "")
    try:
        return _folded(value) if value else ""
    except ValueError:
        raise Refused(_("%(column)s is not an e-mail address: %(value)s", column=name, value=value[:80])) from None


_folded = lru_cache(maxsize=4096)(fold_address)


def _moment(cell: dict[str, str], name: str, at: datetime) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    value = cell.get(name, "")
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        example = "2026-03-31T14:05:00Z"
        raise Refused(
            _(
                "%(column)s is not a time such as %(example)s: %(value)s",
                column=name,
                example=example,
                value=value[:40],
            )
        ) from None
    if not EARLIEST <= moment <= at:
        raise Refused(_("%(column)s must lie between 1970 and now: %(value)s", column=name, value=value[:40]))
    return moment
