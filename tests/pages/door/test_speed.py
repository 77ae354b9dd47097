"""What a page asks the database: three queries for a list, six for a ticket, however much there is to show.

Who is signed in and the bell come on top. How long it takes is measured by `make bench`, never here.
"""

import pytest

from helpdesk.lists import saved_views
from helpdesk.reports import daily_counts
from models import ReadMark, SavedView, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.rows_read import asked

SIGN_IN_AND_BELL = ("SELECT sessions.id", "SELECT count(*) AS count_1 FROM (SELECT deliveries.id")


def queries(browser, path):
    browser.get(path)  # The first visit writes a read mark.
    with asked() as found:
        browser.get(path)
    counted = [sql for sql, _ in found if not " ".join(sql.split()).startswith(SIGN_IN_AND_BELL)]
    assert len(found) - len(counted) == 2, "who it is, and the bell"
    return counted


def fill(cast, tickets):
    for number in range(tickets):
        builders.ticket(cast.ada, f"Ticket {number}")


@pytest.mark.parametrize("rows", [1, 100])
@pytest.mark.parametrize(
    "path, who", [("/triage?view=all", "cleo"), ("/triage?view=unassigned", "eve"), ("/tickets", "ada")]
)
def test_a_list_asks_three_times_at_most(browse, cast, rows, path, who):
    fill(cast, rows)
    assert len(queries(browse(getattr(cast, who)), path)) <= 3


SAVED = (
    "printer status:open tag:t{n} requester:ada",
    "tag:t{n} is:active",
    "assignee:dan",
    "has:file",
    "category:hardware,none priority:high,urgent",
    "assignee:me requester:me created:<{n}w has:note -is:finished",
)


@pytest.mark.parametrize("view", ["all", "mine", "category:hardware"])
def test_saved_views_make_a_list_ask_no_more_often(browse, cast, view):
    builders.category("Hardware"), fill(cast, 3)
    for number in range(12):
        typed = SAVED[number % len(SAVED)].format(n=number + 1)
        builders.act(saved_views.save, f"View {number}", typed, by=(cast.cleo, cast.eve)[number % 2], shared=number % 2)
    builders.act(saved_views.save, "Opened", "category:hardware", by=cast.cleo)
    opened = db.session.query(SavedView.id).filter_by(name="Opened").scalar() if ":" in view else view
    assert len(queries(browse(cast.cleo), f"/triage?view={opened}")) <= 3


def test_a_view_that_looks_something_up_does_so_once_and_where_it_is_opened(browse, cast):
    fill(cast, 3)
    view = builders.act(saved_views.save, "Ada's", "requester:ada", by=cast.cleo).id
    cleo = browse(cast.cleo)
    assert len(queries(cleo, f"/triage?view={view}")) == 4
    assert "Ada's 3" in text_of(cleo.get(f"/triage?view={view}")) and "Ada's 3" not in text_of(cleo.get("/triage"))


@pytest.mark.parametrize("length", [1, 200])
@pytest.mark.parametrize("who", ["cleo", "eve", "ada"])
def test_a_ticket_asks_six_times_at_most(browse, cast, length, who):
    ticket = builders.ticket(cast.ada, category=builders.category())
    builders.talk(cast, ticket, length)
    assert len(queries(browse(getattr(cast, who)), f"/tickets/{ticket.id}")) <= 6


def test_a_follow_up_that_is_watched_and_unread_asks_no_more_often(browse, cast):
    first = builders.ticket(cast.ada)
    ticket = builders.ticket(cast.ada, follows=first)
    builders.act(builders.tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    assert len(queries(browse(cast.cleo), f"/tickets/{ticket.id}")) <= 6
    assert f"Follows ticket #{first.id}" in text_of(browse(cast.ada).get(f"/tickets/{ticket.id}"))


def test_a_long_conversation_shows_its_newest_part_and_leads_to_the_rest(browse, cast):
    ticket = builders.ticket(cast.ada)
    builders.talk(cast, ticket, 120)
    ada = browse(cast.ada)
    page = ada.get(f"/tickets/{ticket.id}")
    assert "Message 119." in page.text and "Message 70." in page.text and "Message 69." not in page.text
    assert page.text.count('class="msg"') == 51, "the description, and fifty"
    link = page.text.split('class="show-earlier"><a href="')[1].split('"')[0].replace("&amp;", "&")
    path, anchor = link.split("#")
    longer = ada.get(path)
    assert "Message 20." in longer.text and "Message 19." not in longer.text
    assert f'id="{anchor}"' in page.text and f'id="{anchor}"' in longer.text, "the reader stays where they were"
    whole = ada.get(f"/tickets/{ticket.id}?show=150")
    assert "Message 0." in whole.text and "Show earlier messages" not in text_of(whole)


@pytest.mark.parametrize("show", ["", "x", "-1", "0", "1", "9" * 40, "1e3", "%00"])
def test_a_wish_that_makes_no_sense_shows_the_newest_part(browse, cast, show):
    ticket = builders.ticket(cast.ada)
    builders.talk(cast, ticket, 60)
    page = browse(cast.ada).get(f"/tickets/{ticket.id}?show={show}")
    assert "Message 59." in page.text and "Message 9." not in page.text


def test_a_note_does_not_take_the_place_of_what_a_requester_may_see(browse, cast):
    ticket = builders.ticket(cast.ada)
    builders.talk(cast, ticket, 10)
    for number in range(55):
        builders.note(ticket, by=cast.cleo, body=f"Secret {number}")
    page = browse(cast.ada).get(f"/tickets/{ticket.id}")
    assert "Message 0." in page.text and "Secret" not in page.text and "Show earlier" not in page.text


def test_a_page_seen_again_writes_nothing(browse, cast):
    ticket = builders.ticket(cast.ada)
    cleo = browse(cast.cleo)
    cleo.get(f"/tickets/{ticket.id}")
    before = db.session.query(ReadMark.seen_at).filter_by(person_id=cast.cleo.id).scalar()
    cleo.get(f"/tickets/{ticket.id}")
    assert before == db.session.get(Ticket, ticket.id).activity_at
    assert before == db.session.query(ReadMark.seen_at).filter_by(person_id=cast.cleo.id).scalar()


def test_the_dashboard_says_where_the_worker_has_long_been_silent(browse, cast, monkeypatch):
    monkeypatch.setattr(daily_counts, "LARGE", 1)
    builders.ticket(cast.ada)
    daily_counts.keep("UTC")
    assert "The worker has not run" not in text_of(browse(cast.cleo).get("/dashboard"))
    monkeypatch.setattr(daily_counts, "LASTS", daily_counts.LASTS * 0)
    assert "The worker has not run since" in text_of(browse(cast.cleo).get("/dashboard"))


def test_people_are_offered_by_the_words_typed_so_far(browse, cast):
    cleo = browse(cast.cleo)
    assert cleo.get("/suggestions?q=oka").json == ["Ada Okafor <ada@example.com>"]
    assert cleo.get("/suggestions?q=zoe").json == [], "who is switched off is not offered"
    assert cleo.get("/suggestions").json == [] == cleo.get("/suggestions?q=%00").json
    assert browse(cast.ada).get("/suggestions?q=oka").status_code == 403
