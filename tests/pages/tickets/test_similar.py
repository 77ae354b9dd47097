"""Tickets that look the same: one's own while a subject is typed, and earlier ones beside a ticket."""

import pytest
from sqlalchemy import event

from helpdesk.tickets import tickets
from models import db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


def alike(browser, subject):
    answer = browser.open(browser.client.get, "/tickets/alike", query_string={"subject": subject})
    return [ticket["number"] for ticket in answer.json]


def test_own_open_tickets_that_say_the_same_are_offered(browse, cast):
    jam = builders.ticket(cast.ada, "Printer on floor 3 jams", "Paper everywhere")
    builders.ticket(cast.ada, "Laptop is slow", "Very")
    ada = browse(cast.ada)
    for subject in ("printer jam", "The PRINTER on floor 3", "paper jam", "prínter"):
        assert alike(ada, subject) == [jam.id], subject
    for subject in ("", "to the", "monitor broken again", "printer of another kind, blue, upstairs"):
        assert alike(ada, subject) == [], subject


def test_neither_finished_deleted_nor_tickets_of_others_are_offered(browse, cast):
    done, gone = builders.ticket(cast.ada, "Printer one"), builders.ticket(cast.ada, "Printer two")
    watched, other = builders.ticket(cast.ben, "Printer three"), builders.ticket(cast.ben, "Printer four")
    act(tickets.solve, done, by=cast.ada)
    act(tickets.trash, gone, by=cast.eve)
    act(tickets.add_watcher, watched, watcher=cast.ada, by=cast.cleo)
    assert alike(browse(cast.ada), "printer") == [] == alike(browse(cast.cleo), "printer")
    assert alike(browse(cast.ben), "printer") == [watched.id, other.id]


def test_a_note_makes_no_ticket_look_the_same(browse, cast):
    made = builders.ticket(cast.ada, "Laptop", "Will not start")
    builders.note(made, "zanzibar", by=cast.cleo)
    assert alike(browse(cast.ada), "zanzibar") == []


@pytest.fixture
def history(cast):
    """A hundred tickets of which three earlier ones and one later say the words of the one looked at."""
    for number in range(60):
        builders.ticket(cast.ben, f"Something about monitors {number}", "Please help")
    same = [builders.ticket(cast.ben, f"Zebra label spooler stuck {number}", "Please help") for number in range(3)]
    act(tickets.set_status, same[0], "resolved", by=cast.cleo)
    this = builders.ticket(cast.ada, "Spooler of the Zebra label printer", "Please help with monitors")
    builders.ticket(cast.ben, "Zebra label spooler again", "later")
    return this, same


def test_beside_a_ticket_stand_earlier_ones_with_its_rare_words_resolved_first(browse, cast, history):
    this, same = history
    page = browse(cast.cleo).get(f"/tickets/{this.id}/similar")
    places = [page.text.index(f'href="/tickets/{ticket.id}"') for ticket in (same[0], same[2], same[1])]
    assert places == sorted(places)
    assert "monitors" not in text_of(page) and "again" not in text_of(page)


def test_where_nothing_is_alike_it_says_so(browse, cast):
    made = builders.ticket(cast.ada, "Unheard-of wombats", "x")
    assert "No earlier ticket says the same." in text_of(browse(cast.cleo).get(f"/tickets/{made.id}/similar"))
    assert browse(cast.ada).get(f"/tickets/{made.id}/similar").status_code == 403


def test_the_ticket_page_asks_nothing_more_for_them(browse, cast, history):
    this, asked = history[0], []
    cleo = browse(cast.cleo)
    event.listen(db.engine, "before_cursor_execute", note := lambda *args: asked.append(args[2]))
    page = cleo.get(f"/tickets/{this.id}")
    event.remove(db.engine, "before_cursor_execute", note)
    assert f'href="/tickets/{this.id}/similar"' in page.text
    assert not [statement for statement in asked if "search_texts" in statement]
    assert "data-similar" not in browse(cast.ada).get(f"/tickets/{this.id}").text
