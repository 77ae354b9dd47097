"""Presence on a ticket's page and in the stream: for agents, and for nobody else."""

import re

import pytest

from helpdesk.live import presence
from helpdesk.tickets import tickets
from models import Presence, db
from tests.support import builders
from web.event_stream import Hub, Stream


@pytest.fixture
def ticket(cast):
    made = builders.ticket(cast.ada)
    builders.act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    return made


def path(ticket):
    return f"/tickets/{ticket.id}/presence"


def test_an_agents_page_tells_and_is_told_who_is_there(browse, cast, ticket):
    cleo, dan = browse(cast.cleo), browse(cast.dan)
    assert cleo.post(path(ticket), {"writing": "0"}).json == {"others": []}
    assert dan.post(path(ticket), {"writing": "1"}).json == {"others": ["Cleo is looking"]}
    assert cleo.get(path(ticket)).json == {"others": ["Dan is writing a reply"]}
    assert "Dan is writing a reply" in cleo.get(f"/tickets/{ticket.id}").text
    assert dan.post(path(ticket), {"gone": "1"}).json == {"others": []}
    assert cleo.get(path(ticket)).json == {"others": []}
    assert "Dan is" not in cleo.get(f"/tickets/{ticket.id}").text


@pytest.mark.parametrize("nonsense", [{}, {"writing": "yes"}, {"writing": "1" * 10_000}, {"gone": ""}])
def test_odd_fields_are_taken_for_looking(browse, cast, ticket, nonsense):
    assert browse(cast.cleo).post(path(ticket), nonsense).status_code == 200
    assert [row.writing for row in db.session.query(Presence)] == [False]


def test_presence_never_reaches_the_requester_or_a_watcher(browse, cast, ticket):
    """Neither in the page nor in a header: what they get is the same, byte by byte, whoever looks or writes."""
    for person in (cast.ada, cast.ben):
        browser = browse(person)
        browser.get(f"/tickets/{ticket.id}")
        pages = []
        for at_work in (False, True):
            if at_work:
                builders.act(presence.here, ticket, cast.cleo, writing=True)
            for address in (f"/tickets/{ticket.id}", "/tickets", "/notifications/count"):
                answer = browser.get(address)
                headers = {k: v for k, v in answer.headers if k not in OWN}
                pages.append((plain(answer.text), headers))
        assert pages[:3] == pages[3:]
        assert "presence" not in pages[3][0]
        assert browser.get(path(ticket)).status_code == browser.post(path(ticket)).status_code == 403
        builders.act(presence.gone, ticket, cast.cleo)


# Headers that differ in any two answers; the length goes with "2 seconds ago".
OWN = ("X-Request-ID", "Set-Cookie", "Date", "Content-Length")


def plain(html):
    """Without what differs in any two answers: tokens, and how long ago something was."""
    return re.sub(r'(value|data-live)="[^"]*"|<time.*?</time>', "", html)


def test_presence_is_told_to_the_streams_of_agents_only(app, cast, ticket, browse):
    hub = Hub(app, 10)
    streams = {who: Stream(getattr(cast, who).id, "session", getattr(cast, who).role) for who in ("ada", "ben", "dan")}
    hub.streams = set(streams.values())
    builders.act(presence.here, ticket, cast.cleo, writing=True)
    found = hub._who_came_or_went()
    assert found == {ticket.id}
    hub._tell_agents(f"event: presence\ndata: {found}\n\n")
    assert [len(streams[who].waiting) for who in ("ada", "ben", "dan")] == [0, 0, 1]


def test_where_only_users_listen_nobody_asks_who_is_there(app, cast, ticket):
    hub = Hub(app, 10)
    hub.streams = {Stream(cast.ada.id, "session", "user")}
    builders.act(presence.here, ticket, cast.cleo, writing=True)
    assert hub._who_came_or_went() == set() and hub._present.known == set()


def test_on_a_ticket_in_the_trash_only_admins_meet(browse, cast, ticket):
    builders.act(tickets.trash, ticket, by=cast.eve)
    assert browse(cast.cleo).post(path(ticket)).status_code == 404
    assert browse(cast.eve).post(path(ticket)).status_code == 200
    assert browse(cast.ada).post(path(ticket)).status_code == 404
