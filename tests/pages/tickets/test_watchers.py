"""Who else is kept informed about a ticket: agents add and remove them."""

import pytest

from models import Watcher, db
from tests.support import builders
from tests.support.browser import text_of


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def test_a_watcher_is_added_sees_the_ticket_and_is_removed(browse, cast, ticket):
    cleo, ben, path = browse(cast.cleo), browse(cast.ben), f"/tickets/{ticket.id}"
    assert ben.get(path).status_code == 404
    page = cleo.follow(cleo.post(f"{path}/watchers", {"watcher": "Ben Adeyemi"}))
    assert "Ben Adeyemi is kept informed from now on." in text_of(page)
    assert ben.get(path).status_code == 200
    page = cleo.follow(cleo.post(f"{path}/watchers/{cast.ben.id}/remove"))
    assert "Ben Adeyemi is no longer kept informed." in text_of(page)
    assert ben.get(path).status_code == 404
    assert cleo.post(f"{path}/watchers/{cast.ben.id}/remove").status_code == 404


@pytest.mark.parametrize("typed, code", [("", 422), ("Ada Okafor", 409), ("Nobody Known", 409), ("Zoe Brandt", 409)])
def test_somebody_who_cannot_watch_is_refused_at_the_field(browse, cast, ticket, typed, code):
    page = browse(cast.cleo).post(f"/tickets/{ticket.id}/watchers", {"watcher": typed})
    assert page.status_code == code and 'id="watcher-error"' in page.text
    assert db.session.query(Watcher).count() == 0


def test_an_address_can_watch(browse, cast, ticket):
    browse(cast.cleo).post(f"/tickets/{ticket.id}/watchers", {"watcher": "mel@example.com"})
    assert db.session.query(Watcher).one().person_id == cast.mel.id


def test_only_agents_choose_watchers(browse, cast, ticket):
    path = f"/tickets/{ticket.id}/watchers"
    assert browse(cast.ada).post(path, {"watcher": "ben@example.com"}).status_code == 403
    assert browse(cast.ben).post(path, {"watcher": "ben@example.com"}).status_code == 404
    assert browse(cast.cleo).get(path).status_code == 405
    assert browse(cast.cleo).post("/tickets/99999/watchers", {"watcher": "x"}).status_code == 404
    assert db.session.query(Watcher).count() == 0
