"""record(): the one way to write down what happened and who is owed word of it."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from helpdesk.db.transactions import now, undo_window
from helpdesk.events.kinds import KINDS, UNDOABLE
from helpdesk.notifications import recipients
from helpdesk.search_index import indexer
from models import Delivery, Event, Message, Person, Ticket, db


def record(
    kind: str,
    *,
    by: Person | None,
    at: datetime | None = None,
    ticket: Ticket | None = None,
    message: Message | None = None,
    person: Person | None = None,
    mails: bool = True,
    public: bool = True,
    **facts: Any,
) -> Event:
    """Write one Event and one Delivery per message owed, in the transaction of the change.

    `by` is None when the desk itself acts; `mails=False` where another event of the same moment tells it;
    `public=False` hides from requesters what its kind would show them.
    Raises KeyError for an unknown kind and ValueError for facts that the kind does not declare (kinds.py):
    a mistake in our code, never in what somebody typed.
    """
    declared = KINDS[kind]
    if set(facts) != set(declared.facts):
        raise ValueError(f"{kind} declares the facts {declared.facts}, got {sorted(facts)}")
    at = at or now()
    event = Event(kind=kind, public=declared.public and public, facts=facts, at=at)
    event.ticket, event.message, event.actor = ticket, message, by
    event.person_id = person.id if person else None
    # What asks the database comes first: each question would make it write all that has been added so far.
    owed = recipients.recipients_of(event, person) if mails else []
    if ticket is not None:
        indexer.follow(kind, ticket, message)
        ticket.activity_at = at
        if event.public:
            ticket.public_activity_at = at
    db.session.add_all([event, *(_delivery(event, one) for one in owed)])
    _note_for_log(event)
    return event


def _note_for_log(event: Event) -> None:
    """Who did what to which ticket, written to the log once the change is committed. No words that anybody typed."""
    act = {"kind": event.kind, "ticket": event.ticket and event.ticket.id, "actor": event.actor and event.actor.id}
    db.session.info.setdefault("acts", []).append(act | {"person": event.person_id})


def _delivery(event: Event, owed: recipients.Recipient) -> Delivery:
    about = f"ticket-{event.ticket.id}" if event.ticket else "account"
    waits = event.actor is not None and event.kind in UNDOABLE
    return Delivery(
        event=event,
        person=owed.person,
        email=owed.email or owed.person.email,
        mail=owed.mail,
        message_id=f"{about}.{secrets.token_hex(12)}",
        due_at=event.at + (undo_window() if waits else timedelta()),
        created_at=event.at,
        seen_at=None if recipients.is_news(event, owed) else event.at,
    )
