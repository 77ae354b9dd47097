"""Links that work once: confirm an address, set a password, accept an invitation, stop a change of address."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from helpdesk.accounts.sessions import digest
from helpdesk.db import transactions
from models import OneTimeLink, Person, db

LASTS = {
    "confirm": timedelta(hours=24),
    "reset": timedelta(minutes=60),
    "invitation": timedelta(days=7),
    "address": timedelta(hours=24),
    # Longer than the link that it stops: that one may be written days later, when its mail server answers again.
    "stop_address": timedelta(days=7),
}

# The links that somebody who should no longer be in might have asked for. An invitation belongs to the invited.
REVOCABLE = ("reset", "address", "stop_address")
# The events that end such links. A mail that still waits with one of them is not sent after such an event.
REVOKING = (
    "password_set",
    "admin_made",
    "first_admin_made",
    "role_set",
    "switched_off",
    "signed_out_everywhere",
    "address_changed",
)


def make(person: Person, purpose: str, *, email: str | None = None, at: datetime | None = None) -> str:
    """A new link's secret. The row keeps only its hash and the address it was made for."""
    at = at or transactions.now()
    token = secrets.token_urlsafe(32)
    link = OneTimeLink(purpose=purpose, token_hash=digest(token), email=email or person.email)
    link.person, link.created_at, link.expires_at = person, at, at + LASTS[purpose]
    db.session.add(link)
    return token


def find(token: str, purpose: str, at: datetime | None = None) -> OneTimeLink | None:
    """The link, if it is for this purpose, unused and not too old. Locked until the transaction ends."""
    wanted = select(OneTimeLink).where(OneTimeLink.token_hash == digest(token), OneTimeLink.purpose == purpose)
    link = db.session.scalar(wanted.with_for_update())
    if link is None or link.used_at is not None or link.expires_at <= (at or transactions.now()):
        return None
    return link if link.person.is_active else None


def use(link: OneTimeLink, at: datetime | None = None) -> None:
    """Spend the link, and with it every other of the same purpose that the person was sent."""
    link.used_at = at or transactions.now()
    drop(link.person, link.purpose, but=link.id)


def drop(person: Person, *purposes: str, but: int | None = None) -> None:
    where = OneTimeLink.person_id == person.id, OneTimeLink.purpose.in_(purposes), OneTimeLink.used_at.is_(None)
    dropped = delete(OneTimeLink).where(*where)
    db.session.execute(dropped.where(OneTimeLink.id != but) if but is not None else dropped)


def revoke(person: Person) -> None:
    """End what was asked for and not used yet. The caller records one of REVOKING in the same transaction."""
    drop(person, *REVOCABLE)


def sweep(at: datetime | None = None) -> None:
    """Delete links that have been worthless for a month."""
    db.session.execute(
        delete(OneTimeLink).where(OneTimeLink.expires_at < (at or transactions.now()) - timedelta(days=30))
    )
