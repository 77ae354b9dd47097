"""Tickets as a file: everything that is listed, nothing that runs in a spreadsheet, and the way back in."""

import csv
import io
import re
import zipfile
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.import_export import exporter, external_ids, xlsx
from helpdesk.lists import ticket_lists
from helpdesk.tickets import messages, tags, tickets
from models import Delivery, Event, Message, Person, Ticket, db
from tests.support import builders
from tests.support.builders import act

ODD = [
    "=1+1",
    "'=1+1",
    "''@SUM(A1)",
    "- first\n- second",
    "+49 30 1234",
    "＝1+1",
    "'quoted'",
    'She said "no", twice;\nthen\tleft',
    "_x0041_ is no A",
    "<b>&amp; ]]>",
    "印刷できません 🙂 e\u0301",
]


def rows(reader, where=None):
    where = ticket_lists.in_view("all", reader) if where is None else where
    return list(exporter.rows(reader.id, where))


def file_of(kind, reader):
    return b"".join(exporter.pieces(kind, all_of(reader)))


def all_of(reader):
    return exporter.rows(reader.id, ticket_lists.in_view("all", reader))


def table(content):
    """The rows of a CSV file as dictionaries, cells as a spreadsheet program would see them."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def sheets(content):
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


@pytest.fixture
def varied(cast):
    """Tickets of every kind: statuses, times, people, categories, and texts that make trouble."""
    made = [builders.ticket(cast.ada, subject=f"Number {n}", description=text) for n, text in enumerate(ODD)]
    hardware = builders.category("Hardware")
    act(tickets.assign, made[0], to=cast.dan, by=cast.cleo)
    act(tickets.set_status, made[1], "pending", by=cast.cleo, reason="=the part is ordered")
    act(tickets.set_status, made[2], "resolved", by=cast.cleo)
    act(tickets.set_status, made[3], "closed", by=cast.cleo)
    act(tickets.set_priority, made[4], "urgent", by=cast.cleo)
    act(tickets.set_category, made[5], hardware, by=cast.cleo)
    act(tickets.set_type, made[6], "request", by=cast.cleo)
    act(tags.set_tags, made[7], ["vpn", "=new starter"], by=cast.cleo)
    builders.ticket(cast.cleo, requester=cast.mel, subject="@cmd for Mel")
    return made


# ---- what is in it


def test_every_ticket_of_the_view_is_there_by_number(varied, cast):
    act(tickets.trash, varied[7], by=cast.eve)
    numbers = [int(row[0]) for row in rows(cast.eve)]
    assert numbers == sorted(numbers) and len(numbers) == len(varied)
    assert varied[7].id not in numbers, "what is in the trash is in no view"
    pending = rows(cast.cleo, ticket_lists.in_view("pending", cast.cleo))
    assert [row[0] for row in pending] == [str(varied[1].id)]


def test_a_row_says_what_the_ticket_says(varied, cast):
    row = dict(zip(exporter.COLUMNS, rows(cast.cleo)[0]))
    ticket = varied[0]
    assert row["number"] == str(ticket.id) and row["external_id"] == f"desk-{external_ids.name()}-{ticket.id}"
    assert (row["status"], row["priority"], row["type"]) == ("open", "normal", "incident")
    assert (row["requester_name"], row["requester_email"]) == ("Ada Okafor", "ada@example.com")
    assert row["assignee_email"] == "dan@example.com"
    assert row["created_at"] == ticket.created_at and row["finished_at"] == ""


def test_notes_and_replies_are_not_in_it(varied, cast):
    builders.note(varied[0], "Nobody but us reads this", by=cast.cleo)
    builders.reply(varied[0], "Everybody reads this", by=cast.cleo)
    content = file_of("csv", cast.cleo).decode()
    assert "reads this" not in content


def test_an_empty_view_is_a_file_with_a_heading(cast):
    assert table(file_of("csv", cast.cleo)) == []
    assert len(sheets(file_of("xlsx", cast.cleo))[0]) == 1


# ---- harmless


@pytest.mark.parametrize("text", ODD)
def test_no_cell_of_the_csv_file_begins_a_formula(text, cast):
    builders.ticket(cast.ada, subject="Trouble", description=text)
    cell = table(file_of("csv", cast.cleo))[0]["description"]
    assert cell[0] not in "=+-@＝＋－＠\t\r"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_whatever_separator_a_program_takes_no_cell_begins_a_formula(separator, cast, load):
    """A program that takes the wrong one finds the beginnings of cells inside our texts."""
    texts = {"Note;=1+1": "One\n=2+3\n;@SUM(1)|-2", "Tab": 'a\t=1;"=2",+3', "Apostrophes": "x;''=1\n'- mine"}
    for subject, text in texts.items():
        builders.ticket(cast.ada, subject=subject, description=text)
    content = file_of("csv", cast.cleo)
    lines = content.decode("utf-8-sig").split("\r\n")
    for cell in (cell for line in lines for row in line.split("\n") for cell in row.split(separator)):
        assert not re.match(r'["  ]*[=+\-@\t]', cell), cell
    with transactions.writing():
        for model in (Event, Ticket):
            db.session.query(model).delete()
    load(content)
    assert {ticket.subject: ticket.description for ticket in db.session.query(Ticket)} == texts


def test_every_cell_of_the_csv_file_is_quoted(varied, cast):
    first = file_of("csv", cast.cleo).decode("utf-8-sig").split("\r\n")[0]
    assert re.fullmatch(r'"\w+"(,"\w+")+', first)


def test_two_other_readers_read_the_workbook_cell_by_cell_the_same_with_dates_of_the_reader_s_zone(varied, cast):
    berlin = ZoneInfo("Europe/Berlin")
    cells = list(exporter.rows(cast.cleo.id, ticket_lists.in_view("all", cast.cleo), berlin))
    content = b"".join(exporter.pieces("xlsx", iter(cells), berlin))
    (ours,) = sheets(content)
    theirs = [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]
    assert [[_plain(cell or "") for cell in row] for row in theirs] == [[_plain(cell) for cell in row] for row in ours]
    place = exporter.COLUMNS.index("created_at")
    assert _plain(theirs[1][place]) == _plain(varied[0].created_at.astimezone(berlin).replace(tzinfo=None))


def _plain(cell):
    """A time to the millisecond: a workbook knows it no better."""
    if not isinstance(cell, datetime):
        return cell
    return cell.replace(microsecond=0) + timedelta(milliseconds=round(cell.microsecond / 1000))


def test_a_time_that_a_clock_shows_twice_is_written_with_its_offset():
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=timezone.utc).astimezone(ZoneInfo("Europe/Berlin"))
    assert "2026-10-25T02:30:00+02:00" in xlsx._cell(twice, "")
    assert 's="2"' in xlsx._cell(twice + timedelta(days=1), "")


def test_cells_of_the_workbook_are_text_whatever_they_look_like(varied, cast):
    archive = zipfile.ZipFile(io.BytesIO(file_of("xlsx", cast.cleo)))
    assert archive.testzip() is None
    sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    cells = [cell for cell in sheet.iter() if cell.tag.endswith("}c") and len(cell)]
    dates = [cell for cell in cells if cell.get("s") == "2"]
    assert dates and all(re.fullmatch(r"\d+\.\d+", cell[0].text) for cell in dates)
    assert len(cells) > len(dates) and all(cell.get("t") == "inlineStr" for cell in cells if cell not in dates)
    assert not [part for part in sheet.iter() if part.tag.endswith("}f")]


# ---- the way back


def _without_numbers(reader):
    return [list(map(_plain, row[1:])) for row in rows(reader)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_comes_back_as_the_same_tickets(kind, varied, load, cast):
    before, content = _without_numbers(cast.cleo), file_of(kind, cast.cleo)
    with transactions.writing():
        for model in (Event, Message, Ticket):
            db.session.query(model).delete()
        db.session.delete(db.session.get(Person, cast.mel.id))
    outcome = load(content)
    assert (outcome.added, outcome.bad) == (len(before), [])
    assert _without_numbers(cast.cleo) == before
    assert db.session.query(Person).filter_by(email="mel@example.com").one().name == "Mel Duarte"
    assert load(content).known == len(before), "twice is once"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("letter", ["a", "é", "🙂"])
def test_the_longest_text_comes_back_whole(kind, letter, load, cast):
    text = letter * 32_766 + " " + letter * 17_233
    ticket = builders.ticket(cast.ada, subject="Long", description=text)
    content = file_of(kind, cast.cleo)
    if kind == "xlsx":
        assert all(len(cell.encode("utf-16-le")) // 2 <= 32_767 for row in sheets(content)[0] for cell in map(str, row))
    act(tickets.trash, ticket, by=cast.eve)
    act(tickets.purge, ticket, by=cast.eve)
    assert load(content).added == 1
    assert db.session.query(Ticket).one().description == text


def test_more_rows_than_a_sheet_holds_go_on_on_the_next(load, cast):
    cells = [[str(n), f"x-{n}", "Subject", "Text", *[""] * 13] for n in range(1, 8)]
    content = b"".join(xlsx.pieces(exporter.COLUMNS, iter(cells), most_rows=4))
    assert [len(sheet) for sheet in sheets(content)] == [4, 4, 2]
    assert load(content).added == 7


def test_an_assignee_who_is_no_agent_here_is_named_and_the_row_left_out(load, cast):
    head = "external_id,subject,description,category,assignee_email"
    outcome = load(f"{head}\nA-1,Screen,Dark,,ada@example.com\nA-2,Screen,Dark,,dan@example.com".encode())
    assert outcome.added == 1 and "ada@example.com" in outcome.bad[0].why and outcome.bad[0].place.line == 2
    assert db.session.query(Ticket).one().assignee is cast.dan


def test_a_ticket_resolved_elsewhere_closes_without_a_mail_whatever_its_time(load, cast):
    at = transactions.now() - timedelta(days=9)
    head = "external_id,subject,description,category,requester_email,status,created_at,resolved_at"
    early = (at - timedelta(days=1)).isoformat()
    load(f"{head}\nA-1,Screen,Dark,,ada@example.com,resolved,{early},{at.isoformat()}".encode())
    with transactions.writing():
        assert tickets.close_resolved(after=timedelta(days=7)) == 1
    assert db.session.query(Ticket).one().status == "closed"
    assert not db.session.query(Event).filter_by(kind="resolved").count()
    assert db.session.query(Delivery).count() == 0


@pytest.mark.parametrize("content", [b"PK\x03\x04 and nothing more", b"PK\x03\x04"])
def test_a_workbook_that_is_none_is_refused_in_a_sentence(content, load):
    with pytest.raises(Exception, match="not a workbook that can be read"):
        load(content)


# ---- any number of rows, and only for whom it is


def test_the_first_rows_leave_before_the_last_are_read(cast, monkeypatch):
    monkeypatch.setattr(exporter, "SPAN", 2)
    monkeypatch.setattr(xlsx, "PIECE", 1000)
    for number in range(6):
        builders.ticket(cast.ada, subject=f"Number {number}", description="Words " * 300)
    pieces = exporter.pieces("csv", all_of(cast.cleo))
    first = next(pieces) + next(pieces)
    assert b"Number 0" in first and b"Number 5" not in first
    assert b"Number 5" in b"".join(pieces)


def test_a_ticket_raised_meanwhile_is_not_in_it_and_none_is_there_twice(cast, monkeypatch):
    monkeypatch.setattr(exporter, "SPAN", 2)
    made = [builders.ticket(cast.ada, subject=f"Number {number}") for number in range(5)]
    found = all_of(cast.cleo)
    numbers = [next(found)[0]]
    builders.ticket(cast.ada, subject="Too late")
    act(messages.reply, made[0], "To the top of the list", by=cast.cleo)
    assert numbers + [row[0] for row in found] == [str(one.id) for one in made]


@pytest.mark.parametrize("change", ["demoted", "switched off"])
def test_whoever_loses_the_right_gets_no_further_row(change, cast, monkeypatch):
    monkeypatch.setattr(exporter, "SPAN", 1)
    for number in range(3):
        builders.ticket(cast.ada, subject=f"Number {number}")
    found = all_of(cast.cleo)
    assert next(found)
    if change == "demoted":
        act(people.set_role, cast.cleo, "user", by=cast.eve)
    else:
        act(people.switch_off, cast.cleo, by=cast.eve)
    with pytest.raises(exporter.Stopped):
        list(found)
