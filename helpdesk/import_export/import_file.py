"""The file that tickets are imported from, CSV or a workbook: examined from end to end first, then read row by row."""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone, tzinfo
from pathlib import Path

from flask_babel import gettext as _

from helpdesk.errors import Refused
from helpdesk.import_export.import_rows import Bad, Layout, Place, Row, judged
from helpdesk.import_export.questions import NotUtf8, WhichFirst
from helpdesk.import_export.reading import columns, date_formats, formulas, workbooks
from helpdesk.import_export.reading.columns import TIMES, Mapping
from helpdesk.import_export.reading.csv_reader import SEPARATORS, Broken, Reader, Record
from helpdesk.import_export.reading.text_files import encoding_of, lines_of, open_text

# A heading stands on one of the first rows: some exports put a title above it.
HEADING_ROWS = 10
MOST_BYTES = 512 * 1024 * 1024
MOST_ROWS = 1_000_000
# The column of a file of rows left out (left_out.py) that says why. Its cells have apostrophes before formulas.
LEFT_OUT = "left out because"


@dataclass(frozen=True)
class Table:
    """A CSV file or one sheet of a workbook: where its heading stands, and how its cells are read."""

    layout: Layout
    heading_line: int
    separator: str = ","
    sheet: str = ""
    heading: Sequence[str] = ()


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
    path: Path,
    mapping: Mapping = Mapping(),
    *,
    zone: tzinfo = timezone.utc,
    order: str = "",
    encoding: str = "",
    progress: Callable[[int], None] = lambda line: None,
) -> Plan:
    """Read the file once from end to end, so that nothing comes to light when half of it is imported.

    `order` is day-first or month-first; `progress` is told now and then how many lines are read. Raises Refused where
    the file cannot be read, is too large, a column is missing or twice, or the order of day and month must be said.
    """
    with readable(path, encoding):
        if workbooks.is_workbook(path):
            plan = _examine_workbook(path, mapping, zone)
        else:
            plan = _examine_table(path, mapping, zone, encoding or encoding_of(path), progress)
    return _with_dates(plan, order, progress)


@contextmanager
def readable(path: Path, encoding: str = "") -> Iterator[None]:
    """What keeps a file from being read, said in words."""
    if not path.is_file():
        raise Refused(_("There is no file %(path)s.", path=path))
    try:
        yield
    except PermissionError:
        raise Refused(_("%(path)s may not be read by this account.", path=path)) from None
    except UnicodeError:
        raise NotUtf8(
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


def rows(plan: Plan, at: datetime) -> Iterator[Row | Bad]:
    """Every row of the file, good or bad, as of the moment `at`."""
    for table, place, record in _records(plan):
        if isinstance(record, Broken):
            yield Bad(place, _why(record), record.text.rstrip("\r\n").split(table.separator))
        else:
            yield judged(table.layout, record.cells, place, at)


def _records(plan: Plan) -> Iterator[tuple[Table, Place, Record | Broken]]:
    if workbooks.is_workbook(plan.path):
        tables = {table.sheet: table for table in plan.tables}
        for place, cells in workbooks.sheets(plan.path):
            table = tables[place.sheet]
            if place.line > table.heading_line and any(cell.strip() for cell in cells):
                yield table, place, Record(place.line, cells)
        return
    (table,) = plan.tables
    with open_text(plan.path, plan.encoding) as text:
        lines = itertools.islice(lines_of(text), table.heading_line, None)
        names = list(table.layout.names)
        first, id_column = table.heading_line + 1, names.index("external_id")
        for record in Reader(lines, table.separator, first_line=first, columns=len(names), id_column=id_column):
            if isinstance(record, Record) and (not table.layout.mapping.foreign or LEFT_OUT in table.heading):
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


def _examine_table(path: Path, mapping: Mapping, zone: tzinfo, encoding: str, progress: Callable[[int], None]) -> Plan:
    with open_text(path, encoding) as text:
        # Continued rows of a heading are rare, so twice as many lines hold the rows that are looked at.
        every = lines_of(text)
        first = list(itertools.islice(every, 2 * HEADING_ROWS))
        size, lines = sum(map(len, first)), len(first)
        for line in every:
            size, lines = size + len(line), lines + 1
            if not lines % 10_000:
                progress(lines)
            if size > MOST_BYTES:
                raise Refused(_("The file is too large: an import takes at most %(most)d MB.", most=MOST_BYTES >> 20))
    separator, heading_line, headings, _score = guess_heading(first, mapping)
    columns.refuse_missing(columns.assign(headings, mapping), mapping)
    layout = Layout(columns.assign(headings, mapping), mapping, zone=zone)
    name = {",": _("commas"), ";": _("semicolons"), "\t": _("tabs"), "|": _("vertical bars")}[separator]
    read_as = f"{name}, {encoding.removesuffix('-sig').upper()}"
    table = Table(layout, heading_line, separator, heading=headings)
    return Plan(path, [table], lines, read_as, encoding, headings)


def guess_heading(first: list[str], mapping: Mapping) -> tuple[str, int, list[str], int]:
    """The separator, the line on which the heading ends, its cells, and how well they are known. Raises Refused where
    there is none.

    A first line "sep=;" names the separator (Excel). Else the one counts by which the heading names the most columns.
    """
    named = re.fullmatch("sep=(.)[\r\n]*", first[0], re.I) if first else None
    best: tuple[tuple[int, bool, int, int], str, int, list[str]] | None = None
    for separator in (named[1],) if named and named[1] in SEPARATORS else SEPARATORS:
        begin = 1 if named else 0
        for record in itertools.islice(Reader(first[begin:], separator, first_line=begin + 1), HEADING_ROWS):
            if isinstance(record, Broken):
                continue
            # Where nothing is known, the first row of several cells is the heading.
            score = columns.score(record.cells, mapping), len(record.cells) > 1, -record.line, len(record.cells)
            if best is None or score > best[0]:
                last = record.line + sum(cell.count("\n") for cell in record.cells)
                best = score, separator, last, record.cells
    if best is None:
        columns.refuse_missing([], mapping)
        raise Refused(_("The file is empty."))
    score, separator, line, cells = best
    return separator, line, cells, score[0]


# ---- workbooks


def _examine_workbook(path: Path, mapping: Mapping, zone: tzinfo) -> Plan:
    zone = workbooks.zone_of(path) or zone
    heads: dict[str, list[tuple[int, list[str]]]] = {}
    lines = 0
    for place, cells in workbooks.sheets(path):
        head = heads.setdefault(place.sheet, [])
        if len(head) < HEADING_ROWS and any(cell.strip() for cell in cells):
            head.append((place.line, cells))
        lines += 1
    tables = [_sheet_table(sheet, head, mapping, zone) for sheet, head in heads.items()]
    if not tables:
        columns.refuse_missing([], mapping)
    return Plan(path, tables, lines, str(_("a workbook")), headings=heads[tables[0].sheet][0][1] if tables else [])


def _sheet_table(sheet: str, head: list[tuple[int, list[str]]], mapping: Mapping, zone: tzinfo) -> Table:
    found = [(line, columns.names_of(cells, mapping), cells) for line, cells in head]
    fitting = [(line, cells) for line, names, cells in found if not columns.missing(names, mapping)]
    if not fitting:
        columns.refuse_missing(found[0][1] if found else [], mapping, sheet)
    line, cells = fitting[0]
    return Table(Layout(columns.assign(cells, mapping), mapping, zone=zone), line, sheet=sheet, heading=cells)


# ---- times


def _with_dates(plan: Plan, order: str, progress: Callable[[int], None]) -> Plan:
    """The plan with the format of each column of times. Raises Refused where two formats fit and nobody says which."""
    found: dict[tuple[str, str], date_formats.Column] = {}
    count = 0
    for table, place, record in _records(plan):
        count += 1
        if not count % 1000:
            progress(place.in_all)
        if count > MOST_ROWS:
            raise Refused(_("The file has too many rows: an import takes at most %(most)d.", most=MOST_ROWS))
        if isinstance(record, Record) and len(record.cells) == len(table.layout.names):
            for name, cell in zip(table.layout.names, record.cells):
                if name in TIMES and cell.strip():
                    found.setdefault((table.sheet, name), date_formats.Column()).add(cell.strip())
    chosen, open_ones = date_formats.choose({"\n".join(key): column for key, column in found.items()}, order)
    if open_ones:
        names = ", ".join(sorted({name.partition("\n")[2] for name in open_ones}))
        raise WhichFirst(
            _(
                "In %(names)s the day and the month could be taken for each other. Say which stands first: "
                "--dates day-first or --dates month-first",
                names=names,
            ),
            {key[1]: column.example for key, column in found.items() if "\n".join(key) in open_ones},
        )
    tables = []
    for table in plan.tables:
        formats = {name: chosen[f"{table.sheet}\n{name}"] for name in TIMES if f"{table.sheet}\n{name}" in chosen}
        tables.append(replace(table, layout=replace(table.layout, formats=formats)))
    return replace(plan, tables=tables)
