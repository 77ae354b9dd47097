"""What could come next while somebody types a query: names of fields, and values they may know of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.accounts import name_keys, people
from helpdesk.choices import PRIORITIES, PRIORITY_RANKS, STATUSES
from helpdesk.query.language import IS, LONGEST, ME, MOMENTS, NOBODY, Known, quoted, slug, spoken, unquoted
from helpdesk.query.tokenizer import tokens
from helpdesk.search import filters
from helpdesk.text import clean, fold
from helpdesk.tickets import tags
from models import Person

MOST = 8

FIELD_HINTS = {
    "status": _l("New, open, pending, resolved, closed"),
    "assignee": _l("Who has it"),
    "category": _l("What it is about"),
    "priority": _l("Low to urgent"),
    "requester": _l("Who asked for it"),
    "created": _l("When it was raised"),
    "updated": _l("When something last happened"),
    "tag": _l("A tag it bears"),
    "imported": _l("The number of the import it came with"),
    "is": _l("Unassigned, active, finished"),
    "has": _l("What it holds"),
}
VALUE_HINTS: dict[str, dict[str, Any]] = {
    "status": dict(STATUSES),
    "priority": {name: PRIORITIES[rank] for name, rank in PRIORITY_RANKS.items()},
    "is": dict(zip(IS, (_l("Nobody has it"), _l("New, open or pending"), _l("Resolved or closed")))),
    "has": {"reply": _l("A reply"), "file": _l("A file"), "note": _l("An internal note")},
}
TIMES = {
    "today": _l("Today"),
    "yesterday": _l("Yesterday"),
    "<7d": _l("In the last 7 days"),
    "<30d": _l("In the last 30 days"),
    ">30d": _l("More than 30 days ago"),
}

# The last part of what is typed: a minus perhaps, then the beginning of a field, or a field and the last of its values.
_FIELD = re.compile(r"-?([A-Za-z]+)")
_VALUE = re.compile(r"-?([A-Za-z]{2,}):")
# The last value, open to its end.
_BEGUN = re.compile(r'"[^"]*|[^\s",]*')


@dataclass(frozen=True)
class Choice:
    """What could stand there, with a word about it, and the whole text once it is taken."""

    shown: str
    hint: str
    text: str


def complete(typed: str, known: Known, reader: Person) -> list[Choice]:
    """What could be meant by the end of what is typed so far; nothing inside a phrase."""
    typed = clean(f"{typed}.")[:-1]  # A blank at the end stays: it says that the last word is whole.
    if len(typed) > LONGEST:
        return []
    place = max((token.start for token in tokens(typed) if token.end == len(typed)), default=len(typed))
    if found := _VALUE.match(typed, place):
        start = _last_value(typed, found.end())
        if not _BEGUN.fullmatch(typed, start):
            return []
        name, begun = found[1].lower(), unquoted(typed[start:])
        values = _values(name, begun, known, reader) if name in known.fields else []
        return [Choice(quoted(value), hint, f"{typed[:start]}{quoted(value)} ") for value, hint in values[:MOST]]
    if found := _FIELD.fullmatch(typed, place):
        begun, before = found[1].lower(), typed[: found.start(1)]
        names = [name for name in known.fields if name.startswith(begun)]
        return [Choice(f"{name}:", str(FIELD_HINTS.get(name, "")), f"{before}{name}:") for name in names[:MOST]]
    return []


def _last_value(typed: str, place: int) -> int:
    """Where the last of the values begins that are parted by commas outside quotes."""
    start, inside = place, False
    for place, letter in enumerate(typed[place:], place + 1):
        inside ^= letter == '"'
        if letter == "," and not inside:
            start = place
    return start


def _values(name: str, begun: str, known: Known, reader: Person) -> list[tuple[str, str]]:
    hints = {value: str(hint) for value, hint in (TIMES if name in MOMENTS else VALUE_HINTS.get(name, {})).items()}
    if name in ("assignee", "requester"):
        return _people(name, begun, reader)
    if name == "tag":
        return [(unquoted(tag), "") for tag in tags.used(MOST, begun=begun)]
    offered = tuple(TIMES) if name in MOMENTS else known.fields[name] or ()
    fitting = [value for value in offered if fold(value).startswith(fold(slug(begun)))]
    return [(value, hint if (hint := hints.get(value, "")).lower() != value else "") for value in fitting]


def _people(name: str, begun: str, reader: Person) -> list[tuple[str, str]]:
    """Names for agents only: who works here is nothing that a requester may leaf through."""
    fixed = [(ME, reader.name)] + ([(NOBODY, "")] if name == "assignee" else [])
    named: list[Person] = []
    if reader.is_agent and name == "assignee":
        named = [person for person in people.agents() if name_keys.is_named(begun, person)]
    elif reader.is_agent and begun:
        named = filters.people_named(begun, MOST)
    fitting = [(value, hint) for value, hint in fixed if value.startswith(fold(begun))]
    return fitting + [(spoken(person.name), person.email) for person in named]
