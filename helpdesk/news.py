"""What has just happened, for live pages: new events, each with the people who may hear of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select

from helpdesk import store
from helpdesk.access import visible_events, visible_tickets
from models import Event, Person, Session, Ticket, Watcher, db

MOST = 500
# A transaction takes its event's id when it writes and shows it when it commits, so a lower id may appear later.
LATE = timedelta(seconds=60)
MOST_GAPS = 2000
# The ticket appears in or disappears from its requester's list, so they hear of it although the event is not public.
HEARD_BY_ALL = ("trashed", "restored")


@dataclass(frozen=True)
class Hint:
    """Something happened to a ticket. Agents may hear of it, and the people in `others`; `person` is somebody it is about."""

    id: int
    kind: str
    ticket: int | None
    person: int | None
    others: frozenset[int] = frozenset()


@dataclass
class Reader:
    """Reads the events table as it grows. `high` is the newest id seen; `gaps` are lower ids that may still commit."""

    high: int
    gaps: dict[int, datetime] = field(default_factory=dict)

    def read(self, at: datetime | None = None) -> list[Hint]:
        """What has been committed since the last call, oldest first, at most MOST at once."""
        at = at or store.now()
        self.gaps = {gap: since for gap, since in self.gaps.items() if since > at - LATE}
        wanted = Event.id > self.high
        if self.gaps:
            wanted = or_(wanted, Event.id.in_(list(self.gaps)))
        columns = select(Event.id, Event.kind, Event.ticket_id, Event.person_id, Event.public)
        rows = db.session.execute(columns.where(wanted).order_by(Event.id).limit(MOST)).all()
        for row in rows:
            if self.gaps.pop(row.id, None) is None:
                self._note_gaps(row.id, at)
        return _hints([tuple(row) for row in rows])

    def _note_gaps(self, reached: int, at: datetime) -> None:
        missing = range(max(self.high + 1, reached - MOST_GAPS), reached)
        self.gaps.update((number, at) for number in missing[-MOST_GAPS:])
        self.high = reached


def newest() -> int:
    return db.session.scalar(select(func.max(Event.id))) or 0


def _hints(rows: list[tuple[int, str, int | None, int | None, bool]]) -> list[Hint]:
    heard = {number for _id, kind, number, _person, public in rows if number and (public or kind in HEARD_BY_ALL)}
    involved = _involved(heard)
    return [
        Hint(
            number,
            kind,
            ticket,
            person,
            frozenset(involved.get(ticket or 0, ())) | ({person} if person and public else frozenset())
            if public or kind in HEARD_BY_ALL
            else frozenset(),
        )
        for number, kind, ticket, person, public in rows
    ]


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


def tickets_since(reader: Person, since: int) -> tuple[int, list[int]] | None:
    """For a poll: the newest event id, and the tickets with news this reader may see after `since`.

    None where there is too much to tell one by one. What committed late is told again: a hint too many harms nothing.
    """
    late = store.now() - timedelta(seconds=10)
    wanted = (
        select(Event.id, Event.ticket_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(or_(Event.id > since, Event.at > late), visible_tickets(reader), visible_events(reader))
    )
    rows = db.session.execute(wanted.order_by(Event.id.desc()).limit(MOST + 1)).all()
    if len(rows) > MOST:
        return None
    return max([since, *(row.id for row in rows)]), sorted({row.ticket_id for row in rows})


def still_signed_in(token_hashes: list[str]) -> dict[str, str]:
    """Of these sessions, those that have not ended, with the role of their person."""
    wanted = (
        select(Session.token_hash, Person.role)
        .join(Person, Person.id == Session.person_id)
        .where(Session.token_hash.in_(token_hashes), Session.expires_at > store.now(), Person.switched_off_at.is_(None))
    )
    return {token_hash: role for token_hash, role in db.session.execute(wanted)}
