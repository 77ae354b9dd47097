"""My tickets: what somebody asked for or watches, and what is new in it."""

from helpdesk.tickets import tickets
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


def test_it_lists_own_and_watched_tickets_and_nobody_elses(browse, cast):
    builders.ticket(cast.ada, "Own one")
    act(tickets.add_watcher, builders.ticket(cast.ben, "Watched one"), watcher=cast.ada, by=cast.cleo)
    builders.ticket(cast.ben, "Of no concern")
    page = text_of(browse(cast.ada).get("/tickets"))
    assert "Own one" in page and "Watched one" in page and "Of no concern" not in page


def test_finished_tickets_are_behind_their_own_link(browse, cast):
    ticket = builders.ticket(cast.ada, "All done")
    act(tickets.solve, ticket, by=cast.ada)
    ada = browse(cast.ada)
    assert "All done" not in text_of(ada.get("/tickets"))
    assert "All done" in text_of(ada.get("/tickets?show=finished"))


def test_an_empty_list_invites_to_raise_a_ticket(browse, cast):
    page = browse(cast.ada).get("/tickets")
    assert "You have no open tickets." in text_of(page)
    assert 'href="/tickets/new"' in page.text
    assert "Nothing is finished yet" in text_of(browse(cast.ada).get("/tickets?show=finished"))


def test_an_answer_makes_a_ticket_unread_until_it_is_opened(browse, cast):
    ticket = builders.ticket(cast.ada)
    ada = browse(cast.ada)
    ada.get(f"/tickets/{ticket.id}")
    assert "unread" not in text_of(ada.get("/tickets"))
    builders.reply(ticket, by=cast.cleo)
    assert "unread" in text_of(ada.get("/tickets"))
    ada.get(f"/tickets/{ticket.id}")
    assert "unread" not in text_of(ada.get("/tickets"))


def test_the_newest_activity_comes_first(browse, cast):
    first = builders.ticket(cast.ada, "Older one")
    builders.ticket(cast.ada, "Newer one")
    ada = browse(cast.ada)
    page = text_of(ada.get("/tickets"))
    assert page.index("Newer one") < page.index("Older one")
    builders.reply(first, by=cast.cleo)
    page = text_of(ada.get("/tickets"))
    assert page.index("Older one") < page.index("Newer one")


def test_more_than_a_page_is_reached_by_links(browse, cast, monkeypatch):
    from helpdesk.lists import ticket_lists

    monkeypatch.setattr(ticket_lists, "PAGE", 2)
    for number in range(3):
        builders.ticket(cast.ada, f"Number {number}")
    ada = browse(cast.ada)
    page = ada.get("/tickets")
    assert "Next page" in text_of(page) and "Number 0" not in text_of(page)
    link = page.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Number 0" in text_of(ada.get(link)) and "Previous page" in text_of(ada.last)
    assert ada.get("/tickets?mark=nonsense").status_code == 200


def test_an_agent_has_own_tickets_too(browse, cast):
    builders.ticket(cast.cleo, "My own mouse")
    assert "My own mouse" in text_of(browse(cast.cleo).get("/tickets"))


def test_the_list_cannot_be_posted_to(browse, cast):
    assert browse(cast.ada).post("/tickets").status_code == 405
