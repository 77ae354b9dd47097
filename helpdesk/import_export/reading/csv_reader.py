"""CSV (RFC 4180) read so that a broken row costs that row alone and is named, and no later row is swallowed by it."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

SEPARATORS = (",", ";", "\t", "|")
# A cell that is longer has lost its closing quotation mark.
CELL_MAX = 1_000_000
_QUOTES = re.compile('"+')
_DIGITS, _LETTERS = re.compile(r"[0-9]+"), re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Record:
    """The cells of one row, and the line on which it begins."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Broken:
    """A row that cannot be read: the line on which it begins, the line of the quotation mark that breaks it.

    `why` is "open" (never closed), "stray" (something follows a closing mark) or "rows" (whole rows stand inside it).
    `text` is its first line as it stands in the file.
    """

    line: int
    opened: int
    why: str
    text: str = field(default="", compare=False)


class _BrokenQuote(Exception):
    def __init__(self, opened: int, why: str) -> None:
        self.opened, self.why = opened, why


class Reader:
    """The records of a file, given its lines with their ends. After a broken row reading goes on with the next line.

    A quotation mark ends at the first run of an odd number of marks. If neither a separator nor the end of the line
    follows, the row is broken. A lost mark can also pair with the first mark of a later row, and swallow the rows
    between in good form: those are told by the shape of their id (`P-1` and `P-27` are of one shape). `columns` is how
    many cells a row has, 0 where that is not known.
    """

    def __init__(
        self, lines: Iterable[str], separator: str, *, first_line: int = 1, columns: int = 0, id_column: int = 0
    ) -> None:
        self.separator, self.columns, self.id_column = separator, columns, id_column
        self._source = iter(lines)
        self._next_line = first_line
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        # Lines before this one are known to hold no odd run of marks, so a search need not look at them again.
        self._even_until = 0
        self._shape: str | None = None

    def __iter__(self) -> Iterator[Record | Broken]:
        while (begun := self._take()) is not None:
            line = self._next_line - 1
            try:
                cells = self._cells(begun)
                if len(self._taken) > 1:
                    self._refuse_swallowed_rows(begun, line, cells)
            except _BrokenQuote as broken:
                self._put_back()
                yield Broken(line, broken.opened, broken.why, begun)
                continue
            self._taken.clear()
            if any(cell.strip() for cell in cells):
                self._learn_shape(cells)
                yield Record(line, cells)

    def _take(self) -> str | None:
        text = self._waiting.popleft() if self._waiting else next(self._source, None)
        if text is not None:
            self._next_line += 1
            self._taken.append(text)
        return text

    def _put_back(self) -> None:
        """Go on with the line after the one on which the broken row begins."""
        self._waiting.extendleft(reversed(self._taken[1:]))
        self._next_line -= len(self._taken) - 1
        self._taken.clear()

    def _cells(self, text: str) -> list[str]:
        cells, place = [], 0
        while True:
            if text.startswith('"', place):
                cell, text, place = self._quoted(text, place + 1)
            else:
                end = text.find(self.separator, place)
                cell = text[place : len(text.rstrip("\r\n")) if end < 0 else end]
                place += len(cell)
            cells.append(cell)
            if not text.startswith(self.separator, place):
                return cells
            place += 1

    def _quoted(self, text: str, place: int) -> tuple[str, str, int]:
        """A quoted cell from behind its mark. Returns it, the line on which it ends, and the place behind it there."""
        opened, pieces, size = self._next_line - 1, list[str](), 0
        while True:
            closing = None
            if self._next_line - 1 >= self._even_until or not pieces:
                runs = _QUOTES.finditer(text, place)
                closing = next((run for run in runs if (run.end() - run.start()) % 2), None)
            if closing is not None:
                pieces.append(text[place : closing.end() - 1])
                return self._closed("".join(pieces).replace('""', '"'), text, closing.end(), opened)
            pieces.append(text[place:])
            size += len(text) - place
            self._even_until = max(self._even_until, self._next_line)
            following = self._take() if size <= CELL_MAX else None
            if following is None:
                raise _BrokenQuote(opened, "open")
            text, place = following, 0

    def _closed(self, cell: str, text: str, place: int, opened: int) -> tuple[str, str, int]:
        blank = len(text) - len(text[place:].lstrip(" "))
        if blank >= len(text) or text[blank] in "\r\n" or text.startswith(self.separator, blank):
            return cell, text, blank
        raise _BrokenQuote(opened, "stray")

    def _refuse_swallowed_rows(self, begun: str, line: int, cells: list[str]) -> None:
        """Rows that stand whole inside a cell, written in the manner of this one, were swallowed by a lost mark."""
        if len(cells) <= self.id_column or not self.columns:
            return
        shape, quoted = self._shape or _shape_of(cells[self.id_column]), begun.startswith('"')
        for inside in self._taken[1:]:
            # Inside a quoted cell the marks of a row that belongs there are doubled.
            if inside.startswith('"') == quoted and not inside.startswith('""') and self._is_row(inside, shape):
                raise _BrokenQuote(line, "rows")

    def _is_row(self, text: str, shape: str) -> bool:
        found = next(iter(Reader([text], self.separator)), None)
        if found is None:
            return False
        # A row that goes on on the next line is broken when read by itself: what stands before its mark counts.
        whole = isinstance(found, Record)
        cells = found.cells if isinstance(found, Record) else text.split(self.separator)
        fits = len(cells) == self.columns if whole else len(cells) > 1
        return fits and len(cells) > self.id_column and _shape_of(cells[self.id_column].strip('"')) == shape

    def _learn_shape(self, cells: list[str]) -> None:
        if self._shape is None and self.columns == len(cells) and len(cells) > self.id_column:
            self._shape = _shape_of(cells[self.id_column])


def _shape_of(cell: str) -> str:
    """Runs of digits and of letters as one sign each: `INC0012` is "a0"."""
    return _LETTERS.sub("a", _DIGITS.sub("0", cell.strip()))
