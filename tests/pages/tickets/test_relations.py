"""Links between tickets on the ticket's page: the list, the form, its refusals."""

import re

from helpdesk.tickets import links, tickets
from models import TicketLink, db
from tests.support.browser import text_of
from tests.support.builders import act, ticket


def test_an_agent_links_two_tickets_sees_how_the_other_stands_and_removes_it(browse, cast):
    one, other = ticket(cast.ada, "First"), ticket(cast.ben, "Second")
    act(tickets.set_status, other, "resolved", by=cast.dan)
    cleo = browse(cast.cleo)
    page = cleo.follow(cleo.post(f"/tickets/{one.id}/links", {"how": "blocked", "number": f"#{other.id}"}))
    shown = text_of(page)
    assert f"Blocked by #{other.id} Second Resolved" in shown
    assert f"Blocks #{one.id} First New" in text_of(cleo.get(f"/tickets/{other.id}"))
    form = re.search(r'name="how" value="(\w+)">\s*<input type="hidden" name="number" value="(\d+)"', page.text)
    cleo.follow(cleo.post(f"/tickets/{one.id}/links/remove", {"how": form[1], "number": form[2]}))
    db.session.rollback()
    assert db.session.query(TicketLink).count() == 0


def test_requesters_and_watchers_see_no_link(browse, cast):
    one, other = ticket(cast.ada, "First"), ticket(cast.ben, "Verysecret")
    act(links.link, one, other, "related", by=cast.cleo)
    assert "Verysecret" not in browse(cast.ada).get(f"/tickets/{one.id}").text


def test_a_wrong_number_is_said_at_the_field(browse, cast):
    one = ticket(cast.ada)
    cleo = browse(cast.cleo)
    for number, status in (("987654321", 409), (str(one.id), 409), ("", 422), ("words", 409)):
        page = cleo.post(f"/tickets/{one.id}/links", {"how": "related", "number": number})
        assert page.status_code == status and 'aria-invalid="true"' in page.text, number
    assert cleo.post(f"/tickets/{one.id}/links", {"how": "split", "number": "1"}).status_code == 422
