"""Finding people by what a query says of them: the beginning of any of their names, or their address.

Each of a person's names, with those that follow it, is a row of its own, so that an index finds its beginning. Names
and addresses are folded, as the values of a query are.
Whoever writes a name or an address writes these rows with it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Select, false, insert, or_, select, true

from helpdesk.query.language import unquoted
from helpdesk.text import fold, fold_german
from models import NameKey, Person, db

# No letter comes after it.
LAST = "\U0010ffff"
LONGEST = 250


def of_name(name: str) -> list[str]:
    """Such as robert bob smith, bob smith, smith; of Jürgen Müller also juergen mueller and mueller. Without quotation
    marks, which no value of a query can hold.
    """
    spellings = dict.fromkeys(unquoted(folded[:LONGEST]) for folded in spellings_of(name))
    tails = (names[place:] for names in map(str.split, spellings) for place in range(len(names)))
    return list(dict.fromkeys(" ".join(tail) for tail in tails))


def spellings_of(text: str) -> tuple[str, str]:
    """Folded with a, o, u and with ae, oe, ue for ä, ö, ü."""
    return fold(text), fold_german(text)


def write(person: Person) -> None:
    """The keys of the person as they are called now. For a new one and after each change."""
    wanted = {(False, key) for key in of_name(person.name)} | {(True, fold(person.email))}
    kept = [row for row in person.keys if (row.is_address, row.key) in wanted]
    missing = wanted - {(row.is_address, row.key) for row in kept}
    person.keys = kept + [NameKey(is_address=is_address, key=key) for is_address, key in sorted(missing)]


def write_new(people: Iterable[tuple[int, str, str]]) -> None:
    """The same for many new people at once: id, name and address of each."""
    rows = [
        {"person_id": number, "is_address": is_address, "key": key}
        for number, name, email in people
        for is_address, key in [(True, fold(email)), *((False, key) for key in of_name(name))]
    ]
    if rows:
        db.session.execute(insert(NameKey), rows)


def named(value: str) -> Select[int]:
    """Ids of the people one of whose names begins so."""
    begun = or_(*map(_begins, dict.fromkeys(spellings_of(value))))
    return select(NameKey.person_id).where(NameKey.is_address == false(), begun).distinct()


def addressed(value: str) -> list[Select[int]]:
    """Ids of the people with this address, and of those with this before the @ of theirs. SQLite would not use its
    index for both in one.
    """
    folded = fold(value)
    theirs = select(NameKey.person_id).where(NameKey.is_address == true())
    return [theirs.where(NameKey.key == folded), theirs.where(_begins(f"{folded}@"))]


def is_named(value: str, person: Person) -> bool:
    """The same as `named` for one person in Python."""
    return any(key.startswith(spellings_of(value)) for key in of_name(person.name))


def is_addressed(value: str, person: Person) -> bool:
    address, wanted = fold(person.email), fold(value)
    return address == wanted or address.startswith(f"{wanted}@")


def _begins(folded: str) -> ColumnElement[bool]:
    return (NameKey.key >= folded) & (NameKey.key < folded + LAST)
