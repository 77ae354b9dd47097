"""What a row of the agents' lists shows beside the ticket's subject and number, and who wants to see what."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from helpdesk.lists.saved_views import lock_person
from helpdesk.lists.sorting import SORTS
from models import Person

COLUMNS = {
    "requester": _l("Requester"),
    "category": _l("Category"),
    "tags": _l("Tags"),
    "status": _l("Status"),
    "assignee": _l("Assignee"),
    "created": _l("Raised"),
    "activity": _l("Last activity"),
    "priority": _l("Priority"),
}
# Stands in front of every choice, so that one of no further column is a choice too.
ALWAYS = "ticket"
USUAL = "usual"

Columns = tuple[str, ...]


def usual(sort: str) -> Columns:
    """What a list shows where nobody chose: of the two times the one that it is sorted by."""
    other = "activity" if "created_at" in SORTS[sort].names else "created"
    return tuple(name for name in COLUMNS if name != other)


def read(words: str | None, sort: str) -> Columns | None:
    """The columns named, each once and in our order; None where no word is known, which is no choice."""
    named = set((words or "").split(","))
    if USUAL in named:
        return usual(sort)
    return tuple(name for name in COLUMNS if name in named) if named & {ALWAYS, *COLUMNS} else None


def write(columns: Columns | None, sort: str) -> str | None:
    """As they stand in addresses and in the database. The usual ones are not listed, for they follow the sort."""
    if columns is None:
        return None
    return USUAL if columns == usual(sort) else ",".join([ALWAYS, *columns])


def saved_words(person: Person) -> str | None:
    return (person.views or {}).get("columns")


def keep(person: Person, words: str | None) -> None:
    """For all lists of this person."""
    lock_person(person)
    person.views = (person.views or {}) | {"columns": words}
