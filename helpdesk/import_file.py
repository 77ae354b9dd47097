"""The file that tickets are imported from, CSV or a workbook: opened however it is packed, and read row by row."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from flask_babel import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from helpdesk.errors import Refused
from helpdesk.import_rows import Bad, Place, Row, header, judged

# A cell that a spreadsheet program would take for a formula, also in its full-width signs, however often it was
# made harmless by an apostrophe before (helpdesk/exporting.py).
FORMULA = "'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
# A cell that runs on for longer has lost its closing quotation mark.
CELL_MAX = 1_000_000


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
    _refuse_headings(path)
    for place, cells in _sheets(path):
        if place.line == 1:
            names = header(cells)
        elif any(cells):
            yield judged(names, cells, place, at)


def _refuse_headings(path: Path) -> None:
    """What stands on a later sheet must not come to light when the first ones are imported already."""
    for place, cells in _sheets(path, most=1):
        header(cells, place.sheet)


def _is_workbook(path: Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(4) == b"PK\x03\x04"


def _sheets(path: Path, most: int | None = None) -> Iterator[tuple[Place, list[str]]]:
    """The first rows of all sheets as text, or every row; each sheet begins with line 1, its heading."""
    try:
        book, before = CalamineWorkbook.from_path(path), 0
        several = len(book.sheet_names) > 1
        for name in book.sheet_names:
            line = 0
            for line, cells in enumerate(itertools.islice(book.get_sheet_by_name(name).iter_rows(), most), start=1):
                yield Place(line, name if several else "", before), [_as_text(cell) for cell in cells]
            before += line
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
        names = header(next(reader, []))
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Bad(
                    Place(line),
                    _("A quotation mark is not closed; lines up to %(last)d skipped.", last=reader.line_num),
                )
                continue
            if cells:
                yield judged(names, [_as_it_was(cell) for cell in cells], Place(line), at)


def _as_it_was(cell: str) -> str:
    """Without the apostrophe that made it harmless when it was exported."""
    return cell[1:] if cell.startswith("'") and re.match(FORMULA, cell) else cell
