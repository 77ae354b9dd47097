"""Tickets imported from a workbook of several sheets: all of them or none, each line counted and named."""

import io
import zipfile

import pytest

from helpdesk.errors import Refused
from helpdesk.import_export import importer, xlsx
from helpdesk.import_export.import_file import examine
from models import Ticket, db

HEADING = ("external_id", "subject", "description", "category")


def row(number):
    return [f"A-{number}", f"Subject {number}", "Text", ""]


@pytest.fixture
def workbook(tmp_path):
    """A file of these rows, so many on a sheet; on the last sheet with another word for the first column."""

    def make(rows, each, last="external_id"):
        made = zipfile.ZipFile(io.BytesIO(b"".join(xlsx.pieces(HEADING, iter(rows), most_rows=each + 1))))
        path = tmp_path / "tickets.xlsx"
        sheets = [name for name in made.namelist() if "/sheet" in name]
        with zipfile.ZipFile(path, "w") as book:
            for name in made.namelist():
                content = made.read(name)
                book.writestr(name, content.replace(b"external_id", last.encode()) if name == sheets[-1] else content)
        return path

    return make


def load(path, told=None):
    return importer.run(examine(path), host="desk.test", progress=(told if told is not None else []).append)


def test_a_later_sheet_with_another_heading_keeps_the_whole_file_out(app, workbook, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 2)
    with pytest.raises(Refused, match="Sheet “Tickets 3”: .* Missing: external_id"):
        load(workbook([row(number) for number in range(9)], 4, last="remarks"))
    assert db.session.query(Ticket).count() == 0


def test_the_same_id_on_the_same_line_of_two_sheets_is_named(app, workbook):
    outcome = load(workbook([row(1), row(2), row(1), row(3)], 2))
    assert outcome.added == 3 and str(outcome.bad[0].place) == "line 2 of the sheet “Tickets 2”"
    assert outcome.bad[0].why == "external_id A-1 stands on line 2 of the sheet “Tickets 1” already."


def test_progress_goes_on_from_sheet_to_sheet(app, workbook, monkeypatch):
    monkeypatch.setattr(importer, "CHUNK", 2)
    path, told = workbook([row(number) for number in range(9)], 3), []
    load(path, told)
    assert min(told) > 0 and sum(told) == examine(path).lines == 12
