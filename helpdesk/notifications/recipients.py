"""Who is owed word of an event, and which mail tells them. Nobody is mailed about what they did themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from helpdesk.db.statements import Param, Prepared
from models import Event, Person, Ticket, Watcher


@dataclass(frozen=True)
class Recipient:
    """One mail for one person; `email` only where it goes to another address than theirs."""

    person: Person
    mail: str
    email: str | None = None


def recipients_of(event: Event, person: Person | None) -> list[Recipient]:
    """Each person once, none who is switched off, and not who did it (but for the receipt of an own ticket).

    A change of address alone owes two mails: one to the new address, one to the present one.
    """
    if event.ticket is not None:
        found = TICKET_MAILS.get(event.kind, _nobody)(event, event.ticket)
    elif person is not None and person.is_active:
        return _account(event, person)
    else:
        return []
    kept: dict[int, Recipient] = {}
    for one in found:
        if one.person.is_active and (one.person is not event.actor or one.mail in TO_ONESELF):
            kept.setdefault(one.person.id, one)
    return list(kept.values())


def _account(event: Event, person: Person) -> list[Recipient]:
    if event.kind == "address_asked":
        return [
            Recipient(person, "new_address", event.facts["email"]),
            Recipient(person, "address_asked", person.email),
        ]
    if event.kind == "admin_made":
        return [Recipient(person, "role_changed"), Recipient(person, "password_changed")]
    if event.kind == "address_changed":
        return [Recipient(person, "address_changed", event.facts["old"])]
    return [Recipient(person, ACCOUNT_MAILS[event.kind])] if event.kind in ACCOUNT_MAILS else []


def _nobody(event: Event, ticket: Ticket) -> list[Recipient]:
    return []


def _raised(event: Event, ticket: Ticket) -> list[Recipient]:
    return [Recipient(ticket.requester, "received"), *(Recipient(agent, "new_ticket") for agent in _eager_agents())]


def _replied(event: Event, ticket: Ticket) -> list[Recipient]:
    if event.actor is not ticket.requester and (event.actor is None or event.actor.is_agent):
        return _followers(ticket, "answer")
    # Besides the requester, those answer whose own ticket was merged into this one.
    agents = [ticket.assignee] if ticket.assignee else _eager_agents()
    return [Recipient(agent, "requester_reply") for agent in agents] + _followers(ticket, "requester_reply")


def _assigned(event: Event, ticket: Ticket) -> list[Recipient]:
    return [Recipient(ticket.assignee, "assigned")] if ticket.assignee else []


def _resolved(event: Event, ticket: Ticket) -> list[Recipient]:
    return _followers(ticket, "resolved")


def _closed(event: Event, ticket: Ticket) -> list[Recipient]:
    return _followers(ticket, "closed")


def _duplicate(event: Event, ticket: Ticket) -> list[Recipient]:
    return _followers(ticket, "duplicate")


def _merged(event: Event, ticket: Ticket) -> list[Recipient]:
    return [Recipient(ticket.requester, "merged")]


def _reopened(event: Event, ticket: Ticket) -> list[Recipient]:
    return [Recipient(ticket.assignee, "reopened")] if ticket.assignee else []


def _requester_changed(event: Event, ticket: Ticket) -> list[Recipient]:
    return [Recipient(ticket.requester, "received")]


def _followers(ticket: Ticket, mail: str) -> list[Recipient]:
    return [Recipient(ticket.requester, mail), *(Recipient(watcher, mail) for watcher in watchers(ticket))]


def is_news(event: Event, owed: Recipient) -> bool:
    """Whether it is told in the desk too, as something unread. A receipt, or a link asked for, is not."""
    return event.ticket is not None and not (owed.mail in TO_ONESELF and owed.person is event.actor)


def watchers(ticket: Ticket) -> list[Person]:
    return list(_watching().ask(ticket).scalars())


@cache
def _watching() -> Prepared:
    ticket = Param("ticket")
    watching = select(Person).join(Watcher, Watcher.person_id == Person.id).where(Watcher.ticket_id == ticket.id)
    return Prepared(watching.order_by(Person.folded_name, Person.id), ticket)


def _eager_agents() -> list[Person]:
    """Agents who asked to be told about every new ticket."""
    return list(_wanting_every_new().ask().scalars())


@cache
def _wanting_every_new() -> Prepared:
    """A list of roles after IN would be written into the query anew each time."""
    agents = select(Person).where(or_(Person.role == "agent", Person.role == "admin"))
    agents = agents.where(Person.switched_off_at.is_(None), Person.wants_every_new.is_(True))
    return Prepared(agents.order_by(Person.id))


TICKET_MAILS: dict[str, Callable[[Event, Ticket], list[Recipient]]] = {
    "raised": _raised,
    "raised_for": _raised,
    "replied": _replied,
    "assigned": _assigned,
    "resolved": _resolved,
    "closed": _closed,
    "closed_as_duplicate": _duplicate,
    "merged": _merged,
    "split_from": _raised,
    "reopened": _reopened,
    "requester_changed": _requester_changed,
}

ACCOUNT_MAILS = {
    "registered": "confirm",
    "confirm_asked": "confirm",
    "registered_again": "already_registered",
    "invited": "invitation",
    "reset_asked": "reset",
    "address_asked": "new_address",
    "address_changed": "address_changed",
    "password_set": "password_changed",
    "role_set": "role_changed",
}

# These answer an own act: the receipt of a ticket, and the links of one's own account.
TO_ONESELF = {"received", *ACCOUNT_MAILS.values()}

# What each mail is called in the mail log.
MAILS = {
    "received": _l("Ticket received"),
    "new_ticket": _l("New ticket"),
    "answer": _l("Answer"),
    "requester_reply": _l("Reply of the requester"),
    "assigned": _l("Assigned"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
    "duplicate": _l("Closed as a duplicate"),
    "merged": _l("Merged"),
    "reopened": _l("Opened again"),
    "confirm": _l("Confirm an address"),
    "already_registered": _l("There is an account already"),
    "reset": _l("New password"),
    "invitation": _l("Invitation"),
    "new_address": _l("Confirm a new address"),
    "address_asked": _l("Change of address asked for"),
    "password_changed": _l("Password changed"),
    "role_changed": _l("Role changed"),
    "address_changed": _l("Address changed"),
}
