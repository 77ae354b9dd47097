"""What stands beside a list of tickets for agents: the tags of its rows, and what the bar for many tickets offers."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import literal, select, union_all

from helpdesk.text import fold
from models import Category, Person, Tag, TicketTag, db

Choice = tuple[str, str]


@dataclass
class Beside:
    """`agents` and `categories` as pairs of number and name, in the order in which they are offered."""

    tags: dict[int, list[str]] = field(default_factory=dict)
    agents: list[Choice] = field(default_factory=list)
    categories: list[Choice] = field(default_factory=list)


def beside(numbers: list[int]) -> Beside:
    """All of it in one query: a list of tickets asks the database three times and no more."""
    found, placed = Beside(), []
    agents = Person.role.in_(("agent", "admin")), Person.switched_off_at.is_(None)
    tagged = select(literal("tag"), TicketTag.ticket_id, Tag.name, literal(0)).join(Tag, Tag.id == TicketTag.tag_id)
    parts = [
        select(literal("agent"), Person.id, Person.name, literal(0)).where(*agents),
        select(literal("category"), Category.id, Category.name, Category.position).where(Category.retired_at.is_(None)),
        *([tagged.where(TicketTag.ticket_id.in_(numbers))] if numbers else []),
    ]
    for kind, number, name, place in db.session.execute(union_all(*parts)):
        placed.append((place, fold(name), number, kind, name))
    for _place, _folded, number, kind, name in sorted(placed):
        if kind == "tag":
            found.tags.setdefault(number, []).append(name)
        else:
            (found.agents if kind == "agent" else found.categories).append((str(number), name))
    return found
