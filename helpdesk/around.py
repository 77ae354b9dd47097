"""What stands around a ticket or a list, in one look: who could have it, who watches it, who is there, its tags."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Row, Select, String, and_, literal, or_, select, union_all

from helpdesk import access, presence, related, saved_views, triage
from helpdesk.edits import by_agents
from helpdesk.prepared import Kind, Place, Prepared, kind_of, reader_of
from models import Category, Delivery, Event, Person, ReadMark, Tag, Ticket, TicketTag, Watcher

Found = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Named:
    """A person or a category, as far as a page names it."""

    id: int
    name: str


@dataclass(frozen=True)
class Around:
    """`others` are further tickets of the requester, counted to a cap. `unread` says that something here is news to
    the reader, `read` that they have seen the ticket as it is. `touched`: see helpdesk/edits.py. `merged` are the
    numbers of tickets that were merged into it; its `tags` and `links` are for agents.
    """

    agents: tuple[Named, ...]
    categories: tuple[Named, ...]
    watchers: tuple[Named, ...]
    present: list[str]
    tags: tuple[str, ...]
    links: tuple[related.Link, ...]
    merged: list[int]
    others: int
    follows: int | None
    touched: bool
    unread: bool
    read: bool


@dataclass(frozen=True)
class Choices:
    """What can be chosen beside a list of tickets. `filed` are all categories ever, also those no longer offered."""

    agents: tuple[Named, ...]
    categories: tuple[Named, ...]
    filed: tuple[Named, ...]
    views: tuple[tuple[int, str, int, str], ...]


def choices(reader: Person, *, whole: bool = True) -> Choices:
    """One query, as for `look`. Where it need not be `whole`: only what a query or a view may name."""
    found = _parted(_choices(kind_of(reader), whole).ask(reader))
    return Choices(
        agents=_named(found, "agent"),
        categories=_named(found, "category"),
        filed=_named(found, "filed"),
        views=tuple((row.id, row.name, row.place, row.folded) for row in found.get("view", [])),
    )


def look(ticket: Ticket, reader: Person, at: datetime | None = None) -> Around:
    """One query, of one row for each thing found."""
    found = _parted(_query(kind_of(reader)).ask(ticket, reader, Clock(presence.since(at))))
    return Around(
        agents=_named(found, "agent"),
        categories=_named(found, "category"),
        watchers=_named(found, "watcher"),
        present=presence.sentences([(row.name, row.place < 0) for row in found.get("present", [])]),
        tags=tuple(row.name for row in found.get("tag", [])),
        links=related.told([(row.id, row.name, row.folded) for row in found.get("link", [])]),
        merged=[row.id for row in found.get("merged", [])],
        others=found["others"][0].place if "others" in found else 0,
        follows=ticket.follows_id if "follows" in found else None,
        touched="touched" in found,
        unread="unread" in found,
        read="read" in found,
    )


@dataclass(frozen=True)
class Clock:
    since: datetime


@cache
def _query(kind: Kind) -> Prepared:
    ticket: Any = Place("ticket")
    reader, clock = reader_of(kind), Place("clock")
    parts = [_watchers(ticket), _follows(ticket, reader), _unread(ticket, reader), _read(ticket, reader)]
    parts.append(_part("merged", select(Ticket.id).where(Ticket.merged_into_id == ticket.id)))
    if reader.is_agent:
        there = presence.others(ticket, reader, clock.since)
        parts += [_agents(), _categories(), _others(ticket), _part("present", there), _tags(ticket)]
        parts += [_part("link", one) for one in related.of(ticket, reader)]
    else:
        parts.append(_touched(ticket))
    return Prepared(union_all(*parts), ticket, reader, clock)


@cache
def _choices(kind: Kind, whole: bool) -> Prepared:
    reader = reader_of(kind)
    every = _part("filed", select(Category.id, Category.name, Category.position))
    parts = [every, _part("view", saved_views.of(reader))]
    return Prepared(union_all(*parts, *([_agents(), _categories()] if whole else [])), reader)


def _parted(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    """The rows of each part in their order."""
    found: dict[str, list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.place, row.folded, row.id)):
        found.setdefault(row.part, []).append(row)
    return found


def _named(found: dict[str, list[Row[Any]]], part: str) -> tuple[Named, ...]:
    return tuple(Named(row.id, row.name) for row in found.get(part, []))


def _part(name: str, wanted: Found) -> Found:
    """Brings a query of id, name, place and folded name, or the first of these, into the shape all parts share."""
    inner = wanted.subquery()
    id, *more = inner.c
    empty = (literal("", String), literal(0, Integer), literal("", String))
    rest = [*more, *empty[len(more) :]]
    columns = [column.label(label) for column, label in zip([id, *rest], ("id", "name", "place", "folded"))]
    return select(literal(name).label("part"), *columns)


def _people(wanted: Found) -> Found:
    return wanted.with_only_columns(Person.id, Person.name, literal(0, Integer), Person.folded_name)


def _watchers(ticket: Ticket) -> Found:
    wanted = select(Person).join(Watcher, Watcher.person_id == Person.id)
    return _part("watcher", _people(wanted.where(Watcher.ticket_id == ticket.id)))


def _agents() -> Found:
    """A list of roles after IN would be written into the query anew each time."""
    able = or_(Person.role == "agent", Person.role == "admin") & Person.switched_off_at.is_(None)
    return _part("agent", _people(select(Person).where(able)))


def _categories() -> Found:
    wanted = select(Category.id, Category.name, Category.position).where(Category.retired_at.is_(None))
    return _part("category", wanted)


def _tags(ticket: Ticket) -> Found:
    wanted = select(Tag.id, Tag.name, literal(0, Integer), Tag.folded).join(TicketTag, TicketTag.tag_id == Tag.id)
    return _part("tag", wanted.where(TicketTag.ticket_id == ticket.id))


def _others(ticket: Ticket) -> Found:
    return _part("others", select(literal(0, Integer), literal("", String), triage.other_tickets(ticket)))


def _follows(ticket: Ticket, reader: Person) -> Found:
    return _part("follows", select(Ticket.id).where(Ticket.id == ticket.follows_id, access.visible_tickets(reader)))


def _touched(ticket: Ticket) -> Found:
    return _part("touched", by_agents(ticket).limit(1))


def _unread(ticket: Ticket, reader: Person) -> Found:
    owed = select(Delivery.id).join(Event, Event.id == Delivery.event_id)
    mine = Delivery.person_id == reader.id, Delivery.seen_at.is_(None), Event.ticket_id == ticket.id
    return _part("unread", owed.where(*mine).limit(1))


def _read(ticket: Ticket, reader: Person) -> Found:
    until = ticket.activity_at if reader.is_agent else ticket.public_activity_at
    mine = and_(ReadMark.person_id == reader.id, ReadMark.ticket_id == ticket.id, ReadMark.seen_at >= until)
    return _part("read", select(ReadMark.ticket_id).where(mine))
