"""The bell, the list of notifications, and what marks them as read."""

import pytest

from helpdesk.notifications import inbox
from helpdesk.tickets import tickets, timeline
from models import ReadMark, db
from tests.support import builders
from tests.support.browser import text_of


@pytest.fixture
def ticket(cast):
    made = builders.ticket(cast.ada, subject="The badge reader is dead")
    builders.reply(made, by=cast.cleo)
    return made


def unread(person):
    db.session.rollback()
    return inbox.unread(person)


def test_the_list_says_what_happened_to_which_ticket_and_leads_there(browse, cast, ticket):
    page = browse(cast.ada).get("/notifications")
    assert f"#{ticket.id} The badge reader is dead" in text_of(page)
    assert "Cleo Hart replied · unread" in text_of(page)
    assert f'href="/tickets/{ticket.id}"' in page.text
    assert 'aria-label="Notifications, 1 unread"' in page.text
    assert unread(cast.ada) == 1, "a look at the list reads nothing"


def test_without_news_the_list_says_so_and_the_bell_shows_no_count(browse, cast):
    page = browse(cast.ben).get("/notifications")
    assert "There is nothing new." in text_of(page) and 'aria-label="Notifications"' in page.text


def test_the_bell_stops_at_nine(browse, cast, ticket):
    for number in range(12):
        builders.reply(ticket, f"answer {number}", by=cast.cleo)
    assert 'aria-label="Notifications, 9+ unread"' in browse(cast.ada).get("/tickets").text


def test_opening_the_ticket_marks_its_news_as_read_and_the_page_itself_knows_it(browse, cast, ticket):
    ada = browse(cast.ada)
    assert 'aria-label="Notifications"' in ada.get(f"/tickets/{ticket.id}").text
    assert unread(cast.ada) == 0
    assert "unread" not in text_of(ada.get("/notifications"))


def test_a_page_fetched_in_a_background_tab_marks_nothing_as_read(browse, cast, ticket):
    ada = browse(cast.ada)
    page = ada.get(f"/tickets/{ticket.id}", headers={"X-Live": "hidden"})
    assert 'aria-label="Notifications, 1 unread"' in page.text
    assert unread(cast.ada) == 1 and db.session.query(ReadMark).count() == 0
    ada.get(f"/tickets/{ticket.id}", headers={"X-Live": "shown"})
    assert unread(cast.ada) == 0 and db.session.query(ReadMark).count() == 1


def test_asking_for_the_head_of_a_page_reads_nothing(browse, cast, ticket):
    ada = browse(cast.ada)
    ada.open(ada.client.head, f"/tickets/{ticket.id}")
    assert unread(cast.ada) == 1


def test_mark_all_as_read(browse, cast, ticket):
    ada = browse(cast.ada)
    newest = inbox.listing(cast.ada)[0].id
    builders.reply(ticket, "One more", by=cast.cleo)
    page = ada.follow(ada.post("/notifications/read", {"until": newest}))
    assert "marked as read" in text_of(page) and unread(cast.ada) == 1
    assert unread(cast.ben) == 0


@pytest.mark.parametrize("until", ["", "0", "-1", "x", "²", "9" * 40])
def test_nonsense_marks_nothing(browse, cast, ticket, until):
    assert browse(cast.ada).post("/notifications/read", {"until": until}).status_code == 303
    assert unread(cast.ada) == 1
    assert browse(cast.ada).get(f"/notifications?before={until}").status_code == 200


def test_nobody_marks_the_news_of_somebody_else(browse, cast, ticket):
    browse(cast.ben).post("/notifications/read", {"until": 10**9})
    assert unread(cast.ada) == 1


def test_a_long_list_comes_in_pages(browse, cast, ticket):
    for number in range(52):
        builders.reply(ticket, f"answer {number}", by=cast.cleo)
    ada = browse(cast.ada)
    first = ada.get("/notifications").text
    assert first.count("Cleo Hart replied") == 50 and "Older notifications" in first
    before = inbox.listing(cast.ada)[49].id
    older = ada.get(f"/notifications?before={before}").text
    assert older.count("Cleo Hart replied") == 3 and "Older notifications" not in older


def test_the_count_alone_is_small_and_says_when_nothing_has_changed(browse, cast, ticket):
    ada = browse(cast.ada)
    first = ada.get("/notifications/count")
    assert "Notifications, 1 unread" in first.json["bell"] and len(first.data) < 1000
    newest = first.json["newest"]
    assert newest["title"] == f"#{ticket.id} The badge reader is dead" and newest["body"] == "Cleo Hart replied"
    assert newest["link"] == f"/tickets/{ticket.id}"
    again = ada.get("/notifications/count", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    builders.reply(ticket, "One more", by=cast.cleo)
    assert ada.get("/notifications/count", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert browse(cast.ben).get("/notifications/count").json["newest"] is None


def test_what_agents_do_in_secret_rings_no_bell(browse, cast, ticket):
    ada = browse(cast.ada)
    before = ada.get("/notifications/count")
    builders.note(ticket, by=cast.cleo)
    after = ada.get("/notifications/count")
    assert (before.data, before.headers["ETag"]) == (after.data, after.headers["ETag"])


def test_a_ticket_in_the_trash_is_gone_from_the_list_and_comes_back_with_it(browse, cast, ticket):
    ada = browse(cast.ada)
    builders.act(tickets.trash, ticket, by=cast.eve)
    assert "badge reader" not in ada.get("/notifications").text
    builders.act(tickets.restore, ticket, by=cast.eve)
    assert "badge reader" in ada.get("/notifications").text
    assert timeline.newest(ticket, cast.ada)
