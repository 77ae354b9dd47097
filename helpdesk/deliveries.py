"""Mails owed: claimed with a lease, finished, tried again, given up, sent again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from helpdesk import store
from helpdesk.errors import Refused
from models import Delivery, Event, db

# The SMTP timeout (at most 60 s) is shorter than the lease, so a live worker never loses a mail it is sending.
LEASE = timedelta(seconds=180)
# Waits after the first, second ... failed try. About three days in all, then the mail is given up, visibly.
WAITS = [timedelta(seconds=s) for s in (15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)]
ERROR_MAX = 300


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery, until the lease ends."""

    id: int
    lease: str


def due(at: datetime | None = None, most: int = 20) -> list[int]:
    """Ids of mails to send now, oldest first: those waiting, and those whose sender has vanished."""
    found = select(Delivery.id).where(_claimable(at or store.now())).order_by(Delivery.due_at, Delivery.id).limit(most)
    ids = list(db.session.scalars(found))
    db.session.rollback()
    return ids


def claim(number: int, at: datetime | None = None) -> Claim | None:
    """Claim one; None if somebody else was faster. Of several workers only one can change the row."""
    at = at or store.now()
    lease = secrets.token_hex(16)
    values = {"state": "sending", "lease": lease, "leased_until": at + LEASE, "attempts": Delivery.attempts + 1}
    with store.writing():
        changed = db.session.execute(
            update(Delivery)
            .where(Delivery.id == number, _claimable(at))
            .values(values)
            .execution_options(synchronize_session=False)
        )
        won = bool(changed.rowcount == 1)  # type: ignore[attr-defined]
    return Claim(number, lease) if won else None


def _claimable(at: datetime) -> Any:
    return or_(
        and_(Delivery.state == "waiting", Delivery.due_at <= at),
        and_(Delivery.state == "sending", Delivery.leased_until < at),
    )


def finish(claim: Claim, at: datetime | None = None) -> None:
    _settle(claim, state="sent", sent_at=at or store.now(), last_error=None)


def not_sent(claim: Claim, *, text: str | None = None) -> None:
    """No mail server is set. `text` is kept for the mail log, outside production only."""
    _settle(claim, state="unsent", shown_text=text)


def cancel(claim: Claim, why: str) -> None:
    """What it was about is gone: nothing to send."""
    _settle(claim, state="cancelled", last_error=why[:ERROR_MAX])


def fail(claim: Claim, error: str, *, for_good: bool = False, at: datetime | None = None) -> None:
    """A try failed. It is tried again after a growing wait, or given up where that cannot help."""
    at = at or store.now()
    attempts = db.session.scalar(select(Delivery.attempts).where(Delivery.id == claim.id)) or 1
    db.session.rollback()
    if for_good or attempts > len(WAITS):
        _settle(claim, state="failed", last_error=error[:ERROR_MAX])
    else:
        _settle(claim, state="waiting", due_at=at + WAITS[attempts - 1], last_error=error[:ERROR_MAX])


def _settle(claim: Claim, **values: Any) -> None:
    """Write down how it went, unless the lease ran out and another worker has it now."""
    with store.writing():
        db.session.execute(
            update(Delivery)
            .where(Delivery.id == claim.id, Delivery.lease == claim.lease, Delivery.state == "sending")
            .values(lease=None, leased_until=None, **values)
            .execution_options(synchronize_session=False)
        )


def again(delivery: Delivery, at: datetime | None = None) -> None:
    """Put a mail that was sent, given up or kept back into the queue. It keeps its Message-ID."""
    if delivery.state in ("waiting", "sending"):
        raise Refused(_("This mail is waiting to be sent already."))
    if not delivery.person.is_active:
        raise Refused(_("%(name)s is switched off and gets no mail.", name=delivery.person.name))
    delivery.state, delivery.attempts, delivery.due_at = "waiting", 0, at or store.now()
    delivery.last_error, delivery.shown_text = None, None


def take_back(events: list[int]) -> bool:
    """Cancel what these events owe. Where a mail has left or is leaving: False, and nothing is changed."""
    owed = select(Delivery).where(Delivery.event_id.in_(events)).with_for_update()
    found = db.session.scalars(owed.execution_options(populate_existing=True)).all()
    if any(delivery.state in ("sending", "sent") for delivery in found):
        return False
    for delivery in found:
        delivery.state, delivery.last_error = "cancelled", _("It was taken back before the mail was sent.")
    return True


def cancel_waiting(events: list[int]) -> None:
    """Cancel what these events owe and what has not left yet."""
    waiting = Delivery.event_id.in_(events), Delivery.state.in_(("waiting", "failed", "unsent"))
    values = {"state": "cancelled", "last_error": _("It was taken back before the mail was sent.")}
    db.session.execute(update(Delivery).where(*waiting).values(values).execution_options(synchronize_session=False))


def get(number: int) -> Delivery | None:
    wanted = select(Delivery).where(Delivery.id == number)
    return db.session.scalar(wanted.options(joinedload(Delivery.event).joinedload(Event.ticket)))


def outdated(delivery: Delivery, *kinds: str) -> bool:
    """Whether one of these has happened to the same person since the event that owes the mail."""
    later = select(Event.id).where(Event.person_id == delivery.event.person_id, Event.kind.in_(kinds))
    return db.session.scalar(later.where(Event.id > delivery.event_id).limit(1)) is not None


def log(*, state: str = "", before: int | None = None, most: int = 50) -> list[Delivery]:
    """The mail log, newest first; one more than `most` where there are further ones."""
    wanted = select(Delivery).options(joinedload(Delivery.person), joinedload(Delivery.event))
    if state:
        wanted = wanted.where(Delivery.state == state)
    if before:
        wanted = wanted.where(Delivery.id < before)
    return list(db.session.scalars(wanted.order_by(Delivery.id.desc()).limit(most + 1)))


def tally() -> dict[str, int]:
    """How many mails are in each state."""
    rows = db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all()
    return {state: count for state, count in rows}
