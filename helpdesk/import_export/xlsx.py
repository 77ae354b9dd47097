"""One table as a workbook for spreadsheet programs (ECMA-376), written while it is read: its size needs no memory.

Every cell is text, which no program takes for a formula, or a time as a date of the workbook's time zone.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from html import escape

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE = 64 * 1024
Cell = str | datetime
# Days are counted from here (ECMA-376, 18.17.4.1).
_EPOCH = datetime(1899, 12, 30)
# The property of the file that holds the zone of its times.
ZONE_PROPERTY = "time zone"
# Of the properties of somebody else's workbook no more is read.
PROPERTIES_MAX = 64 * 1024
# What a sheet and a cell can hold; a cell counts as JavaScript does, an emoji as two.
MOST_ROWS = 1_048_576
MOST_IN_CELL = 32_767

_SPACE = "http://schemas.openxmlformats.org"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = f"{_SPACE}/spreadsheetml/2006/main"
_LINKS = f"{_SPACE}/officeDocument/2006/relationships"
_PACKAGE = f"{_SPACE}/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Characters that XML cannot hold, and a place where a text is cut into runs: programs would take "_x0041_" in one piece
# for the letter A, and some do not know the escape for it (ECMA-376, 22.9.2.19).
_UNHEARD_OF = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPE = re.compile("(?<=_)(?=x[0-9A-Fa-f]{4}_)")


class _Pipe(io.RawIOBase):
    """What the archive writes into; taken out piece by piece."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.waiting += data
        return len(data)

    def taken(self) -> bytes:
        taken, self.waiting = bytes(self.waiting), bytearray()
        return taken


def pieces(
    heading: Sequence[str], rows: Iterator[list[Cell]], *, most_rows: int = MOST_ROWS, zone: tzinfo = timezone.utc
) -> Iterator[bytes]:
    """The workbook in pieces. What does not fit on one sheet goes on on the next, under the same heading.

    The part of a cell's text that is too long for it stands in further cells at the end of the row; the heading calls
    them by the column's name with "_2", "_3" and so on.
    """
    pipe = _Pipe()
    longest = list(heading).index("description")
    names = [*heading, *(f"description_{part}" for part in range(2, 5))]
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as book:
        sheets, waiting = 0, next(rows, None)
        while sheets == 0 or waiting is not None:
            given = itertools.chain([waiting] if waiting else [], rows)
            sheets += 1
            with book.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as sheet:
                for written in _sheet(names, itertools.islice(given, most_rows - 1), longest):
                    sheet.write(written)
                    if len(pipe.waiting) > PIECE:
                        yield pipe.taken()
            waiting = next(rows, None)
        for name, content in _package_parts(sheets, str(zone)).items():
            book.writestr(name, _HEAD + content)
    yield pipe.taken()


def _sheet(names: list[str], rows: Iterator[list[Cell]], longest: int) -> Iterator[bytes]:
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">{pane}</sheetView>'.encode()
    yield b'</sheetViews><sheetFormatPr defaultRowHeight="15"/><cols><col min="1" max="99" width="18" customWidth="1"/>'
    yield b"</cols><sheetData>"
    yield _row(names, ' s="1"')
    for row in rows:
        first, *more = _parts(str(row[longest]))
        yield _row([*row[:longest], first, *row[longest + 1 :], *more], "")
    yield b"</sheetData></worksheet>"


def _parts(text: str) -> list[str]:
    """The text cut into what cells can hold; never inside a character."""
    if len(text) <= MOST_IN_CELL // 2:
        return [text]
    parts, size, begin = [], 0, 0
    for place, character in enumerate(text):
        width = 2 if ord(character) > 0xFFFF else 1
        if size + width > MOST_IN_CELL:
            parts.append(text[begin:place])
            size, begin = 0, place
        size += width
    return [*parts, text[begin:]]


def _row(cells: Sequence[Cell], style: str) -> bytes:
    """Empty cells stand too: each cell is known by its place."""
    return ("<row>" + "".join(_cell(cell, style) for cell in cells) + "</row>").encode()


def _cell(value: Cell, style: str) -> str:
    if isinstance(value, datetime):
        if (days := _days(value)) is not None:
            return f'<c s="2"><v>{days:.11f}</v></c>'
        text = value.isoformat()
    else:
        text = value
    if not text:
        return f"<c{style}/>"
    runs = [
        f'<t xml:space="preserve">{escape(run, quote=False)}</t>' for run in _ESCAPE.split(_UNHEARD_OF.sub("", text))
    ]
    inside = runs[0] if len(runs) == 1 else "".join(f"<r>{run}</r>" for run in runs)
    return f'<c t="inlineStr"{style}><is>{inside}</is></c>'


def _days(value: datetime) -> float | None:
    """The days since the epoch on the clock of the value's zone. None in the hour that such a clock shows twice."""
    if value.utcoffset() != value.replace(fold=1).utcoffset():
        return None
    return (value.replace(tzinfo=None) - _EPOCH) / timedelta(days=1)


def time_zone(book: zipfile.ZipFile) -> str:
    """The zone that a workbook of ours names, or ""."""
    if "docProps/custom.xml" not in book.namelist():
        return ""
    with book.open("docProps/custom.xml") as part:
        properties = part.read(PROPERTIES_MAX).decode(errors="replace")
    found = re.search(rf'name="{ZONE_PROPERTY}"[^>]{{0,200}}><vt:lpwstr>([\w/+-]{{1,60}})<', properties)
    return found[1] if found else ""


def _package_parts(sheets: int, zone: str) -> dict[str, str]:
    """The parts of the archive that say what the sheets are."""
    numbers = range(1, sheets + 1)
    named = "".join(f'<sheet name="Tickets {n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    linked = "".join(_link(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers)
    typed = "".join(_type(f"/xl/worksheets/sheet{n}.xml", "worksheet") for n in numbers)
    defaults = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{named}</sheets></workbook>'
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{defaults}'
        f'{_type("/xl/workbook.xml", "sheet.main")}{_type("/xl/styles.xml", "styles")}{typed}'
        '<Override PartName="/docProps/custom.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.custom-properties+xml"/></Types>',
        "_rels/.rels": _links(
            _link("rId1", "officeDocument", "xl/workbook.xml")
            + _link("rId2", "custom-properties", "docProps/custom.xml")
        ),
        "docProps/custom.xml": f'<Properties xmlns="{_SPACE}/officeDocument/2006/custom-properties" '
        f'xmlns:vt="{_SPACE}/officeDocument/2006/docPropsVTypes">'
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="2" name="{ZONE_PROPERTY}">'
        f"<vt:lpwstr>{escape(zone)}</vt:lpwstr></property></Properties>",
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": _links(linked + _link("rId0", "styles", "styles.xml")),
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="1">'
        '<numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/></numFmts>'
        '<fonts count="2"><font/><font><b/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
        '<cellXfs count="3"><xf/><xf fontId="1" applyFont="1"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    }


def _type(part: str, kind: str) -> str:
    return f'<Override PartName="{part}" ContentType="{_KIND}.{kind}+xml"/>'


def _links(links: str) -> str:
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _link(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_LINKS}/{kind}" Target="{target}"/>'
