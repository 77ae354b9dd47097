"""What can be chosen beside a list of tickets: agents, categories, saved views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Row, Select, String, literal, or_, select, union_all

from helpdesk.db.statements import Prepared, RoleKey, reader_of, role_key
from helpdesk.lists import saved_views
from models import Category, Person

Found = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Named:
    """A person or a category, as far as a page names it."""

    id: int
    name: str


@dataclass(frozen=True)
class Choices:
    """What can be chosen beside a list of tickets. `filed` are all categories ever, also those no longer offered."""

    agents: tuple[Named, ...]
    categories: tuple[Named, ...]
    filed: tuple[Named, ...]
    views: tuple[tuple[int, str, int, str], ...]


def choices(reader: Person, *, whole: bool = True) -> Choices:
    """One query, as for `look`. Where it need not be `whole`: only what a query or a view may name."""
    found = parted(_choices(role_key(reader), whole).ask(reader))
    return Choices(
        agents=named(found, "agent"),
        categories=named(found, "category"),
        filed=named(found, "filed"),
        views=tuple((row.id, row.name, row.place, row.folded) for row in found.get("view", [])),
    )


@cache
def _choices(kind: RoleKey, whole: bool) -> Prepared:
    reader = reader_of(kind)
    every = part("filed", select(Category.id, Category.name, Category.position))
    parts = [every, part("view", saved_views.of(reader))]
    return Prepared(union_all(*parts, *([agents(), categories()] if whole else [])), reader)


def parted(rows: Iterable[Row[Any]]) -> dict[str, list[Row[Any]]]:
    """The rows of each part in their order."""
    found: dict[str, list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.place, row.folded, row.id)):
        found.setdefault(row.part, []).append(row)
    return found


def named(found: dict[str, list[Row[Any]]], part: str) -> tuple[Named, ...]:
    return tuple(Named(row.id, row.name) for row in found.get(part, []))


def part(name: str, wanted: Found) -> Found:
    """Brings a query of id, name, place and folded name, or the first of these, into the shape all parts share."""
    inner = wanted.subquery()
    id, *more = inner.c
    empty = (literal("", String), literal(0, Integer), literal("", String))
    rest = [*more, *empty[len(more) :]]
    columns = [column.label(label) for column, label in zip([id, *rest], ("id", "name", "place", "folded"))]
    return select(literal(name).label("part"), *columns)


def people(wanted: Found) -> Found:
    return wanted.with_only_columns(Person.id, Person.name, literal(0, Integer), Person.folded_name)


def agents() -> Found:
    """A list of roles after IN would be written into the query anew each time."""
    able = or_(Person.role == "agent", Person.role == "admin") & Person.switched_off_at.is_(None)
    return part("agent", people(select(Person).where(able)))


def categories() -> Found:
    wanted = select(Category.id, Category.name, Category.position).where(Category.retired_at.is_(None))
    return part("category", wanted)
