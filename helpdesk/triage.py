"""Lists of tickets: the standing views, their counts, the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from types import SimpleNamespace
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    and_,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from helpdesk.access import visible_tickets
from helpdesk.prepared import Kind, Place, Prepared, kind_of, reader_of
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

ACROSS = ("unassigned", "mine")
SORTS = {"activity": _l("Newest activity"), "age": _l("Oldest first"), "priority": _l("Highest priority")}

_Requester, _Assignee, _Watching = aliased(Person), aliased(Person), aliased(Watcher)


Rows = Sequence[Row[*tuple[Any, ...]]]


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


def counts(reader: Person, views: Iterable[str] = VIEWS) -> dict[str, int]:
    """How many tickets each view holds, in one query, each counted to COUNT_CAP at most."""
    return {row.view: row.number for row in _counting(kind_of(reader), (*views,), COUNT_CAP).ask(reader)}


@cache
def _counting(kind: Kind, views: tuple[str, ...], most: int) -> Prepared:
    reader, counted = reader_of(kind), []
    for view in views:
        capped = select(Ticket.id).where(in_view(view, reader)).limit(most).subquery()
        counted.append(select(literal(view).label("view"), func.count().label("number")).select_from(capped))
    return Prepared(union_all(*counted), reader)


def listing(view: str, reader: Person, *, sort: str = "activity", mark: str = "") -> Page:
    """One page of a view. `mark` is what an earlier page gave as its `newer` or `older`; a broken one starts over."""

    def ask(backwards: bool, values: list[Any]) -> Rows:
        query = _listing(kind_of(reader), view, sort, PAGE, backwards, bool(values))
        return query.ask(reader, SimpleNamespace(**dict(zip(_SORTS[sort].names, values)))).all()

    return _page(ask, _SORTS[sort], mark)


@cache
def _listing(kind: Kind, view: str, sort: str, most: int, backwards: bool, marked: bool) -> Prepared:
    reader, mark, by = reader_of(kind), Place("mark"), _SORTS[sort]
    values = [getattr(mark, name) for name in by.names] if marked else []
    wanted = _columns(reader, Ticket.activity_at)
    return Prepared(_query(wanted, parts(view, reader), by, most, backwards, values), reader, mark)


@dataclass(frozen=True)
class Part:
    """Some of a list's tickets, all found by one index. `fixed` are columns of it with one value for all of them.

    PostgreSQL does not see by itself that NULL is such a value, and would sort; MariaDB sorts if it is told.
    """

    ids: Select[Any]
    fixed: tuple[Any, ...] = ()

    def first(self, most: int, columns: tuple[Any, ...], *, descending: bool = False) -> Select[Any]:
        fixed = self.fixed if db.engine.dialect.name == "postgresql" else ()
        order = [column.desc() if descending else column.asc() for column in (*fixed, *columns)]
        return select(self.ids.order_by(*order).limit(most).subquery())


def parts(view: str, reader: Person) -> list[Part]:
    """The tickets of a view. Those of several statuses come in a part for each, since no index sorts across them."""
    tickets = select(Ticket.id).where(visible_tickets(reader), Ticket.trashed_at.is_(None))
    if view not in ACROSS:
        return [Part(tickets.where(*_conditions(view, reader)))]
    held = Ticket.assignee_id.is_(None) if view == "unassigned" else Ticket.assignee_id == reader.id
    return [
        Part(tickets.where(held, Ticket.status == status), (Ticket.assignee_id, Ticket.status)) for status in ACTIVE
    ]


def own(reader: Person, *, finished: bool, mark: str = "") -> Page:
    """The tickets somebody asked for or watches, newest public activity first."""
    states = FINISHED if finished else ACTIVE
    tickets = select(Ticket.id).where(visible_tickets(reader), Ticket.trashed_at.is_(None), Ticket.status.in_(states))
    asked_for = tickets.where(Ticket.requester_id == reader.id)
    watched = tickets.join(_Watching, _Watching.ticket_id == Ticket.id).where(_Watching.person_id == reader.id)
    wanted, some = _columns(reader, Ticket.public_activity_at), [Part(asked_for), Part(watched)]
    return _page(lambda *where: db.session.execute(_query(wanted, some, _PUBLIC, PAGE, *where)).all(), _PUBLIC, mark)


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


def other_tickets(ticket: Ticket) -> ScalarSelect[int]:
    """How many more tickets the requester has, counted to COUNT_CAP at most; for a query that asks for more."""
    others = select(Ticket.id).where(Ticket.requester_id == ticket.requester_id, Ticket.trashed_at.is_(None))
    capped = others.where(Ticket.id != ticket.id).limit(COUNT_CAP).subquery()
    return select(func.count()).select_from(capped).scalar_subquery()


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


def _query(
    wanted: Select[Any], parts: list[Part], sort: _Sort, most: int, backwards: bool, values: list[Any]
) -> Select[Any]:
    """The ids of the page are found first, each part by an index of its own; then its rows are joined to those few."""
    descending = sort.descending is not backwards
    order = [column.desc() if descending else column.asc() for column in sort.columns]
    beyond = [_beyond(sort.columns, values, descending)] if values else []
    beginnings = [Part(part.ids.where(*beyond), part.fixed) for part in parts]
    ids = together([part.first(most + 1, sort.columns, descending=descending) for part in beginnings])
    return wanted.join(ids, ids.c.id == Ticket.id).order_by(*order).limit(most + 1)


def _page(ask: Callable[[bool, list[Any]], Rows], sort: _Sort, mark: str) -> Page:
    """`ask` is told whether to go backwards, and from which values on; it gives one row more than the page holds."""
    backwards, values = _read_mark(mark, sort)
    rows = list(ask(backwards, values))
    if values and not rows:
        return _page(ask, sort, "")
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


def together(parts: list[Select[Any]]) -> Subquery:
    return (union(*parts) if len(parts) > 1 else parts[0]).subquery()


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
