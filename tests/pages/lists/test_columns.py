"""The columns of the triage list: chosen for an address, kept for all lists of a person, saved with a view."""

import re

import pytest
from justhtml import JustHTML

from helpdesk.lists import columns, ticket_lists
from helpdesk.tickets import tags, tickets
from models import Person, SavedView, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act

SHOWN = {
    "requester": "Ada Okafor",
    "category": "Network",
    "tags": "Tags: tunnel",
    "status": "Open",
    "assignee": "Dan Ruiz",
    "priority": "Urgent",
}


@pytest.fixture
def cleo(browse, cast):
    return browse(cast.cleo)


@pytest.fixture
def vpn(cast):
    made = builders.ticket(cast.ada, subject="The VPN drops", category=builders.category("Network"), priority="urgent")
    act(tickets.assign, made, to=cast.dan, by=cast.dan)
    act(tags.set_tags, made, ["tunnel"], by=cast.dan)
    return made


def row(page):
    """What the first row says."""
    return " ".join(JustHTML(page.text, sanitize=False).query("tbody tr")[0].to_text().split())


def shown(page):
    return {name for name, words in SHOWN.items() if words in row(page)}


def ticked(page):
    return re.findall(r'name="columns" value="(\w+)" checked', page.text)


def link(page, words):
    return re.search(rf'href="([^"]+)">{words}<', page.text).group(1).replace("&amp;", "&")


def keep(browser, *words, **more):
    return browser.post("/triage/columns", {"view": "all", "sort": "activity", "columns": ["ticket", *words]} | more)


# ---- in the address


def test_with_no_choice_a_list_shows_the_usual_columns(cleo, vpn):
    page = cleo.get("/triage?view=all")
    assert shown(page) == set(SHOWN) and row(page).count(" ago") == 1 and "Raised" not in row(page)
    assert ticked(page) == ["requester", "category", "tags", "status", "assignee", "activity", "priority"]
    assert ticked(cleo.get("/triage?view=all&sort=age")) == ticked(cleo.get("/triage?view=all&sort=newest"))
    assert "created" in ticked(cleo.last) and "activity" not in ticked(cleo.last), "the time it is sorted by"


@pytest.mark.parametrize("name", columns.COLUMNS)
def test_each_column_is_shown_alone_and_all_the_others_without_it(cleo, vpn, name):
    alone = cleo.get(f"/triage?view=all&columns={name}")
    assert shown(alone) == {name} & set(SHOWN) and f"The VPN drops #{vpn.id}" in row(alone)
    assert row(alone).count(" ago") == (name in ("created", "activity"))
    assert ticked(alone) == [name]
    others = [one for one in columns.COLUMNS if one != name]
    without = cleo.get("/triage?view=all&columns=ticket&" + "&".join(f"columns={one}" for one in others))
    assert shown(without) == set(SHOWN) - {name} and ticked(without) == others


@pytest.mark.parametrize("name", ["", *columns.COLUMNS, ",".join(columns.COLUMNS)])
def test_every_row_has_a_cell_for_each_heading(cleo, vpn, name):
    page = JustHTML(cleo.get(f"/triage?view=all&columns=ticket,{name}").text, sanitize=False)
    headings = [heading.to_text() for heading in page.query("thead th")]
    assert len(headings) == len(page.query("tbody tr")[0].query("td")) and all(headings)


def test_a_list_can_show_nothing_but_the_ticket(cleo, vpn):
    page = cleo.get("/triage?view=all&columns=ticket")
    assert row(page).removesuffix(" · unread") == f"The VPN drops #{vpn.id}" and ticked(page) == []


@pytest.mark.parametrize("words", ["", "nonsense", "%00", ",,,", "TICKET", "ticket%20", "x" * 3000])
def test_words_that_mean_no_column_are_no_choice(cleo, vpn, words):
    page = cleo.get(f"/triage?view=all&columns={words}")
    assert page.status_code == 200 and shown(page) == set(SHOWN)
    assert 'name="columns" value="ticket,' not in page.text, "and nothing to carry on"
    known = cleo.get(f"/triage?view=all&columns=status,{words},status")
    assert shown(known) == {"status"}


def test_the_choice_goes_along_with_sort_pages_and_filters(cleo, vpn, cast, monkeypatch):
    monkeypatch.setattr(ticket_lists, "PAGE", 1)
    builders.ticket(cast.ben, subject="Another VPN")
    page = cleo.get("/triage?q=vpn&sort=quiet&columns=status,tags")
    assert page.text.count('name="columns" value="ticket,tags,status"') == 3, "sort, filters, save"
    following = cleo.get(link(page, "Next page"))
    assert ticked(following) == ["tags", "status"] and 'value="quiet" selected' in following.text
    assert 'name="mark" value="older~' in following.text, "choosing columns stays on the page"
    back = cleo.get(link(following, "Previous page"))
    assert ticked(back) == ["tags", "status"] and row(back) == row(page)
    filtered = cleo.get("/triage?q=vpn&before=vpn&status=new&sort=quiet&columns=ticket,tags,status")
    assert filtered.headers["Location"] == "/triage?q=vpn+status:new&sort=quiet&columns=ticket,tags,status"


# ---- kept for all lists


def test_a_person_keeps_columns_for_all_their_lists(browse, cast, cleo, vpn):
    page = cleo.follow(keep(cleo, "status", "created"))
    assert "Your lists show these columns now." in text_of(page) and shown(page) == {"status"}
    assert ticked(cleo.get("/triage?q=vpn&sort=priority")) == ["status", "created"]
    assert shown(cleo.get("/triage?view=all&columns=tags")) == {"tags"}, "the address comes first"
    assert shown(browse(cast.dan).get("/triage?view=all")) == set(SHOWN)
    usual = cleo.get(link(page, "Usual columns"))
    assert shown(usual) == set(SHOWN) and "Usual columns" not in usual.text
    assert 'name="columns" value="usual"' in usual.text, "which are others in another order"
    assert "created" in ticked(cleo.get("/triage?view=all&sort=newest&columns=usual"))
    cleo.follow(keep(cleo, *ticked(usual)))
    assert shown(cleo.get("/triage?view=all")) == set(SHOWN)
    assert "created" in ticked(cleo.get("/triage?view=all&sort=age")), "the usual ones follow the sort again"


def test_keeping_columns_leaves_the_order_of_views_alone_and_the_other_way_round(cleo, cast, vpn):
    cleo.post("/views/place", {"view": "closed", "act": "hide"})
    keep(cleo, "status")
    cleo.post("/views/place", {"view": "new", "act": "down"})
    db.session.rollback()
    kept = db.session.get(Person, cast.cleo.id).views
    assert kept["hidden"] == ["closed"] and kept["order"][:2] == ["unassigned", "new"]
    assert kept["columns"] == "ticket,status"


@pytest.mark.parametrize("form", [{}, {"columns": "nonsense"}, {"view": "x", "sort": "x"}, {"q": "status:x"}])
def test_a_form_that_says_nothing_keeps_the_usual_columns(cleo, vpn, form):
    keep(cleo, "status")
    cleo.follow(cleo.post("/triage/columns", form))
    assert shown(cleo.get("/triage?view=all")) == set(SHOWN)


# ---- saved with a view


def test_a_view_is_saved_with_the_columns_that_were_chosen_for_it(cleo, vpn):
    assert 'name="columns" value="ticket,tags"' in cleo.get("/triage?q=vpn&columns=tags").text
    form = {"name": "Tunnels", "query": "vpn", "sort": "lowest", "columns": "ticket,tags"}
    page = cleo.follow(cleo.post("/views", form))
    assert shown(page) == {"tags"} and 'value="lowest" selected' in page.text
    key = str(db.session.query(SavedView).one().id)
    page = cleo.follow(keep(cleo, "status", view=key))
    assert shown(page) == {"status"}, "what was just chosen is what is seen"
    assert shown(cleo.get(f"/triage?view={key}")) == {"tags"} and shown(cleo.get("/triage?view=all")) == {"status"}


def test_a_view_saved_without_a_choice_shows_what_each_agent_keeps(browse, cast, cleo, vpn):
    keep(cleo, "status")
    browse(cast.eve).post("/views", {"name": "All of it", "query": "", "sort": "age", "shared": "y"})
    key = db.session.query(SavedView).one().id
    assert db.session.query(SavedView).one().columns is None
    assert shown(cleo.get(f"/triage?view={key}")) == {"status"}
    assert shown(browse(cast.dan).get(f"/triage?view={key}")) == set(SHOWN)


def test_a_view_that_could_not_be_saved_has_its_columns_in_the_next_try(cleo, vpn):
    page = cleo.post("/views", {"name": "", "query": "vpn", "sort": "quiet", "columns": "ticket,tags"})
    assert page.status_code == 422 and 'name="columns" value="ticket,tags"' in page.text


# ---- live


def test_an_open_list_asks_for_what_it_shows_whatever_is_kept_meanwhile(cleo, vpn):
    address = re.search(r'data-address="([^"]+)"', cleo.get("/triage?view=all").text).group(1).replace("&amp;", "&")
    keep(cleo, "status")
    other = builders.ticket(vpn.requester, subject="Another")
    fresh = cleo.get(address, headers={"X-Live-Keeps": str(vpn.id)})
    assert f'<tr data-ticket="{vpn.id}" data-kept></tr>' in fresh.text
    assert f"Another #{other.id} · Ada Okafor" in row(fresh) and "New Unassigned" in row(fresh), "like those that stay"
