"""What has just happened, for live pages: new events, each with the people who may hear of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union

from helpdesk.db import transactions
from models import Delivery, Event, Person, Session, Ticket, Watcher, db

MOST = 500
# More tickets at once are not told one by one: the page is asked to fetch itself again.
MOST_TOLD = 50
# A transaction takes its event's id when it writes and shows it when it commits, so a lower id may appear later.
LATE = timedelta(seconds=60)
MOST_GAPS = 2000
LOOK_BACK = 200
CARRIED_GAPS = 30
# The ticket appears in or disappears from its requester's list, so they hear of it although the event is not public.
HEARD_BY_ALL = ("trashed", "restored")


def newest_events() -> tuple[ColumnElement[int], ...]:
    """The newest id, the oldest, and how many of the last LOOK_BACK are there: asked for with whoever is signed in."""
    newest = select(func.max(Event.id)).correlate(None).scalar_subquery()
    # PostgreSQL has to hear that they are no more than LOOK_BACK, or it sets two processes to work on a third of all.
    recent = select(Event.id).where(Event.id > newest - LOOK_BACK).limit(LOOK_BACK).subquery()
    return (
        newest.label("newest"),
        select(func.min(Event.id)).scalar_subquery().label("oldest"),
        select(func.count()).select_from(recent).scalar_subquery().label("there"),
    )


@dataclass(frozen=True)
class Cursor:
    """Until where the events were read: the newest id, and lower ids that were not there but may still be committed.

    As text, "1204.1198.1201", it is in every page and in the lines of a stream (sealed: web/live_cursors.py) and comes
    back from the browser.
    """

    high: int
    gaps: tuple[int, ...] = ()

    def __str__(self) -> str:
        return ".".join(map(str, (self.high, *self.gaps)))

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """None for anything that was never written by us."""
        if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18}){0,%d}" % CARRIED_GAPS, text):
            return None
        high, *gaps = map(int, text.split("."))
        return cls(high, tuple(gaps))

    def covers(self, number: int) -> bool:
        """Whether whoever read until here has seen the event of this id, if it was there."""
        return number <= self.high and number not in self.gaps

    def is_before(self) -> ColumnElement[bool]:
        """The condition that an event comes after this mark."""
        later = Event.id > self.high
        return or_(later, Event.id.in_(self.gaps)) if self.gaps else later


def cursor(stood: tuple[Any, ...] = ()) -> Cursor:
    """Where the events stand. A page takes it before it reads anything else.

    `stood` is what newest_events() has found; unless an id is missing among the last ones, that says it all.
    """
    if stood and stood[0] is None:
        return Cursor(0)
    if stood and stood[2] == stood[0] - max(stood[1], stood[0] - LOOK_BACK + 1) + 1:
        return Cursor(stood[0])
    found = db.session.scalars(select(Event.id).order_by(Event.id.desc()).limit(LOOK_BACK)).all()
    if not found:
        return Cursor(0)
    missing = sorted(set(range(max(found[-1], found[0] - LOOK_BACK), found[0])) - set(found))
    return Cursor(found[0], tuple(missing[-CARRIED_GAPS:]))


@dataclass(frozen=True)
class Hint:
    """Something happened to a ticket: `events`. Agents may hear of it, and `others`; those in `owed` are notified."""

    ticket: int
    events: frozenset[int]
    others: frozenset[int] = frozenset()
    owed: frozenset[int] = frozenset()

    def heard_by(self, person: int, role: str) -> bool:
        return role != "user" or person in self.others


@dataclass(frozen=True)
class Reader:
    """Reads the events as they come. `gaps` are ids below `high` that may still be committed, with since when."""

    high: int
    gaps: dict[int, datetime]

    @classmethod
    def starting(cls, at: datetime | None = None) -> Reader:
        start = cursor()
        return cls(start.high, dict.fromkeys(start.gaps, at or transactions.now()))

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.high, tuple(sorted(self.gaps)[-CARRIED_GAPS:]))

    def read(self, at: datetime | None = None) -> tuple[list[Hint], Reader]:
        """What was committed since, oldest first and at most MOST events, and the reader for the next time."""
        at = at or transactions.now()
        gaps = {gap: since for gap, since in self.gaps.items() if abs(at - since) < LATE}
        columns = select(Event.id, Event.kind, Event.ticket_id, Event.person_id, Event.public)
        wanted = columns.where(Cursor(self.high, tuple(gaps)).is_before()).order_by(Event.id).limit(MOST)
        rows = db.session.execute(wanted).all()
        high = max([self.high, *(row.id for row in rows)])
        gaps |= dict.fromkeys(range(max(self.high + 1, high - MOST_GAPS), high), at)
        for row in rows:
            gaps.pop(row.id, None)
        newest = sorted(gaps)[-MOST_GAPS:]
        return _hints(rows), Reader(high, {gap: gaps[gap] for gap in newest})


def _hints(rows: Any) -> list[Hint]:
    """One for each ticket that is named."""
    heard: dict[int, bool] = {}
    events: dict[int, set[int]] = {}
    about: dict[int, set[int]] = {}
    for row in rows:
        if row.ticket_id is None:
            continue
        events.setdefault(row.ticket_id, set()).add(row.id)
        heard[row.ticket_id] = heard.get(row.ticket_id, False) or row.public or row.kind in HEARD_BY_ALL
        if row.person_id is not None and row.public:
            about.setdefault(row.ticket_id, set()).add(row.person_id)
    involved = _involved({ticket for ticket, is_heard in heard.items() if is_heard})
    owed = _owed([row.id for row in rows]) if heard else {}
    nobody: set[int] = set()
    return [
        Hint(
            ticket=one,
            events=frozenset(events[one]),
            others=frozenset(involved.get(one, nobody) | about.get(one, nobody)),
            owed=frozenset(owed.get(one, nobody)),
        )
        for one in heard
    ]


def _owed(numbers: list[int]) -> dict[int | None, set[int]]:
    """For each ticket the people who are owed word of these events."""
    wanted = select(Event.ticket_id, Delivery.person_id).join(Delivery, Delivery.event_id == Event.id)
    found: dict[int | None, set[int]] = {}
    for ticket, person in db.session.execute(wanted.where(Event.id.in_(numbers))):
        found.setdefault(ticket, set()).add(person)
    return found


def _involved(numbers: set[int]) -> dict[int, set[int]]:
    """For each ticket the requester and the watchers."""
    found: dict[int, set[int]] = {}
    if not numbers:
        return found
    requesters = select(Ticket.id, Ticket.requester_id).where(Ticket.id.in_(numbers))
    watchers = select(Watcher.ticket_id, Watcher.person_id).where(Watcher.ticket_id.in_(numbers))
    for ticket, person in [*db.session.execute(requesters), *db.session.execute(watchers)]:
        found.setdefault(ticket, set()).add(person)
    return found


def missed(reader: Person, seen: Cursor) -> tuple[Cursor, list[int] | None]:
    """For a browser that was away: the new mark, and the tickets with news that this reader may hear of.

    None instead of tickets where there are too many, or where the mark is from another time (a restored database).
    """
    now = cursor()
    if seen.high > now.high:
        return now, None
    wanted = union(*(some.where(seen.is_before()) for some in _heard(reader))).limit(MOST_TOLD + 1)
    tickets = sorted(db.session.scalars(wanted))
    return now, tickets if len(tickets) <= MOST_TOLD else None


def _heard(reader: Person) -> list[Select[Any]]:
    """The rule of Hint.heard_by as queries, each with an index of its own to go by."""
    tickets = select(Event.ticket_id)
    if reader.is_agent:
        return [tickets.where(Event.ticket_id.is_not(None)).distinct()]
    requested = tickets.join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.requester_id == reader.id)
    watched = tickets.join(Watcher, Watcher.ticket_id == Event.ticket_id).where(Watcher.person_id == reader.id)
    named = tickets.where(Event.person_id == reader.id, Event.ticket_id.is_not(None), Event.public.is_(True))
    heard = or_(Event.public.is_(True), Event.kind.in_(HEARD_BY_ALL))
    return [requested.where(heard), watched.where(heard), named]


def still_signed_in(token_hashes: list[str]) -> dict[str, str]:
    """Of these sessions, those that have not ended, with the role of their person."""
    wanted = (
        select(Session.token_hash, Person.role)
        .join(Person, Person.id == Session.person_id)
        .where(
            Session.token_hash.in_(token_hashes),
            Session.expires_at > transactions.now(),
            Person.switched_off_at.is_(None),
        )
    )
    return {token_hash: role for token_hash, role in db.session.execute(wanted)}
