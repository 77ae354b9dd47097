"""The figures of the dashboard: what waits, counted as it is now, and the tallies of what came, went and is active."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select

from helpdesk import categories, store, tallies, triage
from helpdesk.tallies import Day
from helpdesk.triage import Part
from models import Person, Ticket, db

Waiting = Row[int, str, datetime]


@dataclass(frozen=True)
class Figures:
    """What the dashboard shows. `waiting` is the active ticket whose requester has waited longest for an answer.

    `at` is when the tallies were counted; `late` since when the worker should have counted and has not.
    """

    new: int
    unassigned: int
    mine: int
    oldest_new: Waiting | None
    oldest_unassigned: Waiting | None
    waiting: Waiting | None
    days: list[Day]
    by_category: list[tuple[str | None, int]]
    by_priority: list[tuple[int, int]]
    at: datetime
    late: datetime | None


def figures(reader: Person, zone: ZoneInfo, at: datetime | None = None) -> Figures:
    at = at or store.now()
    numbers = triage.counts(reader, ("new", "unassigned", "mine"))
    tally, late = tallies.current(zone, at)
    names: dict[int | None, str] = {category.id: category.name for category in categories.every()}
    by_category, by_priority = Counter[str | None](), Counter[int]()
    for category, priority, count in tally.active:
        by_category[names.get(category)] += count
        by_priority[priority] += count
    return Figures(
        **numbers,
        oldest_new=_oldest(triage.parts("new", reader)),
        oldest_unassigned=_oldest(triage.parts("unassigned", reader)),
        waiting=_oldest(_waiting_for_us(reader)),
        days=tally.days[zone.key],
        by_category=sorted(by_category.items(), key=lambda one: (-one[1], one[0] or "")),
        by_priority=sorted(by_priority.items(), reverse=True),
        at=tally.at,
        late=late,
    )


def _waiting_for_us(reader: Person) -> list[Part]:
    """New or open: somebody waits for IT. What is pending waits for somebody else."""
    return triage.parts("new", reader) + triage.parts("open", reader)


def _oldest(parts: list[Part]) -> Waiting | None:
    """The first to come among these, each part by an index of its own."""
    by_age = Ticket.created_at, Ticket.id
    ids = triage.together([part.first(1, by_age) for part in parts])
    wanted = select(Ticket.id, Ticket.subject, Ticket.created_at).join(ids, ids.c.id == Ticket.id)
    return db.session.execute(wanted.order_by(*by_age).limit(1)).first()
