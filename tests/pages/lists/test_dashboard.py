"""The dashboard: what is new, unassigned, mine, waiting longest, and what came and went."""

from datetime import timedelta

from helpdesk.db import transactions
from helpdesk.notifications import deliveries
from helpdesk.tickets import tickets
from models import Delivery, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


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


def test_admins_see_that_mails_were_given_up_and_are_led_to_them(browse, cast):
    for person in (cast.ada, cast.ben):
        builders.ticket(cast.cleo, requester=person)
    assert "given up" not in text_of(browse(cast.eve).get("/dashboard"))
    for (number,) in db.session.query(Delivery.id).all():
        deliveries.fail(deliveries.claim(number), "550 no such user", for_good=True)
    page = browse(cast.eve).get("/dashboard")
    assert "2 mails could not be delivered in the last 14 days and were given up." in text_of(page)
    assert 'href="/mail?state=failed"' in page.text
    assert "given up" not in text_of(browse(cast.cleo).get("/dashboard"))
    assert deliveries.given_up(transactions.now() + timedelta(days=15)) == 0


def test_it_is_for_agents(browse, cast):
    assert browse(cast.ada).get("/dashboard").status_code == 403
    assert browse().get("/dashboard").headers["Location"] == "/login?next=/dashboard"
    assert browse(cast.cleo).post("/dashboard").status_code == 405
