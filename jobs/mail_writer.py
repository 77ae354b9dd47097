"""Writes each kind of mail: its subject, its headers, its text and HTML from templates/mail/, its one-time link."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import current_app, render_template
from flask_babel import gettext as _, lazy_gettext as _l

from helpdesk.access import lookups, visibility
from helpdesk.accounts import one_time_links, people
from helpdesk.attachments import files
from helpdesk.choices import ROLES
from helpdesk.db import transactions
from helpdesk.notifications import deliveries
from integrations.mail import smtp
from models import Delivery, Event, Person, Ticket

# Mails that carry a one-time link: what the link is for, and the page it opens.
LINKS = {
    "confirm": ("confirm", "one_time_links.confirm"),
    "reset": ("reset", "one_time_links.reset"),
    "invitation": ("invitation", "one_time_links.invitation"),
    "new_address": ("address", "one_time_links.new_address"),
    "address_asked": ("stop_address", "one_time_links.stop_address"),
}
# Mails that go to the address noted at the time; every other goes to where the person is reached now.
TO_NOTED_ADDRESS = ("new_address", "address_asked", "address_changed")

# Mails about a ticket all have the ticket's own subject, so that mail programs show them as one conversation.
SUBJECTS = {
    "confirm": _l("Confirm your address"),
    "already_registered": _l("You have an account already"),
    "reset": _l("Set a new password"),
    "invitation": _l("You are invited"),
    "new_address": _l("Confirm your new address"),
    "address_asked": _l("Your address is about to change"),
    "address_changed": _l("Your address was changed"),
    "password_changed": _l("Your password was changed"),
    "role_changed": _l("Your role was changed"),
}


class NotNeeded(Exception):
    """What the mail was about is gone, or no longer for this person. The message says which."""


def write(number: int) -> smtp.Message:
    """Write the mail of a delivery. Raises NotNeeded where nothing is to be sent. Not for a running transaction.

    What the mail needs stored is written in a short transaction first, so that nobody waits while it is rendered.
    """
    delivery = _needed(number)
    link: dict[str, Any] = {}
    if delivery.mail in LINKS or _address_of(delivery) != delivery.email:
        with transactions.writing():
            # An act that ends such links waits for this one, or has been written down before.
            people.locked(delivery.person_id)
            delivery = _needed(number)
            delivery.email = _address_of(delivery)
            link = _link(delivery) if delivery.mail in LINKS else {}
    try:
        return _render(delivery, link)
    finally:
        # The connection goes back to the pool: sending may take minutes.
        transactions.rollback()


def _needed(number: int) -> Delivery:
    delivery = deliveries.get(number)
    if delivery is None:
        raise NotNeeded(_("The ticket was removed for good."))
    _refuse_not_needed(delivery, delivery.person, delivery.event)
    return delivery


def _address_of(delivery: Delivery) -> str:
    return delivery.email if delivery.mail in TO_NOTED_ADDRESS else delivery.person.email


def _render(delivery: Delivery, link: dict[str, Any]) -> smtp.Message:
    words = _words(delivery) | link
    template = f"mail/{'account' if delivery.event.ticket is None else 'ticket'}/{delivery.mail}"
    return smtp.message(
        subject=words["subject"],
        to=(words["name"], delivery.email),
        text=_tidy(render_template(f"{template}.txt", **words)),
        html=render_template(f"{template}.html", **words),
        message_id=f"<{delivery.message_id}@{_host()}>",
        headers=_headers(delivery.event.ticket),
    )


def _refuse_not_needed(delivery: Delivery, person: Person, event: Event) -> None:
    if not person.is_active:
        raise NotNeeded(_("%(name)s is switched off and gets no mail.", name=person.name))
    if event.ticket is not None:
        _refuse_hidden(event.ticket, person, event)
    elif delivery.mail in DONE and DONE[delivery.mail](delivery, person):
        raise NotNeeded(_("This was done, or asked for anew, before the mail could be sent."))


def _refuse_hidden(ticket: Ticket, person: Person, event: Event) -> None:
    """Internal notes owe nobody a mail; this says so once more where it would matter."""
    if ticket.trashed_at is not None:
        raise NotNeeded(_("The ticket is in the trash."))
    if not visibility.sees_ticket(person, ticket):
        raise NotNeeded(_("%(name)s does not see this ticket any more.", name=person.name))
    if event.message is not None and event.message.kind != "reply":
        raise NotNeeded(_("Internal notes are not mailed."))
    if event.message is not None and event.message.withdrawn_at is not None:
        raise NotNeeded(_("The reply was taken back."))


# Whether the link of an account mail has lost its purpose while the mail waited.
DONE = {
    "confirm": lambda delivery, person: person.confirmed_at is not None,
    "invitation": lambda delivery, person: person.password_hash is not None,
    "reset": lambda delivery, person: deliveries.outdated(delivery, "reset_asked", *one_time_links.REVOKING),
    "new_address": lambda delivery, person: _change_is_over(delivery) or people.by_address(delivery.email) is not None,
    "address_asked": lambda delivery, person: _change_is_over(delivery),
}


def _change_is_over(delivery: Delivery) -> bool:
    return deliveries.outdated(delivery, "address_asked", "address_stopped", *one_time_links.REVOKING)


def _is_named(delivery: Delivery) -> bool:
    """A mail that a stranger can send to any address has no word of theirs in it, and a name can be a message.

    The name is in it once somebody has confirmed the address, and where a colleague has caused the mail.
    """
    if delivery.mail == "new_address":
        return False
    event, person = delivery.event, delivery.person
    return event.ticket is not None or person.confirmed_at is not None or event.actor not in (None, person)


def _words(delivery: Delivery) -> dict[str, Any]:
    """What the templates may use."""
    person, event = delivery.person, delivery.event
    ticket = event.ticket
    return {
        "delivery": delivery,
        "person": person,
        "name": _one_line(person.name) if _is_named(delivery) else "",
        "role": ROLES[person.role],
        "event": event,
        "ticket": ticket,
        "other": _other(event, person),
        "files": files.names_with(ticket, event.message) if ticket else [],
        "who": event.actor.name if event.actor else _("The desk"),
        "desk": current_app.config["DESK_NAME"],
        "subject": str(SUBJECTS[delivery.mail]) if ticket is None else f"[#{ticket.id}] {_one_line(ticket.subject)}",
        "address": address,
        "moment": lambda at: _moment(at, person),
        "close_days": current_app.config["AUTO_CLOSE_DAYS"],
        "may_register": current_app.config["REGISTRATION"] != "invite",
    }


def _other(event: Event, person: Person) -> Ticket | None:
    """The second ticket that the event is about, where the reader of the mail may see it."""
    number = event.facts.get("number") if event.kind in ("merged", "closed_as_duplicate") else None
    return lookups.find_ticket(person, number, to_change=False) if number else None


def _link(delivery: Delivery) -> dict[str, Any]:
    """A link that works once. Only its hash is stored, so each time the mail is written it gets a new one."""
    purpose, page = LINKS[delivery.mail]
    at = transactions.now()
    token = one_time_links.make(delivery.person, purpose, email=delivery.email, at=at)
    return {"link": address(page, token=token), "until": _moment(at + one_time_links.LASTS[purpose], delivery.person)}


def address(page: str, **parts: Any) -> str:
    """The address of a page, from PUBLIC_URL and nothing else."""
    path = current_app.url_map.bind("").build(page, parts)
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _moment(at: datetime, person: Person) -> str:
    """ "3 Nov 2026, 14:05 (Europe/Berlin)" in the zone of whoever reads the mail."""
    zone = person.time_zone or current_app.config["DESK_TIMEZONE"]
    return f"{format_datetime(at.astimezone(ZoneInfo(zone)), 'd MMM y, HH:mm', locale='en')} ({zone})"


def _headers(ticket: Ticket | None) -> dict[str, str]:
    """Auto-Submitted keeps answering machines from answering (RFC 3834); the root keeps a ticket's mails together."""
    headers = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}
    if ticket is not None:
        root = f"<ticket-{ticket.id}@{_host()}>"
        headers |= {"In-Reply-To": root, "References": root}
    return headers


def _host() -> str:
    return str(current_app.config["MAIL_FROM"]).rpartition("@")[2]


def _one_line(text: str) -> str:
    """Nothing that anybody typed can begin a header of its own."""
    return " ".join(text.split())


def _tidy(text: str) -> str:
    """No more than one empty line in a row, however the template's blocks fell."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return "\n".join(line for above, line in zip(["", *lines], lines) if line or above) + "\n"
