"""Searching tickets: the best hits of a query in their order, and the condition that puts a query into a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from helpdesk.access import visibility
from helpdesk.lists import ticket_lists
from helpdesk.query import language
from helpdesk.query.language import Known, Query
from helpdesk.search import filters, full_text
from helpdesk.search.filters import SearchContext
from helpdesk.search_index.normalize import Term, together
from helpdesk.tickets import categories
from models import Person, Ticket, db

PAGE = 20
# Of the fields whose values may have to be looked up, those values that need not.
_PLAIN = {"assignee": (language.ME, language.NOBODY), "requester": (language.ME,), "tag": (), "has": ("reply", "note")}


@dataclass(frozen=True)
class Results:
    """One page of what was found. `total` counts to hits.MOST; `all`: nothing that fits was left aside."""

    rows: Sequence[Row[Any]]
    total: int
    all: bool
    page: int

    @property
    def more(self) -> bool:
        return self.page * PAGE < self.total


def known_to(person: Person) -> Known:
    """What this person may say in a query."""
    return language.known_to(agent=person.is_agent, categories=[category.name for category in categories.every()])


def run(wanted: Query, asker: SearchContext, page: int = 1) -> Results:
    """One page of the hits, best first; without words the newest activity first. A ticket named by its number leads."""
    if not wanted.terms:
        return _newest(wanted, asker, page)
    found = full_text.find(wanted, asker)
    ids = ranked(found.rows, wanted.terms)
    if number := _numbered(wanted, asker.person):
        ids = [number, *(other for other in ids if other != number)]
    return Results(_rows(ids[(page - 1) * PAGE : page * PAGE], asker.person), len(ids), found.all, page)


def _numbered(wanted: Query, reader: Person) -> int | None:
    """The ticket whose number was typed, where the reader may see it: in the trash too, for those who work there."""
    if wanted.number is None:
        return None
    return db.session.scalar(select(Ticket.id).where(Ticket.id == wanted.number, visibility.visible_tickets(reader)))


def _newest(wanted: Query, asker: SearchContext, page: int) -> Results:
    where = filters.where(wanted.filters, asker)
    changed = Ticket.activity_at if asker.person.is_agent else Ticket.public_activity_at
    inside = select(Ticket.id).where(where).order_by(changed.desc(), Ticket.id.desc())
    ids = list(db.session.scalars(inside.limit(PAGE).offset((page - 1) * PAGE)))
    total = count(where)
    return Results(_rows(ids, asker.person), total, total < full_text.MOST, page)


def _rows(ids: list[int], reader: Person) -> list[Row[Any]]:
    """The rows of these tickets, in this order."""
    rows = {row.id: row for row in ticket_lists.numbered(ids, reader)}
    return [rows[number] for number in ids if number in rows]


def count(where: ColumnElement[bool]) -> int:
    """How many tickets, counted to hits.MOST at most."""
    capped = select(Ticket.id).where(where).limit(full_text.MOST).subquery()
    return db.session.scalar(select(func.count()).select_from(capped)) or 0


def where(wanted: Query, asker: SearchContext) -> tuple[ColumnElement[bool], bool]:
    """The query as a condition for a list in any order, and whether it lets all that fits through."""
    if not wanted.terms:
        return filters.where(wanted.filters, asker), True
    found = full_text.find(wanted, asker)
    ids = [row.id for row in found.rows] + ([wanted.number] if wanted.number else [])
    return filters.numbered(ids) & filters.where((), asker), found.all


def is_plain(wanted: Query) -> bool:
    """Whether `where` asks the database nothing for it: no words, and nothing but categories that is found by a name.

    As long as the asker knows the categories.
    """
    looked_up = (
        value not in _PLAIN[one.field] for one in wanted.filters if one.field in _PLAIN for value in one.values
    )
    return not wanted.terms and not any(looked_up)


def ranked(rows: Sequence[Row[int, str, int]], terms: list[Term]) -> list[int]:
    """Ids: first those with more of the words in their subject, whole words before begun ones; of these the ones that
    say little else (in steps of doubling); of these the newest.
    """
    wanted = [
        [(f" {' '.join(spelling.words)}", spelling.begun) for spelling in term.spellings]
        for term in together(terms)
        if not term.without
    ]

    def worth(subject: str) -> int:
        return sum(
            max(2 if f"{words} " in subject else 1 if begun and words in subject else 0 for words, begun in spellings)
            for spellings in wanted
        )

    return [row.id for row in sorted(rows, key=lambda row: (-worth(row.subject), row.length.bit_length(), -row.id))]
