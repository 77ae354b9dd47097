"""The dashboard: what is new, unassigned, mine, waiting longest, and what came and went."""

from helpdesk import tickets
from tests import builders
from tests.browser import text_of
from tests.builders import act


def test_it_opens_on_an_empty_desk(browse, cast):
    page = browse(cast.cleo).get("/dashboard")
    assert page.status_code == 200 and "Nothing is active." in text_of(page)


def test_it_shows_the_figures_and_the_ticket_that_waits_longest(browse, cast):
    category = builders.category("<Hardware>")
    waiting = builders.ticket(cast.ada, "Waiting <longest>", category=category, priority="urgent")
    act(tickets.take, builders.ticket(cast.ada), by=cast.cleo)
    page = browse(cast.cleo).get("/dashboard")
    assert f"#{waiting.id} Waiting <longest>" in text_of(page)
    assert "<Hardware> 1" in text_of(page) and "Urgent 1" in text_of(page)
    assert "<svg" in page.text and "Show as a table" in text_of(page)


def test_it_is_for_agents(browse, cast):
    assert browse(cast.ada).get("/dashboard").status_code == 403
    assert browse().get("/dashboard").headers["Location"] == "/login?next=/dashboard"
    assert browse(cast.cleo).post("/dashboard").status_code == 405
