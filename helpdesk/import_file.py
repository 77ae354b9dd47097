"""The CSV file that tickets are imported from: opened however it is packed, judged row by row."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from flask_babel import gettext as _

from helpdesk import words
from helpdesk.errors import Refused
from helpdesk.text import clean, fold_address

REQUIRED = ("external_id", "subject", "description", "category")
OPTIONAL = ("requester_email", "status", "priority", "created_at")
EXTERNAL_ID_MAX = 120
# A cell that runs on for longer has lost its closing quotation mark.
CELL_MAX = 1_000_000
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Row:
    """One good row. `category` and `requester_email` may be empty; `created_at` is None where the file does not say."""

    line: int
    external_id: str
    subject: str
    description: str
    category: str
    requester_email: str
    status: str
    priority: str
    created_at: datetime | None


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
                yield _row(names, cells, line, at)


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
        cell = {name: clean(value) for name, value in zip(names, cells)}
        return Row(
            line=line,
            external_id=_one_line(cell, "external_id", least=1, most=EXTERNAL_ID_MAX),
            subject=_one_line(cell, "subject", least=words.SUBJECT_MIN, most=words.SUBJECT_MAX),
            description=_sized("description", cell["description"], least=1, most=words.BODY_MAX),
            category=_one_line(cell, "category", least=0, most=words.CATEGORY_MAX),
            requester_email=_address(cell.get("requester_email", "")),
            status=_word(cell, "status", tuple(words.STATUSES), "new"),
            priority=_word(cell, "priority", tuple(words.PRIORITY_RANKS), "normal"),
            created_at=_moment(cell.get("created_at", ""), at),
        )
    except Refused as no:
        return Bad(line, str(no))


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


@lru_cache(maxsize=4096)
def _address(value: str) -> str:
    if not value:
        return ""
    try:
        return fold_address(value)
    except ValueError:
        raise Refused(_("requester_email is not an e-mail address: %(value)s", value=value[:80])) from None


def _moment(value: str, at: datetime) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise Refused(_("created_at is not a time such as 2026-03-31T14:05:00Z: %(value)s", value=value[:40])) from None
    if not EARLIEST <= moment <= at:
        raise Refused(_("created_at must lie between 1970 and now: %(value)s", value=value[:40]))
    return moment
