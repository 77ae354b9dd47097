"""CSV files as text: unpacked, decoded, and tables of known columns."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from flask_babel import gettext as _

from helpdesk.errors import Refused
from helpdesk.import_export.reading.csv_reader import SEPARATORS, Broken, Reader, Record

# More than any row, and what a table may hold that is read as a whole.
LINE_MAX = 4_000_000
TABLE_MAX = 64 * 1024 * 1024


def encoding_of(path: Path) -> str:
    """UTF-8, or UTF-16 where its mark stands in front (Excel's "Unicode text")."""
    with _raw(path) as raw:
        return "utf-16" if raw.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"


def _raw(path: Path) -> BinaryIO:
    """The bytes inside, unpacked if the file begins as gzip does, whatever its name."""
    raw: BinaryIO = open(path, "rb")
    packed = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw


def open_text(path: Path, encoding: str) -> TextIO:
    return io.TextIOWrapper(_raw(path), encoding=encoding, newline="")


def lines_of(text: TextIO) -> Iterator[str]:
    """The lines with their ends. Raises Refused for one that no table has: it would be read into memory as a whole."""
    while line := text.readline(LINE_MAX):
        if len(line) >= LINE_MAX:
            raise Refused(_("The file has a line of more than %(most)d characters, so it is no table.", most=LINE_MAX))
        yield line


def _bounded(text: TextIO) -> list[str]:
    lines, size = [], 0
    for line in lines_of(text):
        lines.append(line)
        size += len(line)
        if size > TABLE_MAX:
            raise Refused(_("The file of replies is too large: it can have at most %(most)d MB.", most=TABLE_MAX >> 20))
    return lines


def open_table(path: Path, wanted: Sequence[str]) -> tuple[list[str], Iterator[Record | Broken]]:
    """The names and records of a CSV file that has these columns in any order. Raises Refused where one is missing."""
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.", path=path))
    encoding = encoding_of(path)
    try:
        with open_text(path, encoding) as text:
            lines = _bounded(text)
    except (UnicodeDecodeError, EOFError, OSError, zlib.error):
        raise Refused(_("%(path)s is not a CSV file in UTF-8.", path=path)) from None
    separator = max(SEPARATORS, key=lines[0].count) if lines else ","
    heading = next(iter(Reader(lines[:1], separator)), None)
    names = [cell.strip().lower() for cell in heading.cells] if isinstance(heading, Record) else []
    if lacking := [name for name in wanted if name not in names]:
        raise Refused(
            _(
                "The file of replies needs the columns: %(names)s. Missing: %(missing)s.",
                names=", ".join(wanted),
                missing=", ".join(lacking),
            )
        )
    return names, iter(Reader(lines[1:], separator, first_line=2, columns=len(names)))
