"""Triage: the agents' views, their counts, sorts and pages."""

import pytest

from helpdesk.lists import sorting, ticket_lists
from helpdesk.lists.saved_views import STANDING
from helpdesk.tickets import tickets
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


@pytest.mark.parametrize("view", STANDING)
@pytest.mark.parametrize("sort", sorting.SORTS)
def test_every_view_opens_in_every_sort_empty_and_filled(browse, cast, view, sort):
    cleo = browse(cast.cleo)
    assert "Nothing here." in text_of(cleo.get(f"/triage?view={view}&sort={sort}"))
    ticket = builders.ticket(cast.ada, "A <b>bold</b> one")
    act(tickets.assign, ticket, to=cast.cleo, by=cast.dan)
    page = cleo.get(f"/triage?view={view}&sort={sort}")
    assert ("A <b>bold</b> one" in text_of(page)) == (view in ("mine", "open", "all"))


def test_rows_link_to_tickets_and_views_show_counts(browse, cast):
    ticket = builders.ticket(cast.ada)
    page = browse(cast.cleo).get("/triage?view=new")
    assert f'href="/tickets/{ticket.id}"' in page.text
    assert "New 1" in text_of(page) and "Mine 0" in text_of(page) and "1 ticket" in text_of(page)


def test_a_count_beyond_the_cap_says_so(browse, cast, monkeypatch):
    from web import filters

    assert (filters.capped(999), filters.capped(1000)) == ("999", "999+")


@pytest.mark.parametrize("query", ["view=x", "sort=x", "mark=x", "view=%00", "mark=older~%00~1", "view=&sort=&mark="])
def test_an_address_that_makes_no_sense_still_shows_a_list(browse, cast, query):
    assert browse(cast.cleo).get(f"/triage?{query}").status_code == 200


def test_pages_lead_on_and_back(browse, cast, monkeypatch):
    monkeypatch.setattr(ticket_lists, "PAGE", 2)
    for number in range(5):
        builders.ticket(cast.ada, f"Number {number}")
    cleo = browse(cast.cleo)
    met = []
    page = cleo.get("/triage?view=new&sort=age")
    while True:
        met += [number for number in range(5) if f"Number {number}" in text_of(page)]
        if 'rel="next"' not in page.text:
            break
        page = cleo.get(page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&"))
    assert met == [0, 1, 2, 3, 4]
    assert "Previous page" in text_of(page)


def test_it_is_for_agents(browse, cast):
    assert browse(cast.ada).get("/triage").status_code == 403
    assert browse().get("/triage?view=mine").headers["Location"] == "/login?next=/triage?view%3Dmine"
    assert browse(cast.cleo).post("/triage").status_code == 405
