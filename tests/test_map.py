"""The whole map: every route x everyone x everything, generated from ROUTES and held against the rule as stated
here, a second time, in words of its own: this file asks nothing of helpdesk/access.py.
"""

import re
from collections import namedtuple

import pytest
from sqlalchemy import select

from helpdesk import bulk, links, people, saved_views, store, tickets
from models import Category, Delivery, Event, Message, Session, Watcher, db
from routes import ROUTES
from tests import builders
from tests.cast import person

MISSING = 987654321
PERSONAS = ("anonymous", "ada", "ben", "wren", "cleo", "dan", "eve", "zoe")
OUTSIDE = ("anonymous", "zoe")  # Zoe is switched off: the cookie of her old session opens nothing.
AGENTS = ("cleo", "dan", "eve")

# The rule, written down a second time on purpose: nothing here asks helpdesk/access.py.
# Who sees which ticket. Ada raised two, one is in the trash; Wren watches both of hers; Ben raised one.
SEEN_BY = {
    "adas": ("ada", "wren", *AGENTS),
    "bens": ("ben", *AGENTS),
    "trashed": ("eve",),
    "missing": (),
}
REQUESTERS = {"adas": "ada", "bens": "ben", "trashed": "ada"}

# Who may use what hangs below a ticket they see, and the pages that hang on no ticket.
BELOW_TICKET = {
    "": "sees",
    "/edit": "takes part",
    "/similar": "agent",
    "/solve": "takes part",
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
    " /invitation /new-address",
    "signed in": "/profile /tickets /drafts /files /notifications /live /search /palette",
    "agent": "/triage /dashboard /bulk /suggestions /views /tags",
    "admin": "/trash /people /categories /mail",
}

Place = namedtuple("Place", "url ticket thing")  # `thing`: what stands below: "", "adas reply", "theirs", "nothing" ...
ROUTE_IDS = [f"{method} {path}" for method, path, *rest in ROUTES]


class World:
    """Rows for every kind of address. Made anew after each request that may have changed something."""

    def __init__(self, cast, number, path):
        self.cast, wren = cast, cast.wren
        self.tickets = {name: builders.ticket(getattr(cast, who)) for name, who in REQUESTERS.items()}
        self.replies = {name: self._reply(ticket) for name, ticket in self.tickets.items()}
        self.note = self._newest(builders.note, self.tickets["adas"])
        self.files = self._files() if "/files" in path else {}
        self.raised = db.session.query(Event.id).filter_by(ticket_id=self.tickets["adas"].id, kind="raised").scalar()
        with store.writing():
            for name in ("adas", "trashed"):
                db.session.add(Watcher(ticket_id=self.tickets[name].id, person_id=wren.id))
            db.session.add(Watcher(ticket_id=self.tickets["adas"].id, person_id=cast.zoe.id))
            tickets.trash(self.tickets["trashed"], by=cast.eve)
            self.person = people.add("Some Body", f"somebody{number}@example.com").id
            self.category = Category(name=f"Category {number}", position=1)
            db.session.add(self.category)
            kept = [(cast.cleo, False), (cast.eve, True)]
            self.views = [saved_views.save(f"View {number}", "", by=by, shared=all).id for by, all in kept]
            self.job = bulk.start_with([self.tickets["bens"].id], {"priority": "high"}, by=cast.cleo).id
        self.category, self.wren = self.category.id, wren.id
        self.delivery = db.session.query(Delivery).first().id
        self.ids = {name: ticket.id for name, ticket in self.tickets.items()} | {"missing": MISSING}

    def _reply(self, ticket):
        return self._newest(builders.reply, ticket)

    def _newest(self, write, ticket):
        write(ticket, by=self.cast.cleo)
        return db.session.query(Message.id).order_by(Message.id.desc()).limit(1).scalar()

    def _files(self):
        """One that came with each ticket, one with Ada's note, and for each person one that is not sent yet."""
        made = {name: builders.file(ticket) for name, ticket in self.tickets.items()}
        made["note"] = builders.file(self.tickets["adas"], message=db.session.get(Message, self.note))
        made |= {who: builders.upload(getattr(self.cast, who), "/tickets/new") for who in PERSONAS[1:]}
        return {name: row.id for name, row in made.items()}

    def _event_of(self, message):
        return db.session.query(Event.id).filter_by(message_id=message).scalar()

    def places(self, path, me):
        """Every address that a path of the map stands for, as far as it matters who asks."""
        if "<ticket>" in path:
            return [self._below(path, *below) for below in self._ticket_places(path, me)]
        if "<session>" in path:
            theirs = {who: self._session(who) for who in ("ada", "eve", me)}
            return [self._at(path, "session", i, "own" if who == me else "nothing") for who, i in theirs.items()]
        if "<upload>" in path:
            uploads = {who: self.files[who] for who in (*PERSONAS[1:], "adas")} | {"missing": MISSING}
            return [self._at(path, "upload", i, "own" if who == me else "nothing") for who, i in uploads.items()]
        if "<job>" in path:
            return [self._at(path, "job", i, thing) for i, thing in ((self.job, "cleo's"), (MISSING, "nothing"))]
        if "<view>" in path:
            own = "own" if me == "cleo" else "nothing"
            views = ((self.views[0], own), (self.views[1], "everybody's"), (MISSING, "nothing"))
            return [self._at(path, "view", number, thing) for number, thing in views]
        for name in ("person", "delivery", "category"):
            if f"<{name}>" in path:
                found, lost = getattr(self, name), MISSING
                return [self._at(path, name, found, "desk's"), self._at(path, name, lost, "nothing")]
        if "<string:token>" in path:
            return [Place(path.replace("<string:token>", "x" * 43), None, "nothing")]
        if "<path:filename>" in path:
            name = "desk.css" if path.startswith("/static") else "css/bootstrap.min.css"
            return [Place(path.replace("<path:filename>", f), None, t) for f, t in ((name, ""), ("no.css", "nothing"))]
        return [Place(path, None, "")]

    def _ticket_places(self, path, me):
        if "<message>" in path:
            yield from ((name, "message", reply, "reply") for name, reply in self.replies.items())
            yield "adas", "message", self.note, "note"
            yield "adas", "message", self.replies["bens"], "nothing"
            yield "adas", "message", MISSING, "nothing"
            yield "missing", "message", self.replies["adas"], "reply"
        elif "<event>" in path:
            # Everybody finds what they did themselves, and nothing else. Cleo wrote every message.
            whose = {name: "own" if me == "cleo" else "nothing" for name in self.replies}
            events = {name: self._event_of(reply) for name, reply in self.replies.items()}
            yield from ((name, "event", events[name], whose[name]) for name in events)
            yield "adas", "event", events["bens"], "nothing"
            yield "adas", "event", MISSING, "nothing"
            yield "adas", "event", self.raised, "nothing"
            yield "missing", "event", events["adas"], whose["adas"]
        elif "<file>" in path:
            yield from ((name, "file", self.files[name], "") for name in self.tickets)
            yield "adas", "file", self.files["note"], "note"
            yield from (("adas", "file", i, "nothing") for i in (self.files["bens"], self.files["ada"], MISSING))
            yield "missing", "file", self.files["adas"], ""
        elif "<watcher>" in path:
            yield "adas", "watcher", self.wren, "watcher"
            yield "trashed", "watcher", self.wren, "watcher"
            yield "bens", "watcher", self.wren, "nothing"
            yield "adas", "watcher", MISSING, "nothing"
        else:
            yield from ((name, "", "", "") for name in SEEN_BY)

    def _below(self, path, ticket, name, number, thing):
        url = path.replace("<ticket>", str(self.ids[ticket])).replace(f"<{name}>", str(number))
        return Place(url, ticket, thing)

    def _at(self, path, name, number, thing):
        return Place(path.replace(f"<{name}>", str(number)), None, thing)

    def _session(self, who):
        known = getattr(self.cast, who, None)
        row = known and db.session.query(Session).filter_by(person_id=known.id).order_by(Session.id.desc()).first()
        return row.id if row else MISSING


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
        "takes part": who in AGENTS or REQUESTERS.get(place.ticket) == who,
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
    with store.writing():
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
                made += 1
                world, browser = World(cast, made, path), browse(getattr(cast, who, None))
                token, before = browser.token(), rows()
        assert rows() == before, f"{who} was refused and yet changed something"


def _gets_that_far(wanted, path):
    """A missing token shows once the door has found that the act is open; behind a token of a link the view looks."""
    return wanted == "in" or "<string:token>" in path


def rows():
    """All that is in the database, but for what a page may write by the way: read marks, who exported what."""
    db.session.rollback()
    aside = ("sessions", "read_marks", "attempts")
    kept = [table for table in db.metadata.sorted_tables if table.name not in aside]
    read = db.metadata.tables["deliveries"].c.seen_at
    columns = {table.name: [column for column in table.columns if column is not read] for table in kept}
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
    with store.writing():
        token = links.make(cast.ada, "reset")
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
