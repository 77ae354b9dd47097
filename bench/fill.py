"""Fills a desk with tickets as they are after two years: `python -m bench fill N` on the database of DATABASE_URL.

Each ticket has three messages; one in five is still active. 1,000 people ask, 20 agents answer.
"""

import json
import random
import sys
import time
from datetime import datetime, timedelta, timezone
from functools import cache

from flask_migrate import upgrade

import config
from bench import texts
from bench.load import Loader
from helpdesk.accounts import name_keys, passwords
from helpdesk.db import transactions
from helpdesk.markup import markdown
from helpdesk.search_index import indexer
from helpdesk.text import fold
from models import Category, Delivery, DeskFact, Event, Message, Person, ReadMark, Ticket, db

AGENTS, PEOPLE, YEARS = 20, 1000, timedelta(days=730)
PASSWORD = "only for a bench 8b1f"
FACT = "bench"
AT_ONCE = 20_000
TABLES = [model.__table__ for model in (Ticket, Message, Event, ReadMark, Delivery)]

TICKET = (
    "id subject description type status pending_reason priority category_id requester_id raised_by_id assignee_id"
    " created_at activity_at public_activity_at resolved_at finished_at"
).split()
MESSAGE = "id ticket_id author_id kind body created_at".split()
HTML = ["description_html", "description_renderer"], ["body_html", "body_renderer"]
EVENT = "id kind ticket_id message_id actor_id public facts at".split()
READ = "person_id ticket_id seen_at".split()
DOCUMENT = "ticket_id subject public_text internal_text".split()
DELIVERY = (
    "id event_id person_id email mail message_id state attempts due_at sent_at seen_at created_at".split()
)  # fmt: skip
STATUSES = ["closed"] * 80 + ["new"] * 4 + ["open"] * 10 + ["pending"] * 6
PRIORITIES = [2] * 14 + [1] * 3 + [3] * 2 + [4]


def fill(app, size):
    """Migrate and fill; a desk filled to this size already is kept. Returns what the fill wrote down about itself."""
    with app.app_context():
        upgrade(directory=str(config.HERE / "migrations"))
        known = _known(size)
        if known is None:
            began = time.monotonic()
            words = texts.read()
            categories = _people_and_categories(words)
            rare, common = texts.rare_and_common(words[:size])
            _write(Loader(app.config["DATABASE_URL"]), size, words, categories)
            known = {"size": size, "rare": rare, "common": common}
            with transactions.writing():
                db.session.add(DeskFact(name=FACT, value=json.dumps(known)))
            print(f"{size} tickets in {time.monotonic() - began:.0f} s", file=sys.stderr)
        db.session.remove()
        db.engine.dispose()
    return known


def accounts():
    """Addresses to sign in with, each with PASSWORD."""
    return {"user": _email(AGENTS + 2), "agent": _email(2), "admin": _email(1)}


def _known(size):
    row = db.session.get(DeskFact, FACT)
    if row is not None and json.loads(row.value)["size"] == size:
        return json.loads(row.value)
    if row is not None or db.session.query(Person.id).first():
        sys.exit("This desk is not empty and no bench of this size. Use another database.")
    return None


def _email(number):
    return f"person-{number}@bench.example"


def _people_and_categories(words):
    """Person 1 is the admin, then come the agents. Returns the categories' ids by name."""
    hashed, at = passwords.hash(PASSWORD), transactions.now() - YEARS
    with transactions.writing():
        for number in range(1, AGENTS + PEOPLE + 2):
            role = "admin" if number == 1 else "agent" if number < AGENTS + 2 else "user"
            name = f"{role.title()} Number {number}"
            person = Person(id=number, name=name, folded_name=fold(name), email=_email(number), role=role)
            person.password_hash, person.confirmed_at, person.created_at = hashed, at, at
            name_keys.write(person)
            db.session.add(person)
        found = {name: Category(name=name, position=place) for place, name in enumerate(sorted({w[2] for w in words}))}
        db.session.add_all(found.values())
        db.session.flush()
        return {name: category.id for name, category in found.items()}


def _write(loader, size, words, categories):
    story = Story(size, words, categories)
    with loader.bulk(TABLES):
        for first in range(1, size + 1, AT_ONCE):
            parts = story.chapter(range(first, min(first + AT_ONCE, size + 1)))
            loader.rows("tickets", TICKET + HTML[0], [(*row, *_html(row[2])) for row in parts["tickets"]])
            loader.rows("messages", MESSAGE + HTML[1], [(*row, *_html(row[4])) for row in parts["messages"]])
            loader.rows("events", EVENT, parts["events"])
            loader.rows("read_marks", READ, parts["reads"])
            loader.rows("deliveries", DELIVERY, parts["deliveries"])
            fold_for_search(loader, parts)
            loader.commit()
            print(f"\r{parts['tickets'][-1][0]:>10} ", end="", file=sys.stderr)


@cache
def _html(text):
    """The same few texts come again and again."""
    return markdown.to_html(text), markdown.RENDERER


def fold_for_search(loader, parts):
    """The documents of these tickets for the search index."""
    said = {}
    for _number, ticket, _author, kind, body, _at in parts["messages"]:
        said.setdefault(ticket, {}).setdefault(kind, []).append(body)
    documents = [indexer.of_ticket(*ticket[:3], said.get(ticket[0], {})) for ticket in parts["tickets"]]
    loader.rows("search_texts", DOCUMENT, [tuple(one[column] for column in DOCUMENT) for one in documents])


class Story:
    """Makes up what happened: the same each time for the same size and words."""

    def __init__(self, size, words, categories):
        self.size, self.words, self.categories = size, words, categories
        self.chance = random.Random(7)
        self.end = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(minutes=5)
        self.last = {"message": 0, "event": 0}
        self.said = [" ".join(text.split()[:40]) for _subject, text, _category in words]

    def chapter(self, numbers):
        parts = {"tickets": [], "messages": [], "events": [], "reads": [], "deliveries": []}
        for number in numbers:
            self._ticket(number, parts)
        return parts

    def _next(self, what):
        self.last[what] += 1
        return self.last[what]

    def _ticket(self, number, parts):
        chance = self.chance
        subject, text, category = self.words[number % len(self.words)]
        created = self.end - YEARS * (1 - number / self.size)
        status = chance.choice(STATUSES)
        # A newly resolved ticket waits a week; those resolved before are closed by now.
        if status == "closed" and self.end - created < timedelta(days=6):
            status = "resolved"
        asker, agent = chance.randrange(AGENTS + 2, AGENTS + PEOPLE + 2), chance.randrange(2, AGENTS + 2)
        self._event(parts, "raised", number, None, asker, created)
        at = self._conversation(number, asker, agent, created, parts)
        finished = _text(at) if status in ("resolved", "closed") else None
        if finished:
            self._event(parts, status, number, None, agent, at, facts=_closing(status, at))
        held = status != "new" and (status != "open" or chance.random() < 0.75)
        reason = "a part that is on its way" if status == "pending" else None
        row = (number, subject[:200], f"{text} asset {number}", "incident", status, reason, chance.choice(PRIORITIES))
        people = (self.categories[category], asker, asker, agent if held else None)
        parts["tickets"].append((*row, *people, _text(created), _text(at), _text(at), finished, finished))
        if held and chance.random() < 0.5:
            parts["reads"].append((agent, number, _text(at)))

    def _conversation(self, number, asker, agent, at, parts):
        """An answer, a note or another answer, and what the requester says to it. Returns when it ended."""
        second = "note" if self.chance.random() < 0.4 else "reply"
        for author, kind in ((agent, "reply"), (agent, second), (asker, "reply")):
            at = min(at + timedelta(minutes=self.chance.randrange(1, 2000)), self.end)
            message = self._next("message")
            parts["messages"].append((message, number, author, kind, self.chance.choice(self.said), _text(at)))
            event = self._event(parts, "replied" if kind == "reply" else "noted", number, message, author, at)
            if author == agent and kind == "reply":
                self._delivery(parts, event, asker, at)
        return at

    def _event(self, parts, kind, ticket, message, actor, at, facts="{}"):
        number = self._next("event")
        parts["events"].append((number, kind, ticket, message, actor, kind != "noted", facts, _text(at)))
        return number

    def _delivery(self, parts, event, person, at):
        at = _text(at)
        seen = at if self.chance.random() < 0.95 else None
        sent = (event, event, person, _email(person), "answer", f"bench.{event}", "sent", 1)
        parts["deliveries"].append((*sent, at, at, seen, at))


def _closing(status, at):
    change = {"status": ["open", status], "pending_reason": [None, None], "finished_at": [None, f"{_text(at)}+00:00"]}
    return json.dumps({"old": "open", "change": change})


def _text(at):
    return at.isoformat(sep=" ", timespec="microseconds")
