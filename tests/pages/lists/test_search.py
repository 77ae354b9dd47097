"""Search: the box, the results, the form of filters, what could come next, and the same query in triage."""

import json
import re
from html import unescape
from urllib.parse import unquote

import pytest
from markupsafe import escape

from helpdesk.accounts import people
from helpdesk.lists import sorting, ticket_lists
from helpdesk.search import search
from helpdesk.tickets import tickets
from models import SavedView, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.forms_of import fields


@pytest.fixture
def printer(cast):
    builders.category("Hardware")
    made = builders.ticket(cast.ada, "Printer on floor 3", "The <b>café</b> printer smells of burnt toast.")
    builders.reply(made, "Please switch the printer off at the wall.", by=cast.cleo)
    builders.note(made, "Zanzibar model again", by=cast.dan)
    return made


def test_every_signed_in_page_has_the_box_and_others_have_not(browse, cast):
    for person, path in ((cast.ada, "/tickets"), (cast.cleo, "/triage"), (cast.eve, "/people"), (cast.ada, "/profile")):
        assert 'id="search"' in browse(person).get(path).text
    assert 'id="search"' not in browse().get("/login").text


def test_a_hit_is_shown_with_its_words_marked(browse, cast, printer):
    for person in (cast.ada, cast.cleo):
        page = browse(person).get("/search?q=toast+print")
        assert f'href="/tickets/{printer.id}"' in page.text and "1 ticket" in text_of(page)
        assert "<mark>toast</mark>" in page.text and "<mark>Printer</mark> on floor" in page.text
        assert "&lt;b&gt;" in page.text and "<b>" not in page.text.replace("<bdi>", "")


def test_folded_words_are_marked_too(browse, cast, printer):
    assert "<mark>café</mark>" in browse(cast.ada).get("/search?q=cafe").text


def test_a_requester_sees_no_note_in_hits_counts_or_snippets(browse, cast, printer):
    assert "<mark>Zanzibar</mark>" in browse(cast.cleo).get("/search?q=zanzibar").text
    ada = browse(cast.ada)
    assert "No ticket fits." in text_of(ada.get("/search?q=zanzibar"))
    assert "anzibar" not in ada.get("/search?q=printer").text
    assert "It can be: reply, file." in text_of(ada.get("/search?q=has:note"))


@pytest.mark.parametrize("path", ["/search", "/triage"])
def test_invisible_characters_are_not_said_back(path, browse, cast):
    page = browse(cast.cleo).get(f"{path}?q=a%00b%07%1b")
    assert 'value="ab"' in page.text


def test_a_mistake_is_told_and_what_was_typed_is_kept(browse, cast, printer):
    for path in ("/search", "/triage"):
        page = browse(cast.cleo).get(f"{path}?q=printer+status:opne")
        assert page.status_code == 422
        assert "“status:” cannot be “opne”. Did you mean “open”?" in text_of(page)
        assert 'value="printer status:opne"' in page.text
        assert f'href="{path}?q=printer+status:open"' in page.text


def test_an_empty_search_says_what_can_be_typed(browse, cast):
    for path in ("/search", "/search?q=", "/search?q=+"):
        page = browse(cast.ada).get(path)
        assert page.status_code == 200 and "What you can look for" in text_of(page)


@pytest.mark.parametrize("typed", ["%25", "!!!", "👍", "%22%22"])
def test_what_holds_nothing_to_look_for_is_told_and_never_lists_or_changes_everything(browse, cast, printer, typed):
    cleo = browse(cast.cleo)
    for path in ("/search", "/triage"):
        page = cleo.get(f"{path}?q={typed}")
        assert page.status_code == 422 and "There is nothing in this that could be looked for." in text_of(page)
        assert "Printer on floor 3" not in page.text
    assert "What you can look for" in text_of(cleo.get(f"/search?q={typed}"))
    assert cleo.get(f"/triage/export?q={typed}").status_code == 404
    change = {"q": unquote(typed), "all": "1", "priority": "urgent", "back": "/triage"}
    assert cleo.post("/bulk", fields(cleo.get("/triage?q=printer"), "/bulk") | change).status_code == 409
    assert cleo.post("/views", {"name": "All", "query": unquote(typed), "sort": "age"}).status_code == 422
    db.session.rollback()
    assert db.session.get(Ticket, printer.id).priority == 2 and db.session.query(SavedView).count() == 0


def test_the_form_of_filters_writes_the_same_query(browse, cast, printer):
    cleo = browse(cast.cleo)
    answer = cleo.get(
        "/search?q=printer+priority:low&before=printer+priority:low&status=open&priority=&category=hardware"
    )
    page = cleo.follow(answer)
    assert answer.headers["Location"] == "/search?q=printer+status:open+category:hardware"
    assert '<option value="open" selected>' in page.text and '<option value="hardware" selected>' in page.text


def test_a_filter_changed_in_the_box_wins_over_the_form_it_was_shown_with(browse, cast, printer):
    answer = browse(cast.cleo).get("/search?q=status:closed&before=status:open&status=open")
    assert answer.headers["Location"] == "/search?q=status:closed"


@pytest.mark.parametrize("name", ['Robert "Bob" Smith', "Robert “Bob Lee” Smith", "김민수", 'O"Neil'])
def test_an_agent_chosen_in_the_form_is_found_and_stands_in_it_once(browse, cast, printer, name):
    bob = act(people.add, name, "bob@example.com", role="agent")
    act(tickets.assign, printer, to=bob, by=cast.cleo)
    cleo, shown = browse(cast.cleo), escape(name)
    page = cleo.get("/search")
    offered = re.findall(r'<option value="([^"]*)"', page.text)
    value = unescape(re.search(f'<option value="([^"]+)">{shown}</option>', page.text)[1])
    page = cleo.follow(cleo.get("/search", query_string={"q": "", "before": "", "assignee": value}))
    assert f'href="/tickets/{printer.id}"' in page.text
    assert re.findall(f"<option [^>]*selected>{shown}</option>", page.text)
    assert re.findall(r'<option value="([^"]*)"', page.text) == offered


def test_the_form_refuses_what_the_box_refuses(browse, cast):
    page = browse(cast.cleo).get("/search?q=x&before=x&created=soon&requester=%22%22")
    assert page.status_code == 422 and "is no time for" in text_of(page)


def test_a_filter_that_makes_no_sense_leaves_the_form_as_it_was_now_and_afterwards(browse, cast, printer):
    cleo = browse(cast.cleo)
    page = cleo.get("/search?q=status:open&before=status:open&created=soon")
    assert page.status_code == 422 and '<option value="open" selected>' in page.text
    assert '<option value="open" selected>' in cleo.get("/search?q=status:open").text


def test_results_come_in_pages(browse, cast, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 2)
    for number in range(5):
        builders.ticket(cast.ada, f"Printer {number}", "x")
    for query in ("printer", "status:new"):
        ada, met, path = browse(cast.ada), [], f"/search?q={query}"
        while path:
            page = ada.get(path)
            met += re.findall(r"</mark> (\d)</bdi>|>Printer (\d)</bdi>", page.text)
            path = next(iter(re.findall(r'rel="next" href="([^"]+)"', page.text)), "").replace("&amp;", "&")
        assert ["".join(pair) for pair in met] == list("43210")


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", "²", "٣", ""])
def test_a_page_that_makes_no_sense_is_some_page(browse, cast, printer, page):
    assert browse(cast.ada).get(f"/search?q=printer&page={page}").status_code == 200


# ---- in triage


@pytest.mark.parametrize("sort", sorting.SORTS)
def test_the_same_query_is_a_list_in_triage(browse, cast, printer, sort):
    other = builders.ticket(cast.ben, "Scanner", "x", priority="high")
    cleo = browse(cast.cleo)
    page = cleo.get(f"/triage?q=printer&sort={sort}")
    assert f'data-ticket="{printer.id}"' in page.text and f'data-ticket="{other.id}"' not in page.text
    assert "1 ticket" in text_of(page) and 'value="printer"' in page.text
    assert f'data-ticket="{other.id}"' in cleo.get(f"/triage?q=priority:high&sort={sort}").text
    assert "No ticket fits." in text_of(cleo.get("/triage?q=nowhere"))
    assert browse(cast.ada).get("/triage?q=printer").status_code == 403


def test_pages_of_a_search_in_triage_lead_on(browse, cast, monkeypatch):
    monkeypatch.setattr(ticket_lists, "PAGE", 2)
    for number in range(5):
        builders.ticket(cast.ada, f"Number {number}", "printer")
    cleo, met, path = browse(cast.cleo), [], "/triage?q=printer+requester:ada&sort=age"
    while path:
        page = cleo.get(path)
        met += re.findall(r"<bdi>Number (\d)<", page.text)
        path = next(iter(re.findall(r'rel="next" href="([^"]+)"', page.text)), "").replace("&amp;", "&")
    assert met == list("01234")


def test_the_form_in_triage_leads_back_to_triage(browse, cast):
    answer = browse(cast.cleo).get("/triage?q=printer&before=printer&status=open&sort=age")
    assert answer.headers["Location"] == "/triage?q=printer+status:open&sort=age"


# ---- what could come next


def offered(browser, typed):
    answer = browser.open(browser.client.get, "/search/completions", query_string={"q": typed})
    return [choice["text"] for choice in json.loads(answer.text)]


@pytest.mark.parametrize(
    "typed, texts",
    [
        ("sta", ["status:"]),
        ("printer -pri", ["printer -priority:"]),
        ("status:o", ["status:open "]),
        ("status:open,p", ["status:open,pending "]),
        ("is:un", ["is:unassigned "]),
        ("created:<", ["created:<7d ", "created:<30d "]),
        ('category:"ha', ["category:hardware "]),
        ("assignee:cl", ['assignee:"cleo hart" ']),
        ("requester:okaf", ['requester:"ada okafor" ']),
        ("has:", ["has:reply ", "has:file ", "has:note "]),
        ('"sta', []),
        ("printer ", []),
        ("nothing:x", []),
    ],
)
def test_what_could_come_next(browse, cast, typed, texts):
    builders.category("Hardware")
    assert offered(browse(cast.cleo), typed) == texts


def test_every_completion_can_be_searched_for(browse, cast):
    builders.category("Access & rights, all")
    cleo = browse(cast.cleo)
    for name in search.known_to(cast.cleo).fields:
        for text in offered(cleo, f"{name}:"):
            assert cleo.get("/search", query_string={"q": text}).status_code == 200, text


def test_a_requester_is_offered_nobody_and_no_note(browse, cast):
    ada = browse(cast.ada)
    assert offered(ada, "has:") == ["has:reply ", "has:file "]
    assert offered(ada, "assignee:") == ["assignee:me ", "assignee:nobody "]
    assert offered(ada, "requester:b") == [] == offered(ada, "assignee:cl")


def test_what_is_in_the_trash_is_not_found(browse, cast, printer):
    act(tickets.trash, printer, by=cast.eve)
    for person in (cast.ada, cast.cleo, cast.eve):
        assert "No ticket fits." in text_of(browse(person).get("/search?q=printer"))
