"""The file that tickets are imported from, CSV or a workbook: examined from end to end first, then read row by row."""

from __future__ import annotations

import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from helpdesk.errors import Refused
from helpdesk import xlsx
from helpdesk.import_export import columns, date_formats, formulas
from helpdesk.import_export.columns import TIMES, Mapping
from helpdesk.import_export.csv_reader import SEPARATORS, Broken, Reader, Record
from helpdesk.import_export.text_files import encoding_of, open_text
from helpdesk.import_rows import Bad, Layout, Place, Row, judged

# A heading stands on one of the first rows: some exports put a title above it.
HEADING_ROWS = 10
MOST_BYTES = 512 * 1024 * 1024
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Table:
    """A CSV file or one sheet of a workbook: where its heading stands, and how its cells are read."""

    layout: Layout
    heading_line: int
    separator: str = ","
    sheet: str = ""


@dataclass(frozen=True)
class Plan:
    """What was found out about a file before a row of it is imported: `read_as` says it in words."""

    path: Path
    tables: list[Table]
    lines: int
    read_as: str
    encoding: str = "utf-8-sig"
    headings: list[str] = field(default_factory=list)


def examine(
    path: Path, mapping: Mapping = Mapping(), *, zone: tzinfo = timezone.utc, order: str = "", encoding: str = ""
) -> Plan:
    """Read the file once from end to end, so that nothing comes to light when half of it is imported.

    `order` is day-first or month-first. Raises Refused where the file cannot be read, is too large, a column is missing
    or twice, or the order of day and month must be said.
    """
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.", path=path))
    try:
        if _is_workbook(path):
            plan = _examine_workbook(path, mapping, zone)
        else:
            plan = _examine_table(path, mapping, zone, encoding or encoding_of(path))
    except PermissionError:
        raise Refused(_("%(path)s may not be read by this account.", path=path)) from None
    except UnicodeDecodeError:
        raise Refused(
            _(
                "%(path)s is not a CSV file in UTF-8. Save it as “CSV UTF-8”, or name its encoding: "
                "--encoding windows-1252",
                path=path,
            )
        ) from None
    except LookupError:
        raise Refused(_("There is no encoding “%(name)s”.", name=encoding)) from None
    except (EOFError, OSError, zlib.error):
        raise Refused(_("%(path)s is damaged: it cannot be unpacked to its end.", path=path)) from None
    return _with_dates(plan, order)


def rows(plan: Plan, at: datetime) -> Iterator[Row | Bad]:
    """Every row of the file, good or bad, as of the moment `at`."""
    for table, place, record in _records(plan):
        yield Bad(place, _why(record)) if isinstance(record, Broken) else judged(table.layout, record.cells, place, at)


def _records(plan: Plan) -> Iterator[tuple[Table, Place, Record | Broken]]:
    if _is_workbook(plan.path):
        tables = {table.sheet: table for table in plan.tables}
        for place, cells in _sheets(plan.path):
            table = tables[place.sheet]
            if place.line > table.heading_line and any(cell.strip() for cell in cells):
                yield table, place, Record(place.line, cells)
        return
    (table,) = plan.tables
    with open_text(plan.path, plan.encoding) as text:
        lines = itertools.islice(text, table.heading_line, None)
        names = list(table.layout.names)
        first, id_column = table.heading_line + 1, names.index("external_id")
        for record in Reader(lines, table.separator, first_line=first, columns=len(names), id_column=id_column):
            if isinstance(record, Record) and not table.layout.mapping.foreign:
                record = Record(record.line, [formulas.restore(cell) for cell in record.cells])
            yield table, Place(record.line), record


def _why(broken: Broken) -> str:
    texts = {
        "open": _("The quotation mark opened on line %(line)d is not closed.", line=broken.opened),
        "stray": _(
            "The cell goes on after its closing quotation mark (opened on line %(line)d). "
            "Inside a cell a quotation mark is written twice.",
            line=broken.opened,
        ),
        "rows": _("Whole rows stand inside a cell: a quotation mark is missing on line %(line)d.", line=broken.opened),
    }
    return str(texts[broken.why])


# ---- CSV


def _examine_table(path: Path, mapping: Mapping, zone: tzinfo, encoding: str) -> Plan:
    with open_text(path, encoding) as text:
        # Continued rows of a heading are rare, so twice as many lines hold the rows that are looked at.
        first = list(itertools.islice(text, 2 * HEADING_ROWS))
        size, lines = sum(map(len, first)), len(first)
        for line in text:
            size, lines = size + len(line), lines + 1
            if size > MOST_BYTES:
                raise Refused(_("The file is too large: an import takes at most %(most)d MB.", most=MOST_BYTES >> 20))
    separator, heading_line, headings = _heading(first, mapping)
    layout = Layout(columns.assign(headings, mapping), mapping, zone=zone)
    name = {",": _("commas"), ";": _("semicolons"), "\t": _("tabs"), "|": _("vertical bars")}[separator]
    read_as = f"{name}, {encoding.removesuffix('-sig').upper()}"
    return Plan(path, [Table(layout, heading_line, separator)], lines, read_as, encoding, headings)


def _heading(first: list[str], mapping: Mapping) -> tuple[str, int, list[str]]:
    """The separator, the line on which the heading ends, and its cells. Raises Refused where there is none.

    A first line "sep=;" names the separator (Excel). Else the one counts by which the heading names the most columns.
    """
    named = re.fullmatch("sep=(.)[\r\n]*", first[0], re.I) if first else None
    best: tuple[int, str, int, list[str]] | None = None
    for separator in (named[1],) if named and named[1] in SEPARATORS else SEPARATORS:
        begin = 1 if named else 0
        for record in itertools.islice(Reader(first[begin:], separator, first_line=begin + 1), HEADING_ROWS):
            if isinstance(record, Broken):
                continue
            found = {name for name in columns.names_of(record.cells, mapping) if name}
            lacking = len(columns.missing([*found], mapping))
            score = len(found) - 100 * lacking
            if best is None or score > best[0]:
                last = record.line + sum(cell.count("\n") for cell in record.cells)
                best = score, separator, last, record.cells
    if best is None:
        columns.refuse_missing([], mapping)
        raise Refused(_("The file is empty."))
    _score, separator, line, cells = best
    columns.refuse_missing(columns.assign(cells, mapping), mapping)
    return separator, line, cells


# ---- workbooks


def _is_workbook(path: Path) -> bool:
    with open(path, "rb") as raw:
        return raw.read(4) == b"PK\x03\x04"


def _examine_workbook(path: Path, mapping: Mapping, zone: tzinfo) -> Plan:
    zone = _zone_of(path) or zone
    heads: dict[str, list[tuple[int, list[str]]]] = {}
    lines = 0
    for place, cells in _sheets(path):
        head = heads.setdefault(place.sheet, [])
        if len(head) < HEADING_ROWS and any(cell.strip() for cell in cells):
            head.append((place.line, cells))
        lines += 1
    tables = [_sheet_table(sheet, head, mapping, zone) for sheet, head in heads.items()]
    if not tables:
        columns.refuse_missing([], mapping)
    return Plan(path, tables, lines, str(_("a workbook")), headings=heads[tables[0].sheet][0][1] if tables else [])


def _zone_of(path: Path) -> tzinfo | None:
    """The zone of the times in a workbook of ours."""
    try:
        with zipfile.ZipFile(path) as book:
            name = xlsx.time_zone(book)
        return ZoneInfo(name) if name else None
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError):
        return None


def _sheet_table(sheet: str, head: list[tuple[int, list[str]]], mapping: Mapping, zone: tzinfo) -> Table:
    found = [(line, columns.names_of(cells, mapping), cells) for line, cells in head]
    fitting = [(line, cells) for line, names, cells in found if not columns.missing(names, mapping)]
    if not fitting:
        columns.refuse_missing(found[0][1] if found else [], mapping, sheet)
    line, cells = fitting[0]
    return Table(Layout(columns.assign(cells, mapping), mapping, zone=zone), line, sheet=sheet)


def _sheets(path: Path) -> Iterator[tuple[Place, list[str]]]:
    """Every row of all sheets as text."""
    try:
        book, before = CalamineWorkbook.from_path(path), 0
        several = len(book.sheet_names) > 1
        for name in book.sheet_names:
            line = 0
            for line, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), start=1):
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


# ---- times


def _with_dates(plan: Plan, order: str) -> Plan:
    """The plan with the format of each column of times. Raises Refused where two formats fit and nobody says which."""
    found: dict[tuple[str, str], date_formats.Column] = {}
    count = 0
    for table, _place, record in _records(plan):
        count += 1
        if count > MOST_ROWS:
            raise Refused(_("The file has too many rows: an import takes at most %(most)d.", most=MOST_ROWS))
        if isinstance(record, Record) and len(record.cells) == len(table.layout.names):
            for name, cell in zip(table.layout.names, record.cells):
                if name in TIMES and cell.strip():
                    found.setdefault((table.sheet, name), date_formats.Column()).add(cell.strip())
    chosen, open_ones = date_formats.choose({"\n".join(key): column for key, column in found.items()}, order)
    if open_ones:
        names = ", ".join(sorted({name.partition("\n")[2] for name in open_ones}))
        raise Refused(
            _(
                "In %(names)s the day and the month could be taken for each other. Say which stands first: "
                "--dates day-first or --dates month-first",
                names=names,
            )
        )
    tables = []
    for table in plan.tables:
        formats = {name: chosen[f"{table.sheet}\n{name}"] for name in TIMES if f"{table.sheet}\n{name}" in chosen}
        tables.append(replace(table, layout=replace(table.layout, formats=formats)))
    return replace(plan, tables=tables)
