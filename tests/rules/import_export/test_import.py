"""Tickets imported from a CSV file: what is kept, what is left out and why, and that nobody hears of it."""

import gzip
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.import_export import imported_people, importer
from helpdesk.import_export.import_file import examine
from helpdesk.import_export.import_rows import Bad, Place
from helpdesk.tickets import tickets
from models import Category, Delivery, Event, Person, Ticket, db
from tests.support import builders

HEADER = "external_id,subject,description,category"
FULL = HEADER + ",requester_email,status,priority,created_at"
REAL = Path(os.environ.get("TICKETS_CSV") or Path(__file__).parents[3] / "shared/data/it_tickets.csv.gz")


@pytest.fixture
def load(app, tmp_path):
    """Import the lines of a file, as text or as bytes."""

    def load(*lines, name="tickets.csv"):
        path = tmp_path / name
        content = lines[0] if isinstance(lines[0], bytes) else "\n".join(lines).encode()
        path.write_bytes(content)
        return importer.run(examine(path), host="desk.test", progress=lambda lines: None)

    return load


def only():
    return db.session.query(Ticket).one()


def test_a_row_becomes_a_ticket_with_all_that_it_says(load, cast):
    builders.category("Hardware")
    outcome = load(FULL, "A-1,Screen is dark,Since Monday,hardware,ada@example.com,open,high,2026-03-31T14:05:00+02:00")
    ticket = only()
    assert (outcome.added, outcome.known, outcome.bad) == (1, 0, [])
    assert (ticket.external_id, ticket.subject, ticket.description) == ("A-1", "Screen is dark", "Since Monday")
    assert (ticket.status, ticket.priority, ticket.category.name) == ("open", 3, "Hardware")
    assert ticket.requester is ticket.raised_by is cast.ada
    assert ticket.created_at == ticket.activity_at == datetime(2026, 3, 31, 12, 5, tzinfo=timezone.utc)


def test_an_import_is_recorded_and_nobody_is_mailed(load, cast):
    cast.cleo.wants_every_new = True
    db.session.commit()
    load(FULL, "A-1,Screen is dark,Since Monday,,ada@example.com,resolved,,")
    event = db.session.query(Event).one()
    assert (event.kind, event.ticket, event.actor) == ("imported", only(), None)
    assert event.facts == {"external_id": "A-1"}
    assert db.session.query(Delivery).count() == 0


def test_imported_again_nothing_is_there_twice(load):
    lines = [HEADER, "A-1,Screen is dark,Since Monday,Hardware", "A-2,Mouse is gone,Gone,Hardware"]
    load(*lines)
    outcome = load(*lines, "A-3,Third one,New,Hardware")
    assert (outcome.added, outcome.known) == (1, 2)
    assert sorted(ticket.external_id for ticket in db.session.query(Ticket)) == ["A-1", "A-2", "A-3"]


def test_an_interrupted_import_goes_on_where_it_was(load, monkeypatch):
    lines = [HEADER, *(f"A-{n},Subject {n},Text {n},Hardware" for n in range(10))]
    monkeypatch.setattr(importer, "CHUNK", 4)
    load(*lines[:7])
    outcome = load(*lines)
    assert (outcome.added, outcome.known) == (4, 6)


def test_an_unknown_requester_becomes_a_person_who_is_only_an_address(load):
    load(
        FULL, "A-1,Screen is dark,Text,,New.Person@Example.com,,,", "A-2,Mouse is gone,Text,,new.person@example.com,,,"
    )
    person = db.session.query(Person).one()
    assert (person.email, person.name, person.password_hash) == ("new.person@example.com", "new.person", None)
    assert (person.role, person.is_active) == ("user", True)


def test_rows_without_a_requester_belong_to_imported(load):
    load(HEADER, "A-1,Screen is dark,Text,Hardware")
    assert (only().requester.name, only().requester.email) == ("Imported", "imported@desk.test")


def test_a_desk_without_a_host_name_has_a_requester_too():
    assert importer.nobody("127.0.0.1") == "imported@helpdesk.example"


def test_unknown_categories_are_added_in_their_order_and_known_ones_found(load):
    builders.category("Réseau", position=1)
    load(HEADER, "A-1,Subject,Text,Storage", "A-2,Subject,Text,reseau", "A-3,Subject,Text,", "A-4,Subject,Text,STORAGE")
    assert [c.name for c in db.session.query(Category).order_by(Category.position)] == ["Réseau", "Storage"]
    names = [t.category and t.category.name for t in db.session.query(Ticket).order_by(Ticket.external_id)]
    assert names == ["Storage", "Réseau", None, "Storage"]


def test_finished_tickets_have_their_times_and_pending_ones_a_reason(load):
    day = datetime(2026, 3, 31, tzinfo=timezone.utc)
    load(FULL, *(f"{status},Subject,Text,,,{status},,2026-03-31" for status in ("resolved", "closed", "pending")))
    found = {ticket.status: ticket for ticket in db.session.query(Ticket)}
    assert (found["resolved"].resolved_at, found["resolved"].finished_at) == (day, day)
    assert (found["closed"].resolved_at, found["closed"].finished_at) == (None, day)
    assert (found["pending"].finished_at, found["pending"].pending_reason) == (None, "imported as pending")


def test_what_was_imported_as_resolved_closes_by_itself_without_a_mail(load, cast):
    load(FULL, "A-1,Subject,Text,,ada@example.com,resolved,,2026-03-31")
    builders.act(tickets.close_resolved, after=timedelta(days=7))
    assert only().status == "closed"
    assert db.session.query(Delivery).count() == 0


def test_what_was_resolved_here_still_closes_with_a_mail(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.set_status, ticket, "resolved", by=cast.cleo)
    builders.act(tickets.close_resolved, after=timedelta(days=7), at=transactions.now() + timedelta(days=8))
    assert "closed" in [delivery.mail for delivery in db.session.query(Delivery)]


BAD = {
    ",Subject,Text,Hardware,,,,": "external_id is empty.",
    f"{'x' * 121},Subject,Text,Hardware,,,,": "external_id is longer than 120 characters.",
    "A-1, \t ,Text,Hardware,,,,": "subject is empty.",
    f"A-1,Subject,{'x' * 50_001},Hardware,,,,": "description is longer than 50000 characters.",
    f"A-1,Subject,Text,{'x' * 61},,,,": "category is longer than 60 characters.",
    "A-1,Subject,Text,Hardware,nobody,,,": "requester_email is not an email address: nobody",
    "A-1,Subject,Text,Hardware,,lost,,": "status is “lost”, but must be one of: new, open, pending, resolved, closed.",
    "A-1,Subject,Text,Hardware,,,7,": "priority is “7”, but must be one of: low, normal, high, urgent.",
    "A-1,Subject,Text,Hardware,,,,yesterday": "created_at is not a time such as 2026-03-31 14:05: yesterday",
    "A-1,Subject,Text,Hardware,,,,2999-01-01": "created_at must lie between 1970 and now: 2999-01-01",
    "A-1,Subject,Text,Hardware,,,,0001-01-01T00:00:00+14:00": "created_at is not a time such as 2026-03-31 14:05: "
    "0001-01-01T00:00:00+14:00",
    "A-1,Subject,Text": "This row has 3 cells, the first line has 8.",
}


@pytest.mark.parametrize("line", BAD)
def test_a_bad_row_is_named_with_its_line_and_the_good_ones_are_kept(load, line):
    outcome = load(FULL, '"G,1",Good,"Two\nlines",,,,,', line, "G-2,Good as well,Text,,,,,")
    assert outcome.bad == [Bad(Place(4), BAD[line])]
    assert outcome.added == db.session.query(Ticket).count() == 2


def test_the_same_id_twice_in_a_file_is_named(load):
    outcome = load(HEADER, "A-1,First,Text,", "", "A-1,Second,Text,")
    assert outcome.bad == [Bad(Place(4), "external_id A-1 stands on line 2 already.")]
    assert only().subject == "First"


def test_a_quotation_mark_that_is_never_closed_spoils_no_more_than_its_rest(load):
    endless = 'A-2,"No end,' + "\n".join(["x" * 1000] * 1100)
    outcome = load(HEADER, "A-1,Subject,Text,", *endless.split("\n"))
    assert outcome.added == 1
    assert outcome.bad[0].place == Place(3)
    assert outcome.bad[0].why.startswith("The quotation mark opened on line 3 is not closed")


def test_quotes_line_breaks_emoji_and_control_characters_arrive_clean(load):
    row = '"A-1"," Says ""no paper""\nagain ","🖨️ first\r\nsecond\x07\x00 line  ",Hardware'
    load(b"\xef\xbb\xbf" + f"{HEADER}\r\n{row}\r\n".encode())
    assert only().subject == 'Says "no paper" again'
    assert only().description == "🖨️ first\nsecond line"


def test_a_packed_file_is_known_by_its_content(load):
    load(gzip.compress(f"{HEADER}\nA-1,Subject,Text,Hardware\n".encode()), name="tickets.csv")
    assert only().external_id == "A-1"


def test_semicolons_and_columns_in_another_order_are_fine(load):
    load("Subject;extra;DESCRIPTION;category;external_id", "Subject, with comma;?;Text;Hardware;A-1")
    assert (only().subject, only().external_id) == ("Subject, with comma", "A-1")


PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
UNUSABLE = {
    "empty": (b"", "The first line must name the columns. Missing: external_id, subject, description, category."),
    "no columns": (b"id,title\n1,Hello\n", "The first line must name the columns. Missing:"),
    "one missing": (b"external_id,subject,category\n", "Missing: description."),
    "a picture": (PNG, "is not a CSV file in UTF-8"),
    "latin-1": (f"{HEADER}\nA-1,Drücker,Text,\n".encode("latin-1"), "is not a CSV file in UTF-8"),
    "cut off": (gzip.compress(HEADER.encode() * 99)[:40], "is damaged"),
    "broken": (b"\x1f\x8b" + b"x" * 40, "is damaged"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(load, what):
    content, why = UNUSABLE[what]
    with pytest.raises(Refused, match=why):
        load(content)
    assert db.session.query(Ticket).count() == 0


def test_somebody_who_registers_meanwhile_does_not_break_the_import(load, cast, monkeypatch):
    """The address is taken by somebody else between the look and the insert: the chunk is tried again."""
    known = imported_people.ids
    blind = iter([True])
    monkeypatch.setattr(imported_people, "ids", lambda emails: {} if next(blind, False) else known(emails))
    outcome = load(FULL, "A-1,Subject,Text,,ada@example.com,,,")
    assert (outcome.added, only().requester) == (1, cast.ada)


@pytest.mark.skipif(not REAL.exists(), reason="the real tickets are not here (TICKETS_CSV names them)")
def test_the_real_tickets_come_in_completely(app):
    told = []
    plan = examine(REAL)
    outcome = importer.run(plan, host="desk.test", progress=told.append)
    assert (outcome.added, outcome.bad) == (24_000, [])
    assert db.session.query(Ticket).count() == 24_000
    assert db.session.query(Event).filter_by(kind="imported").count() == 24_000
    assert db.session.query(Category).count() == 8
    assert sum(told) == plan.lines
