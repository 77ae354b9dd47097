"""Rows for every kind of address on the map, and who is who among those who ask for them."""

from collections import namedtuple

from helpdesk.accounts import people
from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.lists import saved_views
from helpdesk.tickets import merging, tickets
from models import Category, Delivery, Event, Message, Session, Watcher, db
from tests.support import builders

MISSING = 987654321
PERSONAS = ("anonymous", "ada", "ben", "wren", "cleo", "dan", "eve", "zoe")
OUTSIDE = ("anonymous", "zoe")  # Zoe is switched off: the cookie of her old session opens nothing.
AGENTS = ("cleo", "dan", "eve")

# The rule, written down a second time on purpose: nothing here asks helpdesk/access/lookups.py.
# Who sees which ticket. Ada raised two, one is in the trash; Wren watches both of hers; Ben raised one, into which one
# of Wren's own was merged.
SEEN_BY = {
    "adas": ("ada", "wren", *AGENTS),
    "bens": ("ben", "wren", *AGENTS),
    "trashed": ("eve",),
    "missing": (),
}
REQUESTERS = {"adas": "ada", "bens": "ben", "trashed": "ada"}
MERGED_IN = {"bens": "wren"}

Place = namedtuple("Place", "url ticket thing")  # `thing`: what stands below: "", "adas reply", "theirs", "nothing" ...


class World:
    """Rows for every kind of address. Made anew after each request that may have changed something."""

    def __init__(self, cast, number, path):
        self.cast, wren = cast, cast.wren
        self.tickets = {name: builders.ticket(getattr(cast, who)) for name, who in REQUESTERS.items()}
        self.replies = {name: self._reply(ticket) for name, ticket in self.tickets.items()}
        self.note = self._newest(builders.note, self.tickets["adas"])
        self.files = self._files() if "/files" in path else {}
        self.raised = db.session.query(Event.id).filter_by(ticket_id=self.tickets["adas"].id, kind="raised").scalar()
        with transactions.writing():
            for name in ("adas", "trashed"):
                db.session.add(Watcher(ticket_id=self.tickets[name].id, person_id=wren.id))
            db.session.add(Watcher(ticket_id=self.tickets["adas"].id, person_id=cast.zoe.id))
            part = tickets.raise_ticket(by=wren, subject="Wren's own", description="Part of Ben's.")
            merging.merge(part, self.tickets["bens"], by=cast.dan, follow=True)
            tickets.trash(self.tickets["trashed"], by=cast.eve)
            self.person = people.add("Some Body", f"somebody{number}@example.com").id
            self.category = Category(name=f"Category {number}", position=1)
            db.session.add(self.category)
            kept = [(cast.cleo, False), (cast.eve, True)]
            self.views = [saved_views.save(f"View {number}", "", by=by, shared=all).id for by, all in kept]
            self.job = jobs.start_with([self.tickets["bens"].id], {"priority": "high"}, by=cast.cleo).id
        self.import_job = builders.imported(cast.eve) if "<import_job>" in path else None
        self.category, self.wren, self.ada = self.category.id, wren.id, cast.ada.id
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
        for name in ("person", "delivery", "category", "import_job"):
            if f"<{name}>" in path:
                found, lost = getattr(self, name), MISSING
                return [self._at(path, name, found, "desk's"), self._at(path, name, lost, "nothing")]
        if "<string:token>" in path:
            return [Place(path.replace("<string:token>", "x" * 43), None, "nothing")]
        if "<path:filename>" in path:
            name = "css/base.css" if path.startswith("/static") else "css/bootstrap.min.css"
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
            yield "bens", "watcher", self.ada, "nothing"
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
