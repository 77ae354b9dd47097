"""Nobody waits for a page of somebody else: none is written while its request holds the turn to write."""

import pytest
from flask import before_render_template

from helpdesk.db import transactions
from models import db
from routes import ROUTES
from tests.support import builders
from tests.support.browser import text_of
from tests.support.rows_read import asked
from tests.support.world import World

POSTED = [path for method, path, *rest in ROUTES if method == "POST"]


@pytest.fixture
def rendered(app):
    """Each template that a request renders, with whether the turn was held meanwhile."""
    found = []

    def note(_app, template, **_more):
        found.append((template.name, transactions.is_writing()))

    with before_render_template.connected_to(note, app):
        yield found


@pytest.mark.parametrize("who", ["eve", "anonymous"])
def test_no_act_of_the_map_renders_anything_while_it_holds_the_turn(app, browse, cast, rendered, who):
    cast.wren = cast.ben
    world, person = World(cast, 0, "/files"), getattr(cast, who, None)
    pages = set()
    for path in POSTED:
        browser = browse(person)
        token = browser.token()
        rendered.clear()
        browser.open(browser.client.post, world.places(path, who)[0].url, data={"csrf_token": token})
        assert not any(held for _name, held in rendered), f"{path}: {rendered}"
        pages |= {name for name, _held in rendered}
    assert len(pages) > {"eve": 12, "anonymous": 3}[who], f"hardly a page was rendered: {pages}"


def test_a_refused_reply_asks_no_more_often_on_a_long_ticket_than_on_a_short_one(cast, browse):
    counts = []
    for replies in (2, 30):
        ticket = builders.ticket(cast.ada)
        for number in range(replies):
            builders.reply(ticket, by=cast.cleo, body=f"Answer {number}")
        browser = browse(cast.cleo)
        token = browser.token()
        with asked() as found:
            page = browser.post(f"/tickets/{ticket.id}/reply", {"body": " "}, csrf=token)
        assert page.status_code == 422 and f"Answer {replies - 1}" in text_of(page)
        counts.append(len(found))
        db.session.rollback()
    assert counts[0] == counts[1] <= 30, counts
