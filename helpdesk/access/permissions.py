"""What a route may ask of whoever opens it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpdesk.access.visibility import keeps_view, sees_ticket, takes_part
from models import Person

Answer = Callable[[Person | None, dict[str, Any]], bool]


# What a route may ask of whoever opens it. `things` holds what the door has found for the address.
def ANYONE(person: Person | None, things: dict[str, Any]) -> bool:
    return True


def SIGNED_IN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None


def SEES_TICKET(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and sees_ticket(person, things["ticket"])


def TAKES_PART(person: Person | None, things: dict[str, Any]) -> bool:
    """Who may answer. A watcher is kept informed and no more."""
    return person is not None and takes_part(person, things["ticket"])


def ASKED(person: Person | None, things: dict[str, Any]) -> bool:
    """The requester and every agent."""
    return person is not None and (person.is_agent or things["ticket"].requester_id == person.id)


def AGENT(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_agent


def WROTE_MESSAGE(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and things["message"].author_id == person.id


def KEEPS_VIEW(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and keeps_view(person, things["view"])


def ADMIN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_admin


ALL = (ANYONE, SIGNED_IN, SEES_TICKET, TAKES_PART, ASKED, AGENT, WROTE_MESSAGE, KEEPS_VIEW, ADMIN)
