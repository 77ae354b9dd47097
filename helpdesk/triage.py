"""Lists of tickets: the standing views, their counts, the pages of a list, the figures of the dashboard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, union, union_all
from sqlalchemy.orm import aliased

from helpdesk import store
from helpdesk.access import visible_tickets
from helpdesk.words import ACTIVE, FINISHED
from models import Category, Person, ReadMark, Ticket, Watcher, db

PAGE = 50
COUNT_CAP = 1000

VIEWS = {
    "new": _l("New"),
    "unassigned": _l("Unassigned"),
    "mine": _l("Mine"),
    "open": _l("Open"),
    "pending": _l("Pending"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
    "all": _l("All"),
}

SORTS = {"activity": _l("Newest activity"), "age": _l("Oldest first"), "priority": _l("Highest priority")}

_Requester, _Assignee, _Watching = aliased(Person), aliased(Person), aliased(Watcher)


@dataclass(frozen=True)
class Page:
    """A part of a list: its rows, and the marks that lead to the parts before and after it."""

    rows: list[Row[Any]]
    newer: str | None
    older: str | None


def in_view(view: str, reader: Person) -> ColumnElement[bool]:
    """The condition of a standing view. Nothing that is in the trash is in any of them."""
    return and_(visible_tickets(reader), Ticket.trashed_at.is_(None), *_conditions(view, reader))


def _conditions(view: str, reader: Person) -> list[ColumnElement[bool]]:
    if view == "unassigned":
        return [Ticket.assignee_id.is_(None), Ticket.status.in_(ACTIVE)]
    if view == "mine":
        return [Ticket.assignee_id == reader.id, Ticket.status.in_(ACTIVE)]
    if view == "all":
        return []
    return [Ticket.status == view]


def counts(reader: Person) -> dict[str, int]:
    """How many tickets each view holds, in one query, each counted to COUNT_CAP at most."""
    parts = []
    for view in VIEWS:
        capped = select(Ticket.id).where(in_view(view, reader)).limit(COUNT_CAP).subquery()
        parts.append(select(literal(view), func.count()).select_from(capped))
    return {view: count for view, count in db.session.execute(union_all(*parts))}


def listing(view: str, reader: Person, *, sort: str = "activity", mark: str = "") -> Page:
    """One page of a view. `mark` is what an earlier page gave as its `newer` or `older`; a broken one starts over."""
    tickets = select(Ticket.id).where(in_view(view, reader))
    return _page(_columns(reader, Ticket.activity_at), [tickets], _SORTS[sort], mark)


def own(reader: Person, *, finished: bool, mark: str = "") -> Page:
    """The tickets somebody asked for or watches, newest public activity first."""
    states = FINISHED if finished else ACTIVE
    tickets = select(Ticket.id).where(visible_tickets(reader), Ticket.trashed_at.is_(None), Ticket.status.in_(states))
    asked_for = tickets.where(Ticket.requester_id == reader.id)
    watched = tickets.join(_Watching, _Watching.ticket_id == Ticket.id).where(_Watching.person_id == reader.id)
    return _page(_columns(reader, Ticket.public_activity_at), [asked_for, watched], _PUBLIC, mark)


def in_trash(reader: Person) -> list[Row[Any]]:
    """What is in the trash, last deleted first; the oldest go by themselves, so 500 are enough to show."""
    where = and_(visible_tickets(reader), Ticket.trashed_at.is_not(None))
    wanted = _columns(reader, Ticket.activity_at).where(where).order_by(Ticket.trashed_at.desc(), Ticket.id.desc())
    return list(db.session.execute(wanted.limit(500)))


def _columns(reader: Person, changed: Any) -> Select[Any]:
    """What a row of a list shows. `unread` means: something happened that this reader may see and has not."""
    return (
        select(
            Ticket.id,
            Ticket.subject,
            Ticket.status,
            Ticket.pending_reason,
            Ticket.priority,
            Ticket.created_at,
            Ticket.activity_at,
            Ticket.trashed_at,
            changed.label("changed_at"),
            Ticket.requester_id,
            _Requester.name.label("requester"),
            Ticket.assignee_id,
            _Assignee.name.label("assignee"),
            Category.name.label("category"),
            or_(ReadMark.seen_at.is_(None), ReadMark.seen_at < changed).label("unread"),
        )
        .join(_Requester, _Requester.id == Ticket.requester_id)
        .outerjoin(_Assignee, _Assignee.id == Ticket.assignee_id)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(ReadMark, and_(ReadMark.ticket_id == Ticket.id, ReadMark.person_id == reader.id))
    )


def other_tickets(ticket: Ticket) -> int:
    """How many more tickets the requester has, counted to COUNT_CAP at most."""
    others = select(Ticket.id).where(Ticket.requester_id == ticket.requester_id, Ticket.trashed_at.is_(None))
    capped = others.where(Ticket.id != ticket.id).limit(COUNT_CAP).subquery()
    return db.session.scalar(select(func.count()).select_from(capped)) or 0


@dataclass(frozen=True)
class _Sort:
    """Columns all sorted in one direction, ending in the id, so that one index serves and no row is met twice."""

    columns: tuple[Any, ...]
    names: tuple[str, ...]
    descending: bool


_SORTS = {
    "activity": _Sort((Ticket.activity_at, Ticket.id), ("activity_at", "id"), True),
    "age": _Sort((Ticket.created_at, Ticket.id), ("created_at", "id"), False),
    "priority": _Sort((Ticket.priority, Ticket.activity_at, Ticket.id), ("priority", "activity_at", "id"), True),
}
_PUBLIC = _Sort((Ticket.public_activity_at, Ticket.id), ("changed_at", "id"), True)


def _page(wanted: Select[Any], parts: list[Select[Any]], sort: _Sort, mark: str) -> Page:
    """The ids of the page are found first, each part by an index of its own; then its rows are joined to those few."""
    backwards, values = _read_mark(mark, sort)
    descending = sort.descending is not backwards
    order = [column.desc() if descending else column.asc() for column in sort.columns]
    beyond = [_beyond(sort.columns, values, descending)] if values else []
    firsts = [select(part.where(*beyond).order_by(*order).limit(PAGE + 1).subquery()) for part in parts]
    ids = (union(*firsts) if len(firsts) > 1 else firsts[0]).subquery()
    rows = list(db.session.execute(wanted.join(ids, ids.c.id == Ticket.id).order_by(*order).limit(PAGE + 1)))
    if values and not rows:
        return _page(wanted, parts, sort, "")
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if backwards:
        rows.reverse()
    if not rows:
        return Page(rows, None, None)
    has_newer, has_older = (more, True) if backwards else (bool(values), more)
    return Page(
        rows,
        _write_mark("newer", rows[0], sort) if has_newer else None,
        _write_mark("older", rows[-1], sort) if has_older else None,
    )


def _beyond(columns: tuple[Any, ...], values: list[Any], descending: bool) -> ColumnElement[bool]:
    """Rows after the one with these values, in expanded form with the first column's own bound in front."""

    def past(column: Any, value: Any) -> ColumnElement[bool]:
        return column < value if descending else column > value  # type: ignore[no-any-return]

    first = columns[0] <= values[0] if descending else columns[0] >= values[0]
    steps = [
        and_(*(columns[i] == values[i] for i in range(depth)), past(columns[depth], values[depth]))
        for depth in range(len(columns))
    ]
    return and_(first, or_(*steps))


def _write_mark(direction: str, row: Row[Any], sort: _Sort) -> str:
    values = [getattr(row, name) for name in sort.names]
    return "~".join([direction, *(v.isoformat() if isinstance(v, datetime) else str(v) for v in values)])


def _read_mark(mark: str, sort: _Sort) -> tuple[bool, list[Any]]:
    direction, *parts = mark.split("~")
    if direction not in ("newer", "older") or len(parts) != len(sort.names):
        return False, []
    try:
        values = [_moment(part) if name.endswith("_at") else int(part) for name, part in zip(sort.names, parts)]
    except (ValueError, OverflowError):
        return False, []
    ok = all(isinstance(value, datetime) or 0 <= value < 2**31 for value in values)
    return (direction == "newer", values) if ok else (False, [])


def _moment(text: str) -> datetime:
    """The moment in a mark, in UTC. Raises ValueError or OverflowError for one that no database would take."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise ValueError("not a moment that a mark can hold")
    return moment.astimezone(timezone.utc)


@dataclass(frozen=True)
class Day:
    """How many tickets came in and how many were finished on one day."""

    day: date
    came: int
    went: int


@dataclass(frozen=True)
class Figures:
    """What the dashboard shows. `waiting` is the active ticket whose requester has waited longest for an answer."""

    new: int
    unassigned: int
    mine: int
    oldest_new: Row[int, str, datetime] | None
    oldest_unassigned: Row[int, str, datetime] | None
    waiting: Row[int, str, datetime] | None
    days: list[Day]
    by_category: list[tuple[str | None, int]]
    by_priority: list[tuple[int, int]]


def figures(reader: Person, zone: ZoneInfo, at: datetime | None = None) -> Figures:
    at = at or store.now()
    numbers = counts(reader)
    return Figures(
        new=numbers["new"],
        unassigned=numbers["unassigned"],
        mine=numbers["mine"],
        oldest_new=_oldest(in_view("new", reader)),
        oldest_unassigned=_oldest(in_view("unassigned", reader)),
        waiting=_oldest(and_(visible_tickets(reader), _waits_for_us())),
        days=_days(reader, zone, at),
        by_category=_by_category(reader),
        by_priority=_by_priority(reader),
    )


def _waits_for_us() -> ColumnElement[bool]:
    """New or open: somebody waits for IT. What is pending waits for somebody else."""
    return and_(Ticket.trashed_at.is_(None), Ticket.status.in_(("new", "open")))


def _oldest(where: ColumnElement[bool]) -> Row[int, str, datetime] | None:
    wanted = select(Ticket.id, Ticket.subject, Ticket.created_at).where(where)
    return db.session.execute(wanted.order_by(Ticket.created_at, Ticket.id).limit(1)).first()


def _days(reader: Person, zone: ZoneInfo, at: datetime, length: int = 30) -> list[Day]:
    today = at.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(length - 1, -1, -1)]
    start = datetime.combine(days[0], datetime.min.time(), zone)
    came, went = _per_day(reader, Ticket.created_at, start, zone), _per_day(reader, Ticket.finished_at, start, zone)
    return [Day(day, came.get(day, 0), went.get(day, 0)) for day in days]


def _per_day(reader: Person, moment: Any, start: datetime, zone: ZoneInfo) -> dict[date, int]:
    where = and_(visible_tickets(reader), Ticket.trashed_at.is_(None), moment >= start)
    found: dict[date, int] = {}
    for when, count in db.session.execute(select(moment, func.count()).where(where).group_by(moment)):
        day = when.astimezone(zone).date()
        found[day] = found.get(day, 0) + count
    return found


def _by_category(reader: Person) -> list[tuple[str | None, int]]:
    counted = (
        select(Category.name, func.count())
        .select_from(Ticket)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .where(visible_tickets(reader), Ticket.trashed_at.is_(None), Ticket.status.in_(ACTIVE))
        .group_by(Category.name)
        .order_by(func.count().desc(), Category.name)
    )
    return [(name, count) for name, count in db.session.execute(counted)]


def _by_priority(reader: Person) -> list[tuple[int, int]]:
    counted = (
        select(Ticket.priority, func.count())
        .where(visible_tickets(reader), Ticket.trashed_at.is_(None), Ticket.status.in_(ACTIVE))
        .group_by(Ticket.priority)
        .order_by(Ticket.priority.desc())
    )
    return [(rank, count) for rank, count in db.session.execute(counted)]
