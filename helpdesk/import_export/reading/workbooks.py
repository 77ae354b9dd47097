"""Excel workbooks that tickets are imported from: their sheets as rows of text."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, time, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from helpdesk.errors import Refused
from helpdesk.import_export import xlsx
from helpdesk.import_export.import_rows import Place

MOST_UNPACKED = 256 * 1024 * 1024


def is_workbook(path: Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(4) == b"PK\x03\x04"


def zone_of(path: Path) -> tzinfo | None:
    """The zone of the times in a workbook of ours."""
    try:
        with zipfile.ZipFile(path) as book:
            name = xlsx.time_zone(book)
        return ZoneInfo(name) if name else None
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError):
        return None


def sheets(path: Path) -> Iterator[tuple[Place, list[str]]]:
    """Every row of all sheets as text. Raises Refused for what is no workbook, or would fill the memory."""
    try:
        _refuse_huge(path)
        book, before = CalamineWorkbook.from_path(path), 0
        several = len(book.sheet_names) > 1
        for name in book.sheet_names:
            line = 0
            for line, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), start=1):
                yield Place(line, name if several else "", before), [_as_text(cell) for cell in cells]
            before += line
    except (CalamineError, OSError, zipfile.BadZipFile):
        raise Refused(
            _("%(path)s is not a workbook that can be read. Save it as CSV and try again.", path=path)
        ) from None


def _refuse_huge(path: Path) -> None:
    """A workbook is unpacked in memory, a sheet at a time."""
    with zipfile.ZipFile(path) as book:
        if sum(part.file_size for part in book.infolist()) > MOST_UNPACKED:
            raise Refused(
                _(
                    "Unpacked, the workbook has more than %(most)d MB. Save it as CSV and try again.",
                    most=MOST_UNPACKED >> 20,
                )
            )


def _as_text(cell: object) -> str:
    """Numbers and days as they are typed in CSV; a workbook knows whole numbers as 12.0."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, (date, time)) else str(cell)
