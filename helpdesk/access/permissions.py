"""What a route may ask of whoever opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from helpdesk.access.visibility import can_reply, owns_view, sees_ticket
from models import Person

Answer = Callable[[Person | None, dict[str, Any]], bool]


# What a route may ask of whoever opens it. `things` holds what the door has found for the address.
def ANYONE(person: Person | None, things: dict[str, Any]) -> bool:
    return True


def SIGNED_IN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None


def SEES_TICKET(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and sees_ticket(person, things["ticket"])


def CAN_REPLY(person: Person | None, things: dict[str, Any]) -> bool:
    """Who may answer. A watcher is kept informed and no more."""
    return person is not None and can_reply(person, things["ticket"])


def REQUESTER_OR_AGENT(person: Person | None, things: dict[str, Any]) -> bool:
    """The requester and every agent."""
    return person is not None and (person.is_agent or things["ticket"].requester_id == person.id)


def AGENT(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_agent


def WROTE_MESSAGE(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and things["message"].author_id == person.id


def OWNS_VIEW(person: Person | None, things: dict[str, Any]) -> bool:
    return AGENT(person, things) and person is not None and owns_view(person, things["view"])


def ADMIN(person: Person | None, things: dict[str, Any]) -> bool:
    return person is not None and person.is_admin


@dataclass(frozen=True)
class TOKEN:
    """A program with an API token that has this scope, for the token's person. No browser is taken."""

    scope: str

    def __call__(self, person: Person | None, things: dict[str, Any]) -> bool:
        return person is not None


@dataclass(frozen=True)
class HOOK:
    """Another server, known by the signature of its requests. There is no person."""

    name: str

    def __call__(self, person: Person | None, things: dict[str, Any]) -> bool:
        return person is None


# Those that take a browser, by its session.
ALL = (ANYONE, SIGNED_IN, SEES_TICKET, CAN_REPLY, REQUESTER_OR_AGENT, AGENT, WROTE_MESSAGE, OWNS_VIEW, ADMIN)


def is_named(answer: object) -> bool:
    """Whether it is a permission of this file."""
    return answer in ALL or isinstance(answer, (TOKEN, HOOK))
