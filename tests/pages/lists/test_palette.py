"""Keys and the palette: who is offered which places, and that single keys can be switched off."""

import pytest
from helpdesk.access.permissions import ADMIN, AGENT, SIGNED_IN
from helpdesk.lists import recent
from helpdesk.lists.saved_views import STANDING
from helpdesk.notifications import read_marks
from helpdesk.tickets import tickets
from models import Person, ReadMark, db
from routes import ROUTES
from tests.support.builders import act, ticket

# What opens without a number in its address and yet is no page to go to.
NO_PAGES = {
    "/tickets/alike": "a part of the page that raises a ticket",
    "/notifications/count": "the number on the bell",
    "/search/completions": "what the search box offers",
    "/palette": "the palette itself",
    "/live": "a stream",
    "/live/poll": "the news of a moment",
    "/triage/counts": "the numbers of some views",
    "/triage/export": "a file; the menu beside a list says which list",
    "/suggestions": "what fields for people offer",
    "/tags": "what fields for tags offer",
}


def offered(browser):
    return {group["name"]: group["places"] for group in browser.get("/palette").json["groups"]}


@pytest.mark.parametrize("who, views", [("ada", False), ("cleo", True), ("eve", True)])
def test_every_place_that_is_offered_opens(browse, cast, who, views):
    browser = browse(getattr(cast, who))
    browser.get(f"/tickets/{ticket(cast.ada).id}")
    groups = offered(browser)
    assert list(groups) == ["Pages"] + ["Views"] * views + ["Tickets you opened"]
    for place in [place for places in groups.values() for place in places]:
        assert browser.get(place["url"]).status_code == 200, place
    assert len(groups.get("Views", ())) == (len(STANDING) if views else 0)


def test_pages_of_agents_and_admins_are_offered_to_nobody_else(browse, cast):
    names = {who: {p["name"] for p in offered(browse(getattr(cast, who)))["Pages"]} for who in ("ada", "cleo", "eve")}
    assert names["cleo"] - names["ada"] == {"Triage", "Dashboard", "Arrange views"}
    for_admins = {"People", "Categories", "Import tickets", "Mail log", "Background jobs", "Trash"}
    assert names["eve"] - names["cleo"] == for_admins


@pytest.mark.parametrize(
    "who, needs",
    [("ada", [SIGNED_IN]), ("cleo", [SIGNED_IN, AGENT]), ("eve", [SIGNED_IN, AGENT, ADMIN])],
    ids=["ada", "cleo", "eve"],
)
def test_every_page_of_the_desk_is_offered_to_those_who_may_open_it(browse, cast, who, needs):
    pages = {
        path for method, path, _view, need, *_limit in ROUTES if method == "GET" and "<" not in path and need in needs
    }
    places = {place["url"] for place in offered(browse(getattr(cast, who)))["Pages"]}
    assert places == pages - set(NO_PAGES)


def test_tickets_opened_lately_come_last_opened_first_and_only_while_they_may_be_seen(browse, cast):
    made = [ticket(cast.ada, f"Number {n}") for n in range(3)]
    ada = browse(cast.ada)
    for one in (made[1], made[0], made[2]):
        ada.get(f"/tickets/{one.id}")
    db.session.rollback()
    marks = {mark.ticket_id for mark in db.session.query(ReadMark)}
    assert marks == {one.id for one in made}
    act(tickets.change_requester, made[0], to=cast.ben, by=cast.cleo)
    act(tickets.trash, made[1], by=cast.eve)
    assert [place["name"] for place in offered(ada)["Tickets you opened"]] == [f"#{made[2].id} Number 2"]
    assert "Tickets you opened" not in offered(browse(cast.ben))


def test_no_more_than_twenty_are_offered(cast):
    made = [ticket(cast.ada) for _ in range(recent.MOST + 2)]
    for one in made:
        read_marks.mark_read(cast.ada.id, one.id, one.public_activity_at)
    assert [row.id for row in recent.recent(cast.ada)] == [one.id for one in reversed(made[2:])]


def test_single_keys_are_on_until_somebody_switches_them_off(browse, cast):
    ada = browse(cast.ada)
    assert 'data-shortcuts="on"' in ada.get("/tickets").text
    form = {"name": "Ada Okafor", "time_zone": "", "theme": "auto"}
    ada.post("/profile", form)
    assert 'data-shortcuts="off"' in ada.get("/tickets").text and not db.session.get(Person, cast.ada.id).shortcuts
    ada.post("/profile", form | {"shortcuts": "y"})
    assert 'data-shortcuts="on"' in ada.get("/tickets").text
    assert "data-shortcuts" not in browse().get("/login").text


def test_the_list_of_keys_names_what_only_agents_do_to_agents_alone(browse, cast):
    assert "Next ticket in the list" in browse(cast.cleo).get("/triage").text
    assert "Next ticket in the list" not in browse(cast.ada).get("/tickets").text
