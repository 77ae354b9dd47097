"""The rows that an import leaves out, as a CSV file with the reason in front, to be corrected and imported again."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator

from helpdesk.import_export.import_file import LEFT_OUT, Plan, Table
from helpdesk.import_export.import_rows import Bad
from helpdesk.import_export.reading import date_formats, formulas, workbooks
from helpdesk.import_export.reading.columns import TIMES


class LeftOut:
    """Writes each row as it comes, the heading before the first. Tables with other headings share columns of one name.

    A time of a workbook gets its zone: CSV has no other place for it.
    """

    def __init__(self, plan: Plan, write: Callable[[bytes], object]) -> None:
        self._write, self.rows = write, 0
        self._has_zone = not workbooks.is_workbook(plan.path)
        self._tables = {table.sheet: table for table in plan.tables}
        self._heading: list[str] = []
        self._places = {table.sheet: self._place(table) for table in plan.tables}

    def _place(self, table: Table) -> list[int | None]:
        """The column in which each cell shall stand. A name that is repeated has as many; an older reason has none."""
        places: list[int | None] = []
        for at, name in enumerate(table.heading):
            same = [place for place, known in enumerate(self._heading) if known == name]
            before = list(table.heading[:at]).count(name)
            if name == LEFT_OUT:
                places.append(None)
            elif before < len(same):
                places.append(same[before])
            else:
                places.append(len(self._heading))
                self._heading.append(name)
        return places

    def add(self, row: Bad) -> None:
        if not self.rows:
            self._write("\ufeff".encode())
            self._line([LEFT_OUT, *self._heading])
        self.rows += 1
        self._line([f"{row.place}: {row.why}", *self._cells(row)])

    def _cells(self, row: Bad) -> list[str]:
        table, places = self._tables[row.place.sheet], self._places[row.place.sheet]
        if len(row.cells) != len(places):
            # Nobody can say which cell is which: they stand as they are, to be looked at.
            return list(row.cells[1:] if table.heading[:1] == [LEFT_OUT] else row.cells)
        cells = [""] * len(self._heading)
        for place, cell in zip(places, self._with_zones(table, row)):
            if place is not None:
                cells[place] = cell
        return cells

    def _with_zones(self, table: Table, row: Bad) -> Iterator[str]:
        for name, cell in zip(table.layout.names, row.cells):
            if not self._has_zone and name in TIMES and name in table.layout.formats:
                moment = date_formats.read(cell.strip(), table.layout.formats[name], table.layout.zone)
                yield moment.isoformat(" ") if moment else cell
            else:
                yield cell

    def _line(self, cells: list[str]) -> None:
        line = io.StringIO()
        csv.writer(line, quoting=csv.QUOTE_ALL).writerow([formulas.disarm(cell) for cell in cells])
        self._write(line.getvalue().encode())
