"""How many tickets came and went by day and are active now: counted when asked, on a large desk by the worker instead.

They are always counted whole, never added up from what happened: so nothing that happens can make them wrong.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from helpdesk.choices import ACTIVE
from helpdesk.db import transactions
from models import DeskFact, Person, Ticket, db

SHOWN = 30
# From this many tickets on the worker counts; fewer are counted within a few milliseconds by whoever asks.
LARGE = 20_000
EVERY = timedelta(seconds=30)
# Tallies older than this are not shown any more: the worker is not running.
LASTS = timedelta(minutes=2)
FACT = "tallies"


@dataclass(frozen=True)
class Day:
    """How many tickets came in and how many were finished on one day."""

    day: date
    came: int
    went: int


@dataclass(frozen=True)
class Tallies:
    """Counted at one moment: the last days by time zone, and active tickets by category and priority."""

    at: datetime
    days: dict[str, list[Day]]
    active: list[tuple[int | None, int, int]]


def current(zone: ZoneInfo, at: datetime) -> tuple[Tallies, datetime | None]:
    """What the worker has counted, where it does, else what is counted now; and since when the worker is late."""
    kept = _stored_tallies()
    if kept is not None and zone.key in kept.days and abs(at - kept.at) < LASTS:
        return kept, None
    return count([zone], at), kept.at if kept is not None and abs(at - kept.at) >= LASTS else None


def count(zones: Iterable[ZoneInfo], at: datetime) -> Tallies:
    """Each day is one of its time zone, midnight to midnight there."""
    days = {zone: _last_days(zone, at) for zone in zones}
    start = min(_midnight(some[0], zone) for zone, some in days.items())
    came, went = _moments(Ticket.created_at, start), _moments(Ticket.finished_at, start)
    return Tallies(at, {zone.key: _by_day(some, zone, came, went) for zone, some in days.items()}, _active())


def _last_days(zone: ZoneInfo, at: datetime) -> list[date]:
    today = at.astimezone(zone).date()
    return [today - timedelta(days=back) for back in range(SHOWN - 1, -1, -1)]


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone)


def _moments(moment: Any, start: datetime) -> list[datetime]:
    """In order, read from an index alone."""
    wanted = select(moment).where(Ticket.trashed_at.is_(None), moment >= start).order_by(moment)
    return list(db.session.scalars(wanted))


def _by_day(days: list[date], zone: ZoneInfo, came: list[datetime], went: list[datetime]) -> list[Day]:
    edges = [_midnight(day, zone) for day in [*days, days[-1] + timedelta(days=1)]]
    of_came, of_went = ([bisect_left(moments, edge) for edge in edges] for moments in (came, went))
    return [
        Day(day, of_came[place + 1] - of_came[place], of_went[place + 1] - of_went[place])
        for place, day in enumerate(days)
    ]


def _active() -> list[tuple[int | None, int, int]]:
    """Category, priority, how many: from an index alone."""
    active = Ticket.trashed_at.is_(None), Ticket.status.in_(ACTIVE)
    counted = select(Ticket.category_id, Ticket.priority, func.count()).where(*active)
    return [(*row,) for row in db.session.execute(counted.group_by(Ticket.category_id, Ticket.priority))]


# ---- what the worker keeps


def keep(desk_zone: str, at: datetime | None = None) -> bool:
    """Count and keep it for the pages, on a large desk. Returns whether the desk is one."""
    at = at or transactions.now()
    if (db.session.scalar(select(func.max(Ticket.id))) or 0) < LARGE:
        forget()
        return False
    kept = _stored_tallies()
    if kept is None or abs(at - kept.at) >= EVERY / 2:  # Another worker may have been here.
        tally = count(_zones(desk_zone), at)
        with transactions.writing():
            db.session.merge(DeskFact(name=FACT, value=_written(tally)))
    return True


def forget() -> None:
    """The pages count by themselves until the worker has counted anew."""
    if db.session.get(DeskFact, FACT) is not None:
        with transactions.writing():
            db.session.delete(db.session.get_one(DeskFact, FACT))


def _zones(desk_zone: str) -> list[ZoneInfo]:
    """The desk's, and those that its agents have chosen."""
    chosen = select(Person.time_zone).where(Person.role != "user", Person.time_zone.is_not(None)).distinct()
    return [ZoneInfo(name) for name in sorted({desk_zone, *filter(None, db.session.scalars(chosen))})]


def _stored_tallies() -> Tallies | None:
    value = db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))
    return _read(value) if value else None


def _written(tally: Tallies) -> str:
    days = {zone: [[str(one.day), one.came, one.went] for one in some] for zone, some in tally.days.items()}
    return json.dumps({"at": tally.at.isoformat(), "days": days, "active": tally.active})


def _read(value: str) -> Tallies:
    kept = json.loads(value)
    days = {
        zone: [Day(date.fromisoformat(day), came, went) for day, came, went in some]
        for zone, some in kept["days"].items()
    }
    return Tallies(datetime.fromisoformat(kept["at"]), days, [(*row,) for row in kept["active"]])
