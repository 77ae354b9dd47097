"""Finding people by what a query says of them: the beginning of any of their names, or their address.

Each of a person's names, with those that follow it, is a row of its own, so that an index finds its beginning.
Whoever writes a name or an address writes these rows with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, false, insert, select, true

from helpdesk.query import unquoted
from helpdesk.text import fold
from models import NameKey, Person, db

# No letter comes after it.
LAST = "\U0010ffff"


def of_name(folded_name: str) -> list[str]:
    """Such as robert bob smith, bob smith, smith. Without quotation marks, which no value of a query can hold."""
    names = unquoted(folded_name).split()
    return [" ".join(names[place:]) for place in range(len(names))]


def write(person: Person) -> None:
    """The keys of the person as they are called now. For a new one and after each change."""
    wanted = {(False, key) for key in of_name(person.folded_name)} | {(True, person.email)}
    kept = [row for row in person.keys if (row.is_address, row.key) in wanted]
    missing = wanted - {(row.is_address, row.key) for row in kept}
    person.keys = kept + [NameKey(is_address=is_address, key=key) for is_address, key in sorted(missing)]


def write_new(people: Iterable[tuple[int, str, str]]) -> None:
    """The same for many new people at once: id, folded name and address of each."""
    rows = [
        {"person_id": number, "is_address": is_address, "key": key}
        for number, folded_name, email in people
        for is_address, key in [(True, email), *((False, key) for key in dict.fromkeys(of_name(folded_name)))]
    ]
    if rows:
        db.session.execute(insert(NameKey), rows)


def named(value: str) -> Select[int]:
    """Ids of the people one of whose names begins so."""
    return select(NameKey.person_id).where(NameKey.is_address == false(), _begins(fold(value)))


def addressed(value: str) -> list[Select[int]]:
    """Ids of the people with this address, and of those with this before the @ of theirs. SQLite would not use its
    index for both in one.
    """
    folded = fold(value)
    theirs = select(NameKey.person_id).where(NameKey.is_address == true())
    return [theirs.where(NameKey.key == folded), theirs.where(_begins(f"{folded}@"))]


def is_named(value: str, person: Person) -> bool:
    """The same as `named` for one person in Python."""
    return any(key.startswith(fold(value)) for key in of_name(person.folded_name))


def is_addressed(value: str, person: Person) -> bool:
    return person.email == fold(value) or person.email.startswith(f"{fold(value)}@")


def _begins(folded: str) -> ColumnElement[bool]:
    return (NameKey.key >= folded) & (NameKey.key < folded + LAST)
