"""The figures of the dashboard: what waits, counted as it is now, and the tallies of what came, went and is active."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, literal, select, union_all

from helpdesk.db import transactions
from helpdesk.db.statements import Prepared, RoleKey, reader_of, role_key
from helpdesk.lists import ticket_lists
from helpdesk.reports import daily_counts
from helpdesk.reports.daily_counts import Day
from helpdesk.tickets import categories
from models import Person, Ticket

Waiting = Row[Any]


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
    days: tuple[Day, ...]
    by_category: tuple[tuple[str | None, int], ...]
    by_priority: tuple[tuple[int, int], ...]
    at: datetime
    late: datetime | None


def figures(reader: Person, zone: ZoneInfo, at: datetime | None = None) -> Figures:
    at = at or transactions.now()
    numbers = ticket_lists.counts(reader, ("new", "unassigned", "mine"))
    tally, late = daily_counts.current(zone, at)
    names: dict[int | None, str] = {category.id: category.name for category in categories.every()}
    by_category, by_priority = Counter[str | None](), Counter[int]()
    for category, priority, count in tally.active:
        by_category[names.get(category)] += count
        by_priority[priority] += count
    oldest = {row.which: row for row in _oldest(role_key(reader)).ask(reader)}
    return Figures(
        new=numbers["new"],
        unassigned=numbers["unassigned"],
        mine=numbers["mine"],
        oldest_new=oldest.get("oldest_new"),
        oldest_unassigned=oldest.get("oldest_unassigned"),
        waiting=oldest.get("waiting"),
        days=tuple(tally.days[zone.key]),
        by_category=tuple(sorted(by_category.items(), key=lambda one: (-one[1], one[0] or ""))),
        by_priority=tuple(sorted(by_priority.items(), reverse=True)),
        at=tally.at,
        late=late,
    )


# Of which views the oldest tickets are shown. New or open: somebody waits for IT; what is pending waits for another.
_OLDEST = {"oldest_new": ("new",), "oldest_unassigned": ("unassigned",), "waiting": ("new", "open")}


@cache
def _oldest(kind: RoleKey) -> Prepared:
    """The first to come among each, its parts by an index of their own."""
    reader, by_age = reader_of(kind), (Ticket.created_at, Ticket.id)
    found = []
    for name, views in _OLDEST.items():
        ids = ticket_lists.together(
            [part.first(1, by_age) for view in views for part in ticket_lists.parts(view, reader)]
        )
        wanted = select(literal(name).label("which"), Ticket.id, Ticket.subject, Ticket.created_at)
        first = wanted.join(ids, ids.c.id == Ticket.id).order_by(*by_age).limit(1).subquery()
        found.append(select(first))
    return Prepared(union_all(*found), reader)
