"""Views of the triage page: saved from a search, opened, arranged, changed, removed; and what a view stands for."""

import re

import pytest
from markupsafe import escape

from helpdesk.db import transactions
from helpdesk.lists import saved_views, ticket_lists
from helpdesk.query import language
from helpdesk.search import filters, search
from helpdesk.tickets import categories, messages, tickets
from models import SavedView, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


@pytest.fixture
def cleo(browse, cast):
    return browse(cast.cleo)


@pytest.fixture
def vpn(cast):
    builders.category("Network")
    builders.ticket(cast.ben, subject="Printer is out of paper")
    return builders.ticket(cast.ada, subject="The VPN drops")


def save(browser, name="Tunnels", typed="vpn status:new", **more):
    return browser.post("/views", {"name": name, "query": typed, "sort": "age"} | more)


def sidebar(page):
    nav = re.search(r'<nav class="views".*?</nav>', page.text, re.DOTALL).group(0)
    return [re.sub("<[^>]+>", "", link).strip() for link in re.findall(r"<a .*?</a>", nav, re.DOTALL)]


def rows(page):
    return re.findall(r'data-ticket="(\d+)"', page.text)


# ---- saving and opening


def test_a_search_in_triage_is_saved_as_a_view_and_opened_by_its_name(cleo, vpn):
    page = cleo.get("/triage?q=vpn&sort=age")
    assert rows(page) == [str(vpn.id)] and 'action="/views"' in page.text
    page = cleo.follow(save(cleo))
    assert "The view Tunnels is saved." in text_of(page)
    assert page.text.count("<h1") == 1 and "Triage: Tunnels" in text_of(page)
    assert rows(page) == [str(vpn.id)] and "Tunnels 1" in sidebar(page)
    assert 'value="age" selected' in page.text, "in the order it was saved in"


def test_the_count_of_a_view_that_looks_words_up_is_fetched_by_itself(cleo, browse, cast, vpn):
    for name, typed in (("Tunnels", "vpn"), ("Fresh", "status:new"), ("Broken", "category:network vpn")):
        save(cleo, name, typed)
    act(categories.rename, vpn.category or categories.every()[0], "Net", by=cast.eve)
    page = cleo.get("/triage")
    assert {"Tunnels", "Fresh 2", "Broken"} <= set(sidebar(page))
    keys = re.findall(r'data-looked-up="(\d+)"', page.text)
    assert cleo.get("/triage/counts").json == dict(zip(keys, ("1", "0")))
    assert browse(cast.dan).get("/triage/counts").json == {}, "those of others are not counted"
    assert browse(cast.ada).get("/triage/counts").status_code == 403


def test_a_standing_view_offers_nothing_to_save(cleo, vpn):
    assert 'action="/views"' not in cleo.get("/triage?view=open").text


@pytest.mark.parametrize(
    "typed, why",
    [
        ("-stauts:open", "Did you mean “status”?"),
        ("status:opne", "Did you mean “open”?"),
        ("a" * 401, "Please use at most 400 characters."),
    ],
)
def test_a_query_that_means_nothing_is_not_saved_and_stays_in_its_field(cleo, vpn, typed, why):
    page = save(cleo, typed=typed)
    assert page.status_code == 422 and why in text_of(page) and typed in page.text
    assert db.session.query(SavedView).count() == 0


@pytest.mark.parametrize("typed", ['"' + "a" * 399, "requester:" + "\ufdfa" * 300, "created:7d " + "a" * 389])
def test_a_query_that_grows_too_long_when_it_is_written_out_is_refused_at_its_field(cleo, vpn, typed):
    kept = save(cleo).headers["Location"].rsplit("=", 1)[1]
    for page in (save(cleo, "Long", typed), cleo.post(f"/views/{kept}", {"name": "Tunnels", "query": typed})):
        assert page.status_code == 422 and 'id="query-error"' in page.text
        assert "longer than 400 characters" in text_of(page) and f'value="{escape(typed)}"' in page.text
    assert [view.query for view in db.session.query(SavedView)] == ["vpn status:new"]


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "two\nlines"])
def test_a_bad_name_is_told_at_its_field(cleo, vpn, name):
    page = save(cleo, name=name)
    assert page.status_code == 422 and 'aria-describedby="name-error"' in page.text
    assert db.session.query(SavedView).count() == 0


def test_a_name_that_is_taken_is_told_and_nothing_typed_is_lost(cleo, vpn):
    save(cleo)
    page = save(cleo, typed="printer")
    assert page.status_code == 409 and "There is a view with this name already." in text_of(page)
    assert 'value="printer"' in page.text


def test_only_an_admin_can_save_a_view_for_everybody(browse, cast, cleo, vpn):
    save(cleo, shared="y")
    save(browse(cast.eve), name="For all", shared="y")
    assert "For all" in sidebar(browse(cast.dan).get("/triage"))
    assert not [one for one in sidebar(browse(cast.dan).get("/triage")) if one.startswith("Tunnels")]


def test_me_in_a_shared_view_is_whoever_looks(browse, cast, vpn):
    act(tickets.assign, vpn, to=cast.dan, by=cast.cleo)
    save(browse(cast.eve), name="On my desk", typed="assignee:me", shared="y")
    assert "On my desk 1" in sidebar(browse(cast.dan).get("/triage"))
    assert "On my desk 0" in sidebar(browse(cast.cleo).get("/triage"))


def test_a_view_whose_words_mean_nothing_any_more_says_so_and_breaks_no_list(cleo, vpn, cast):
    view = db.session.get(SavedView, int(save(cleo, typed="category:network").headers["Location"].rsplit("=", 1)[1]))
    assert "Tunnels 0" in sidebar(cleo.get("/triage"))
    with transactions.writing():
        view.query = "category:gone-since"
    assert "Tunnels ?" in sidebar(cleo.get("/triage"))
    page = cleo.get(f"/triage?view={view.id}")
    assert page.status_code == 200 and "cannot be “gone-since”" in text_of(page)


def test_a_view_that_is_somebody_else_s_opens_everything_and_tells_nothing(browse, cast, cleo, vpn):
    foreign = save(browse(cast.dan)).headers["Location"]
    page = cleo.get(foreign)
    assert "Triage: All" in text_of(page) and "Tunnels" not in page.text


def test_the_page_of_a_saved_view_turns_its_pages(cleo, cast, monkeypatch):
    monkeypatch.setattr(ticket_lists, "PAGE", 2)
    made = [builders.ticket(cast.ada, subject=f"VPN {number}") for number in range(3)]
    page = cleo.follow(save(cleo, typed="vpn"))
    assert rows(page) == [str(made[0].id), str(made[1].id)]
    older = re.search(r'rel="next" href="([^"]+)"', page.text).group(1).replace("&amp;", "&")
    assert rows(cleo.get(older)) == [str(made[2].id)]


# ---- one's own list


def test_views_are_moved_hidden_and_shown(cleo, vpn):
    save(cleo)
    key = str(db.session.query(SavedView).one().id)
    for view, step in ((key, "up"), ("closed", "hide"), ("nonsense", "hide"), (key, "sideways"), ("x" * 50, "up")):
        cleo.follow(cleo.post("/views/place", {"view": view, "act": step}))
    listed = sidebar(cleo.get("/triage"))
    assert listed.index("Tunnels") == len(listed) - 3 and not [one for one in listed if one.startswith("Closed")]
    assert "Closed status:closed · hidden" in text_of(cleo.get("/views"))
    assert "Closed 0" in sidebar(cleo.get("/triage?view=closed")), "while it is open it is shown"
    cleo.post("/views/place", {"view": "closed", "act": "show"})
    assert [one for one in sidebar(cleo.get("/triage")) if one.startswith("Closed")]


def test_a_view_is_changed_and_removed_by_whoever_keeps_it(browse, cast, cleo, vpn):
    save(cleo)
    number = db.session.query(SavedView).one().id
    page = cleo.get(f"/views/{number}")
    assert 'value="Tunnels"' in page.text and 'value="vpn status:new"' in page.text
    page = cleo.post(f"/views/{number}", {"name": "Paper", "query": "status:opne"})
    assert page.status_code == 422 and "Did you mean" in text_of(page)
    page = cleo.follow(cleo.post(f"/views/{number}", {"name": "Paper", "query": "  PAPER   -vpn "}))
    assert "Paper 1" in sidebar(page) and "Printer is out of paper" in text_of(page)
    assert browse(cast.dan).get(f"/views/{number}").status_code == 404
    page = cleo.follow(cleo.post(f"/views/{number}/remove"))
    assert "The view Paper is removed." in text_of(page) and db.session.query(SavedView).count() == 0


def test_agents_have_a_shared_view_and_only_admins_keep_it(browse, cast, cleo):
    save(browse(cast.eve), shared="y")
    number = db.session.query(SavedView).one().id
    page = cleo.get("/views")
    assert "for all agents" in text_of(page) and f"/views/{number}" not in page.text
    for attempt in (cleo.get(f"/views/{number}"), cleo.post(f"/views/{number}/remove")):
        assert attempt.status_code == 403
    assert "for everybody" in text_of(browse(cast.eve).get("/views"))


# ---- a view is a query


@pytest.mark.parametrize("key", saved_views.STANDING)
def test_a_standing_view_holds_what_its_query_says(key, app, cast):
    made = [builders.ticket(cast.ada, subject=f"Number {number}") for number in range(6)]
    for ticket, status in zip(made, ("open", "pending", "resolved", "closed")):
        act(tickets.set_status, ticket, status, by=cast.cleo, reason="a part")
    act(tickets.assign, made[0], to=cast.cleo, by=cast.dan)
    act(tickets.assign, made[1], to=cast.dan, by=cast.dan)
    act(tickets.assign, made[2], to=cast.cleo, by=cast.dan)
    act(tickets.trash, made[5], by=cast.eve)
    wanted = language.parse(saved_views.STANDING[key][1], language.known_to(agent=True))
    asker = filters.SearchContext(cast.cleo, transactions.now().tzinfo, transactions.now())
    by_query = set(db.session.query(Ticket.id).filter(search.where(wanted, asker)[0]))
    assert by_query and set(db.session.query(Ticket.id).filter(ticket_lists.in_view(key, cast.cleo))) == by_query


# ---- what is listed goes out and is changed as a whole


def test_the_list_of_a_query_is_exported(cleo, vpn):
    page = cleo.get("/triage?q=vpn")
    link = re.search(r'href="(/triage/export\?format=csv[^"]*)"', page.text).group(1).replace("&amp;", "&")
    answer = cleo.get(link)
    assert "The VPN drops" in answer.text and "Printer" not in answer.text
    assert "tickets-search-" in answer.headers["Content-Disposition"]
    save(cleo)
    view = db.session.query(SavedView).one()
    assert "The VPN drops" in cleo.get(f"/triage/export?view={view.id}").text


@pytest.mark.parametrize("asked", ["q=status:x", "view=99", "q=vpn&format=doc"])
def test_what_is_no_list_is_not_exported(cleo, vpn, asked):
    assert cleo.get(f"/triage/export?{asked}").status_code == 404


def test_all_that_a_query_lists_is_changed_at_once(cleo, vpn, cast):
    other = db.session.query(Ticket).filter_by(requester_id=cast.ben.id).one()
    cleo.post("/bulk", {"q": "vpn", "all": "1", "priority": "urgent", "back": "/triage?q=vpn"})
    db.session.rollback()
    assert (vpn.priority, other.priority) == (4, 2)


@pytest.mark.parametrize("asked", [{"q": "status:x"}, {"view": "99999"}, {"view": ""}])
def test_a_list_that_is_not_there_changes_nothing(cleo, vpn, asked):
    page = cleo.post("/bulk", asked | {"all": "1", "priority": "urgent"})
    assert "This list is not there any more." in text_of(page)
    db.session.rollback()
    assert vpn.priority == 2


def test_words_of_a_note_find_the_ticket_for_agents_in_a_list_too(cleo, vpn, cast):
    act(messages.note, vpn, "smells of burnt plastic", by=cast.dan)
    assert rows(cleo.get("/triage?q=burnt+plastic")) == [str(vpn.id)]
