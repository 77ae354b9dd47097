"""The whole map: every route x everyone x everything, generated from ROUTES and held against the rule as stated
here, a second time, in words of its own: this file asks nothing of helpdesk/access/lookups.py.
"""

import re

import pytest
from sqlalchemy import select

from helpdesk.accounts import one_time_links
from helpdesk.db import transactions
from models import db
from routes import ROUTES
from tests.support.cast import person
from tests.support.world import AGENTS, MERGED_IN, OUTSIDE, PERSONAS, REQUESTERS, SEEN_BY, World

# Who may use what hangs below a ticket they see, and the pages that hang on no ticket.
BELOW_TICKET = {
    "": "sees",
    "/edit": "asked",
    "/similar": "agent",
    "/solve": "asked",
    "/reopen": "takes part",
    "/reply": "takes part",
    "/facts": "agent",
    "/take": "agent",
    "/watchers": "agent",
    "/watchers/<watcher>/remove": "agent",
    "/note": "agent",
    "/presence": "agent",
    "/tags": "agent",
    "/spam": "agent",
    "/duplicate": "agent",
    "/merge": "agent",
    "/unmerge": "agent",
    "/messages/<message>/split": "agent",
    "/links": "agent",
    "/links/remove": "agent",
    "/trash": "admin",
    "/restore": "admin",
    "/purge": "admin",
    "/messages/<message>/edit": "author",
    "/undo/<event>": "takes part",
    **dict.fromkeys(("/files", "/files/<file>", "/files/<file>/small"), "sees"),
}
PAGES = {
    "anyone": "/ /healthz /readyz /static /bootstrap /setup /register /login /logout /forgot /confirm /reset"
    " /invitation /new-address /stop-address",
    "signed in": "/profile /tickets /preview /drafts /files /notifications /live /search /palette",
    "agent": "/triage /dashboard /bulk /suggestions /views /tags",
    "admin": "/trash /people /categories /mail /jobs /imports",
}

ROUTE_IDS = [f"{method} {path}" for method, path, *rest in ROUTES]


def expected(who, path, place):
    """The rule: "in", "sign in", 403 or 404."""
    need = _need(path)
    if need == "anyone":
        return 404 if place.thing == "nothing" else "in"
    if who in OUTSIDE:
        return "sign in"
    if place.ticket is not None and who not in SEEN_BY[place.ticket]:
        return 404
    if place.thing == "nothing" or place.thing == "note" and who not in AGENTS:
        return 404
    if place.thing == "desk's" and who != "eve" or place.thing == "cleo's" and who not in ("cleo", "eve"):
        return 404
    if place.thing == "everybody's":  # Agents have it, admins keep it.
        return {"eve": "in"}.get(who, 403) if who in AGENTS else 404
    return "in" if _may(who, need, place) else 403


def _need(path):
    if path.startswith("/tickets/<ticket>"):
        return BELOW_TICKET[path.removeprefix("/tickets/<ticket>")]
    first = "/" + path.split("/")[1]
    return next(need for need, firsts in PAGES.items() if first in firsts.split())


def _may(who, need, place):
    return {
        "signed in": True,
        "sees": True,
        "asked": who in AGENTS or REQUESTERS.get(place.ticket) == who,
        "takes part": who in AGENTS or who in (REQUESTERS.get(place.ticket), MERGED_IN.get(place.ticket)),
        "agent": who in AGENTS,
        "admin": who == "eve",
        "author": who == "cleo",  # She wrote every message of this world.
    }[need]


def answered(method, response):
    """What an answer amounts to, in the words of `expected`."""
    if response.status_code == 303 and "/login?next=" in response.headers["Location"] or response.status_code == 401:
        return "sign in"
    return "in" if response.status_code in (200, 204, 303, 409, 422, 429) else response.status_code


@pytest.fixture
def everybody(cast, browse):
    """A browser for each of the personas, already signed in where that is possible."""
    with transactions.writing():
        cast.wren = person("Wren Okoro", "user")
    known = {who: getattr(cast, who, None) for who in PERSONAS}
    return {who: browse(known[who]) for who in PERSONAS}


@pytest.mark.parametrize("method, path", [row[:2] for row in ROUTES if row[0] == "GET"], ids=lambda value: value)
def test_every_page_opens_for_those_it_is_for_and_changes_nothing(method, path, everybody, cast):
    world = World(cast, 0, path)
    before = rows()
    for who, browser in everybody.items():
        for place in world.places(path, who):
            for ask in (browser.client.get, browser.client.head):
                answer = browser.open(ask, place.url)
                assert answered(method, answer) == expected(who, path, place), f"{who} {place}: {answer.status_code}"
    assert rows() == before


@pytest.mark.parametrize("method, path", [row[:2] for row in ROUTES if row[0] != "GET"], ids=lambda value: value)
def test_every_act_is_open_to_those_it_is_for_and_to_nobody_else(method, path, everybody, cast, browse):
    world = World(cast, 0, path)
    made, before = 0, rows()
    for who, browser in everybody.items():
        token = browser.token()
        for number in range(len(world.places(path, who))):
            place = world.places(path, who)[number]
            wanted = expected(who, path, place)
            without = browser.open(browser.client.post, place.url, data={})
            assert answered(method, without) == (400 if _gets_that_far(wanted, path) else wanted), f"{who} {place}"
            forged = browser.open(browser.client.post, place.url, data={"csrf_token": "x" + token})
            assert forged.status_code == without.status_code, f"{who} {place} with a forged token"
            assert wanted != "in" or rows() == before, f"{who} {place} changed something without a token"
            answer = browser.open(browser.client.post, place.url, data={"csrf_token": token})
            assert answered(method, answer) == wanted, f"{who} {place}: {answer.status_code}"
            if wanted == "in":
                browser = browse(getattr(cast, who, None))
                token = browser.token()
                if rows() != before:
                    made += 1
                    world = World(cast, made, path)
                    before = rows()
        assert rows() == before, f"{who} was refused and yet changed something"


def _gets_that_far(wanted, path):
    """A missing token shows once the door has found that the act is open; behind a token of a link the view looks."""
    return wanted == "in" or "<string:token>" in path


def rows():
    """All that is in the database, but for what a page may write by the way: read marks, HTML, who exported what."""
    db.session.rollback()
    aside = ("sessions", "read_marks", "attempts", "usage_counts")
    kept = [table for table in db.metadata.sorted_tables if table.name not in aside]
    way = ("seen_at", "body_html", "body_renderer", "description_html", "description_renderer")
    columns = {table.name: [column for column in table.columns if column.name not in way] for table in kept}
    found = {name: db.session.execute(select(*columns[name])).all() for name in columns}
    found["events"] = [event for event in found["events"] if event.kind != "exported"]
    return {name: sorted(map(repr, lines)) for name, lines in found.items()}


@pytest.mark.parametrize(
    "word", ["0", "-1", "1.5", "007", "12345678901", "99999999999999999999", "word", "%00", "1%20"]
)
def test_an_id_that_is_none_is_a_missing_page_for_everybody(word, everybody):
    for browser in everybody.values():
        for method, path, *_rest in ROUTES:
            if re.search(r"<[a-z]+>", path):
                ask = browser.client.get if method == "GET" else browser.client.post
                assert browser.open(ask, re.sub(r"<[a-z]+>", word, path)).status_code in (404, 405), path


def test_what_is_known_by_a_link_alone_opens_with_the_right_link_only(everybody, cast):
    with transactions.writing():
        token = one_time_links.make(cast.ada, "reset")
    for browser in everybody.values():
        assert browser.open(browser.client.get, f"/reset/{token}").status_code == 200
        assert browser.open(browser.client.get, f"/confirm/{token}").status_code == 404
        assert browser.open(browser.client.get, f"/reset/{token}x").status_code == 404


# ---- the map itself


def test_every_route_is_covered_by_the_rule_stated_here():
    for _method, path, *_rest in ROUTES:
        assert _need(path)


def test_a_method_that_a_page_does_not_know_is_refused(everybody):
    for browser in everybody.values():
        for ask in (browser.client.put, browser.client.delete, browser.client.patch, browser.client.options):
            assert browser.open(ask, "/tickets").status_code == 405
        assert browser.open(browser.client.post, "/triage").status_code == 405
