"""What is typed into the search box and is no word: the number of a ticket, a text with a colon."""

import re

import pytest

from helpdesk.tickets import tickets
from models import SavedView, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


@pytest.fixture
def printer(cast):
    return builders.ticket(cast.ada, "Printer on floor 3", "It smells of burnt toast.")


@pytest.mark.parametrize("typed", ["{}", "%23{}"])
def test_a_number_shows_its_ticket_first_and_below_it_the_tickets_that_say_the_number(browse, cast, printer, typed):
    saying = builders.ticket(cast.ben, f"Asset {printer.id} is lost", "x")
    newer = builders.ticket(cast.ben, f"Asset {printer.id}", "x")
    page = browse(cast.cleo).get("/search?q=" + typed.format(printer.id))
    assert re.findall(r'class="t" href="/tickets/(\d+)"', page.text) == [str(n.id) for n in (printer, newer, saying)]
    assert "3 tickets" in text_of(page)
    page = browse(cast.ben).get("/search?q=" + typed.format(printer.id))
    assert re.findall(r'class="t" href="/tickets/(\d+)"', page.text) == [str(newer.id), str(saying.id)]
    assert f"There is no ticket #{printer.id} that you can see. These tickets say the number." in text_of(page)


def test_a_list_of_a_number_holds_its_ticket_and_the_tickets_that_say_it(browse, cast, printer):
    saying = builders.ticket(cast.ben, f"Asset {printer.id} is lost", "x")
    builders.ticket(cast.ben, "Something else", "x")
    cleo = browse(cast.cleo)
    page = cleo.get(f"/triage?q={printer.id}")
    assert re.findall(r'data-ticket="(\d+)"', page.text) == [str(saying.id), str(printer.id)]
    rows = cleo.get(f"/triage/export?q={printer.id}").text
    assert "Asset" in rows and "Printer on floor 3" in rows and "Something else" not in rows
    act(tickets.trash, printer, by=cast.eve)
    assert re.findall(r'data-ticket="(\d+)"', browse(cast.eve).get(f"/triage?q={printer.id}").text) == [str(saying.id)]


@pytest.mark.parametrize("typed", ["{}", "%23{}", "+%23{}+"])
def test_a_number_that_nothing_else_says_leads_straight_to_the_ticket(browse, cast, printer, typed):
    answer = browse(cast.ada).get("/search?q=" + typed.format(printer.id))
    assert answer.status_code == 303 and answer.headers["Location"] == f"/tickets/{printer.id}"
    page = browse(cast.ben).get("/search?q=" + typed.format(printer.id))
    assert page.status_code == 200 and f"There is no ticket #{printer.id} that you can see." in text_of(page)


@pytest.mark.parametrize("typed", ["{}", "%23{}", "+%23{}+"])
def test_a_number_typed_in_triage_leads_straight_to_the_ticket_too(browse, cast, printer, typed):
    cleo = browse(cast.cleo)
    answer = cleo.get("/triage?q=" + typed.format(printer.id))
    assert answer.status_code == 303 and answer.headers["Location"] == f"/tickets/{printer.id}"
    by_form = cleo.get(f"/triage?q={typed.format(printer.id)}&before=&status=")
    assert cleo.follow(by_form).headers["Location"] == f"/tickets/{printer.id}"


@pytest.mark.parametrize("path", ["/search", "/triage"])
def test_a_number_in_quotes_is_looked_for_as_a_text(browse, cast, printer, path):
    other = builders.ticket(cast.ben, "Scanner", f"It shows {printer.id} all the time")
    page = browse(cast.cleo).get(f'{path}?q="{printer.id}"')
    assert page.status_code == 200 and re.findall(r'href="/tickets/(\d+)"', page.text) == [str(other.id)]


def test_a_number_of_no_ticket_to_be_seen_stays_a_list_in_triage(browse, cast, printer):
    cleo = browse(cast.cleo)
    assert "No ticket fits." in text_of(cleo.get("/triage?q=%23987654"))
    builders.act(tickets.trash, printer, by=cast.eve)
    assert cleo.get(f"/triage?q={printer.id}").status_code == 200


def test_a_view_that_looks_for_a_number_stays_a_list(browse, cast, printer):
    cleo = browse(cast.cleo)
    cleo.post("/views", {"name": "By number", "query": f"{printer.id}", "sort": "activity"})
    page = cleo.get(f"/triage?view={db.session.query(SavedView).one().id}")
    assert page.status_code == 200 and "By number" in text_of(page)


@pytest.mark.parametrize("kept", ["", "1"])
@pytest.mark.parametrize("path", ["/triage", "/search"])
def test_an_open_page_of_a_number_that_asks_for_news_is_not_led_away(browse, cast, printer, path, kept):
    answer = browse(cast.cleo).get(f"{path}?q=%23{printer.id}", headers={"X-Live-Keeps": kept})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/search", "/triage"])
def test_a_text_with_a_colon_is_looked_for_as_it_is_and_the_page_says_so(browse, cast, path):
    made = builders.ticket(cast.ada, "No network", "The card AA:BB:CC:01:02:03 is asignee:me")
    cleo = browse(cast.cleo)
    page = cleo.get(f"{path}?q=AA:BB:CC:01:02:03")
    assert page.status_code == 200 and f'/tickets/{made.id}"' in page.text
    assert "Looked for as text, since no field has this name: AA:BB:CC:01:02:03" in text_of(page)
    assert "Did you mean" not in text_of(page)
    page = cleo.get(f"{path}?q=network+asignee:me")
    assert page.status_code == 200 and f'/tickets/{made.id}"' in page.text
    assert f'href="{path}?q=network+assignee:me"' in page.text and "Did you mean: network assignee:me" in text_of(page)
    assert "Looked for as text" not in text_of(cleo.get(f"{path}?q=network"))


def test_a_saved_view_its_list_export_and_bulk_change_take_a_text_with_a_colon_alike(browse, cast):
    made = builders.ticket(cast.ada, "Err:0x80070005", "x")
    builders.ticket(cast.ada, "Another", "Err 0x80070006")
    cleo = browse(cast.cleo)
    cleo.post("/views", {"name": "Errors", "query": "Err:0x80070005", "sort": "activity"})
    view = db.session.query(SavedView).one()
    assert view.query == "Err:0x80070005"
    page = cleo.get(f"/triage?view={view.id}")
    assert re.findall(r'data-ticket="(\d+)"', page.text) == [str(made.id)]
    assert cleo.get(f"/triage/export?view={view.id}").text.count("0x8007000") == 1
    cleo.post("/bulk", {"all": "1", "view": str(view.id), "of": "1", "priority": "urgent"})
    db.session.rollback()
    assert [row.id for row in db.session.query(Ticket).filter(Ticket.priority == 4)] == [made.id]
