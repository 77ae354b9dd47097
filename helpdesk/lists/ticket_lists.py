"""Lists of tickets: the standing views, their counts, the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from helpdesk.access.visibility import visible_tickets
from helpdesk.choices import ACTIVE, FINISHED
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.lists.sorting import PUBLIC, SORTS, Sort
from models import Category, Person, ReadMark, Tag, Ticket, TicketTag, Watcher, db
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Row,
    ScalarSelect,
    Select,
    Subquery,
    Table,
    and_,
    func,
    literal,
    null,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

PAGE = 50
COUNT_CAP = 1000

ACROSS = ("unassigned", "mine")


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


def counts(
    reader: Person, views: Iterable[str], more: Mapping[str, ColumnElement[bool]] | None = None
) -> dict[str, int]:
    """How many tickets each view holds, and each further condition, in one query, each to COUNT_CAP at most."""
    if not more:
        # Each agent has an order of their own; the query is built and kept once for all of them.
        asked = _counting(role_key(reader), tuple(sorted(views)), COUNT_CAP)
        return {row.view: row.number for row in asked.ask(reader)}
    wanted = {view: in_view(view, reader) for view in views} | dict(more)
    return {row.view: row.number for row in db.session.execute(_counted(wanted, COUNT_CAP))}


@cache
def _counting(kind: RoleKey, views: tuple[str, ...], most: int) -> Prepared:
    reader = reader_of(kind)
    return Prepared(_counted({view: in_view(view, reader) for view in views}, most), reader)


def _counted(wanted: Mapping[str, ColumnElement[bool]], most: int) -> CompoundSelect[Any]:
    parts = []
    for view, where in wanted.items():
        capped = select(Ticket.id).where(where).limit(most).subquery()
        parts.append(select(literal(view).label("view"), func.count().label("number")).select_from(capped))
    return union_all(*parts)


def listing(view: str, reader: Person, *, sort: str = "activity", cursor: str = "") -> Page:
    """One page of a view. `cursor` is what an earlier page gave as its `newer` or `older`; a broken one starts over."""

    def ask(backwards: bool, values: list[Any]) -> Rows:
        query = _listing(role_key(reader), view, sort, PAGE, backwards, bool(values))
        return query.ask(reader, SimpleNamespace(**dict(zip(SORTS[sort].names, values)))).all()

    return _page(ask, SORTS[sort], cursor)


@cache
def _listing(kind: RoleKey, view: str, sort: str, most: int, backwards: bool, marked: bool) -> Prepared:
    reader, cursor, by = reader_of(kind), Param("cursor"), SORTS[sort]
    values = [getattr(cursor, name) for name in by.names] if marked else []
    wanted = _columns(reader, Ticket.activity_at)
    return Prepared(_query(wanted, parts(view, reader), by, most, backwards, values), reader, cursor)


@dataclass(frozen=True)
class Part:
    """Some of a list's tickets. `fixed` are columns with one value for all of them, where an index begins with these
    and goes on in the order of the list.

    PostgreSQL does not see by itself that NULL is such a value, and would sort. MariaDB sorts if it is told; it wants
    to hear the index, since by its samples it now and then takes another one and sorts the whole view by hand.
    """

    ids: Select[Any]
    fixed: tuple[Any, ...] | None = None

    def first(self, most: int, columns: tuple[Any, ...], *, descending: bool = False) -> Select[Any]:
        ids, order = self.ids, columns
        if self.fixed is not None and db.engine.dialect.name == "mysql":
            ids = ids.with_hint(Ticket, f"FORCE INDEX ({_index_of((*self.fixed, *columns))})")
        elif self.fixed is not None and db.engine.dialect.name == "postgresql":
            order = (*self.fixed, *columns)
        ordered = ids.order_by(*(column.desc() if descending else column.asc() for column in order))
        return select(ordered.limit(most).subquery())


def _index_of(columns: tuple[Any, ...]) -> str:
    """The name of the tickets' index in the order of these columns, of which the id ends each index by itself."""
    names = [column.key for column in columns if column is not Ticket.id]
    indexes = cast(Table, Ticket.__table__).indexes
    return next(str(index.name) for index in indexes if index.columns.keys()[: len(names)] == names)


def parts(view: str, reader: Person) -> list[Part]:
    """The tickets of a view. Those of several statuses come in a part for each, since no index sorts across them."""
    tickets = select(Ticket.id).where(visible_tickets(reader), Ticket.trashed_at.is_(None))
    if view not in ACROSS:
        return [Part(tickets.where(*_conditions(view, reader)), () if view == "all" else (Ticket.status,))]
    held = Ticket.assignee_id.is_(None) if view == "unassigned" else Ticket.assignee_id == reader.id
    return [
        Part(tickets.where(held, Ticket.status == status), (Ticket.assignee_id, Ticket.status)) for status in ACTIVE
    ]


def own(reader: Person, *, finished: bool, cursor: str = "") -> Page:
    """The tickets somebody asked for or watches, newest public activity first."""

    def ask(backwards: bool, values: list[Any]) -> Rows:
        query = _own(role_key(reader), finished, PAGE, backwards, bool(values))
        return query.ask(reader, SimpleNamespace(**dict(zip(PUBLIC.names, values)))).all()

    return _page(ask, PUBLIC, cursor)


@cache
def _own(kind: RoleKey, finished: bool, most: int, backwards: bool, marked: bool) -> Prepared:
    reader, cursor, watching = reader_of(kind), Param("cursor"), aliased(Watcher)
    states = FINISHED if finished else ACTIVE
    tickets = select(Ticket.id).where(visible_tickets(reader), Ticket.trashed_at.is_(None), Ticket.status.in_(states))
    asked_for = tickets.where(Ticket.requester_id == reader.id)
    watched = tickets.join(watching, watching.ticket_id == Ticket.id).where(watching.person_id == reader.id)
    parts = [Part(asked_for, (Ticket.requester_id,)), Part(watched)]
    values = [getattr(cursor, name) for name in PUBLIC.names] if marked else []
    wanted = _columns(reader, Ticket.public_activity_at)
    return Prepared(_query(wanted, parts, PUBLIC, most, backwards, values), reader, cursor)


def found(where: ColumnElement[bool], reader: Person, *, sort: str = "activity", cursor: str = "") -> Page:
    """One page of what `where` holds for; whoever made that has seen to what the reader may see."""
    changed = Ticket.activity_at if reader.is_agent else Ticket.public_activity_at
    by = SORTS[sort] if reader.is_agent else PUBLIC
    return _asked(_columns(reader, changed), [Part(select(Ticket.id).where(where))], by, cursor)


def numbered(ids: list[int], reader: Person) -> Rows:
    """The rows of these tickets, in no order; whoever chose them has seen to what the reader may see."""
    return _numbered(role_key(reader)).ask(reader, SimpleNamespace(ids=ids)).all() if ids else []


@cache
def _numbered(kind: RoleKey) -> Prepared:
    reader, wanted = reader_of(kind), Param("wanted")
    changed = Ticket.activity_at if reader.is_agent else Ticket.public_activity_at
    return Prepared(_columns(reader, changed).where(Ticket.id.in_(wanted.ids)), reader, wanted)


def _asked(wanted: Select[Any], some: list[Part], sort: Sort, cursor: str) -> Page:
    return _page(lambda *where: db.session.execute(_query(wanted, some, sort, PAGE, *where)).all(), sort, cursor)


def in_trash(reader: Person) -> list[Row[Any]]:
    """What is in the trash, last deleted first; the oldest go by themselves, so 500 are enough to show."""
    where = and_(visible_tickets(reader), Ticket.trashed_at.is_not(None))
    wanted = _columns(reader, Ticket.activity_at).where(where).order_by(Ticket.trashed_at.desc(), Ticket.id.desc())
    return list(db.session.execute(wanted.limit(500)))


def _columns(reader: Person, changed: Any) -> Select[Any]:
    """What a row of a list shows. `unread` means: something happened that this reader may see and has not."""
    requester, assignee = aliased(Person), aliased(Person)
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
            requester.name.label("requester"),
            Ticket.assignee_id,
            assignee.name.label("assignee"),
            Category.name.label("category"),
            or_(ReadMark.seen_at.is_(None), ReadMark.seen_at < changed).label("unread"),
            (tags_of_row() if reader.is_agent else null()).label("tags"),
        )
        .join(requester, requester.id == Ticket.requester_id)
        .outerjoin(assignee, assignee.id == Ticket.assignee_id)
        .outerjoin(Category, Category.id == Ticket.category_id)
        .outerjoin(ReadMark, and_(ReadMark.ticket_id == Ticket.id, ReadMark.person_id == reader.id))
    )


def tags_of_row() -> Any:
    """The tags of a row's ticket, parted by commas, of which no tag has one."""
    names = select(func.aggregate_strings(Tag.name, ",")).join(TicketTag, TicketTag.tag_id == Tag.id)
    return names.where(TicketTag.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()


def other_tickets(ticket: Ticket) -> ScalarSelect[int]:
    """How many more tickets the requester has, counted to COUNT_CAP at most; for a query that asks for more."""
    others = select(Ticket.id).where(Ticket.requester_id == ticket.requester_id, Ticket.trashed_at.is_(None))
    capped = others.where(Ticket.id != ticket.id).limit(COUNT_CAP).subquery()
    return select(func.count()).select_from(capped).scalar_subquery()


def _query(
    wanted: Select[Any], parts: list[Part], sort: Sort, most: int, backwards: bool, values: list[Any]
) -> Select[Any]:
    """The ids of the page are found first, each part by an index of its own; then its rows are joined to those few."""
    descending = sort.descending is not backwards
    beyond = [sort.beyond(values, descending)] if values else []
    beginnings = [replace(part, ids=part.ids.where(*beyond)) for part in parts]
    ids = together([part.first(most + 1, sort.columns, descending=descending) for part in beginnings])
    return wanted.join(ids, ids.c.id == Ticket.id).order_by(*sort.order(descending)).limit(most + 1)


def _page(ask: Callable[[bool, list[Any]], Rows], sort: Sort, cursor: str) -> Page:
    """`ask` is told whether to go backwards, and from which values on; it gives one row more than the page holds."""
    backwards, values = sort.read(cursor)
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
        sort.cursor("newer", rows[0]) if has_newer else None,
        sort.cursor("older", rows[-1]) if has_older else None,
    )


def together(parts: list[Select[Any]]) -> Subquery:
    return (union(*parts) if len(parts) > 1 else parts[0]).subquery()
