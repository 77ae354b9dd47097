"""Queries that every page asks, built once: what differs from one time to the next has a place in them.

Building a query in Python takes longer than the database needs to answer it.

SQLAlchemy fills in parts of a query (columns of aliases and subqueries) when they are first used, and does not lock
that: two threads that use a new query at once can leave it broken for good. So no module builds a query, a part of one
or an alias when it is imported, and a query that threads share is compiled by the thread that builds it.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ClauseElement, Executable, Result, bindparam, column
from sqlalchemy.orm import configure_mappers

from models import Person, db


def complete_tables() -> None:
    """The same for the tables and their classes: by the one thread that makes the desk."""
    configure_mappers()
    for table in db.metadata.tables.values():
        table.corresponding_column(column("asked once"))


class Param:
    """Stands for a row while a query is built: each column it is asked for is filled in later. `known` are fixed."""

    def __init__(self, name: str, **known: Any) -> None:
        self._name, self._asked = name, set[str]()
        self.__dict__.update(known)

    def __getattr__(self, column: str) -> Any:
        self._asked.add(column)
        return bindparam(f"{self._name}_{column}")

    def filled(self, row: Any) -> dict[str, Any]:
        return {f"{self._name}_{column}": getattr(row, column) for column in self._asked}


# What a rule asks of a person besides the id. A query is built for each combination of them.
RoleKey = tuple[str, bool]


def role_key(person: Person) -> RoleKey:
    return person.role, person.is_active


def reader_of(kind: RoleKey) -> Any:
    """A place for whoever reads, of whom only the kind is known."""
    role, is_active = kind
    return Param("reader", role=role, is_active=is_active, is_agent=role != "user", is_admin=role == "admin")


class Prepared:
    """A query with its places; `ask` takes a row for each of them. It is complete before another thread has it."""

    def __init__(self, query: Executable, *places: Param) -> None:
        self.query, self.places = query, places
        cast(ClauseElement, query).compile(db.engine)

    def ask(self, *rows: Any) -> Result[Any]:
        values: dict[str, Any] = {}
        for place, row in zip(self.places, rows, strict=True):
            values |= place.filled(row)
        return db.session.execute(self.query, values)
