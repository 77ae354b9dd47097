"""Mails owed: claimed with a lease, finished, tried again, given up, sent again."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from helpdesk.db import transactions
from helpdesk.errors import Refused
from models import Delivery, Event, db

# The deadline of a conversation with the mail server (120 s) is shorter, so a live worker never loses a mail it sends.
LEASE = timedelta(seconds=180)
# A lease that ended is taken over only after this. The worker that had it may have lost the database just when the
# mail server took the mail; once the database works again, it has this long to write that down.
TAKEOVER = timedelta(seconds=10)
LAPSED = "lapsed"
# Waits after the first, second ... failed try. About three days in all, then the mail is given up, visibly.
WAITS = [timedelta(seconds=s) for s in (15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)]
# How long a mail waits for a mail server that takes no mails at all. These tries are not the mail's own.
LONGEST_OUTAGE = sum(WAITS, timedelta())
# No new mail is due later than this: the longest undo window (120 s), and room for clocks that differ.
LATEST_FIRST_TRY = timedelta(minutes=5)
ERROR_MAX = 300
# A mail that was given up is shown on the dashboard for so long, whether somebody sends it again or not.
GIVEN_UP_SHOWN = timedelta(days=14)
COUNTED_MOST = 1000


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery, until the lease ends: at `until` of the monotonic clock."""

    id: int
    lease: str
    message_id: str
    until: float


def due(at: datetime | None = None, most: int = 20) -> list[int]:
    """Ids of mails to send now, oldest first: those waiting, and those whose sender has vanished."""
    found = (
        select(Delivery.id)
        .where(_claimable(at or transactions.now()))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(most)
    )
    ids = list(db.session.scalars(found))
    db.session.rollback()
    return ids


def claim(number: int, at: datetime | None = None) -> Claim | None:
    """Claim one; None if somebody else was faster. Of several workers only one can change the row."""
    lease = secrets.token_hex(16)
    with transactions.writing():
        # The lease begins when the turn to write has come, which may take a while.
        at, until = at or transactions.now(), time.monotonic() + LEASE.total_seconds()
        values = {"state": "sending", "lease": lease, "leased_until": at + LEASE, "attempts": Delivery.attempts + 1}
        won = _update(Delivery.id == number, _claimable(at), **values) == 1
        name = db.session.scalar(select(Delivery.message_id).where(Delivery.id == number))
    return Claim(number, lease, name, until) if won and name else None


def _claimable(at: datetime) -> Any:
    return or_(
        and_(Delivery.state == "waiting", Delivery.due_at <= at),
        and_(Delivery.state == "sending", Delivery.lease == LAPSED, _over(at, TAKEOVER)),
    )


def _over(at: datetime, longest: timedelta) -> Any:
    """A lease that ends later than any lease can was given by a clock that has been set back since."""
    return or_(Delivery.leased_until < at, Delivery.leased_until > at + longest)


def lapse(at: datetime | None = None) -> None:
    """Mark the leases that have ended. Their mails can be claimed after TAKEOVER."""
    at = at or transactions.now()
    ended = Delivery.state == "sending", Delivery.lease != LAPSED, _over(at, LEASE)
    found = db.session.scalar(select(Delivery.id).where(*ended).limit(1))
    db.session.rollback()
    if found is not None:
        with transactions.writing():
            _update(*ended, lease=LAPSED, leased_until=at + TAKEOVER)


def correct_clock(at: datetime | None = None) -> int:
    """Make due what waits longer than any wait lasts: the clock has been set back. Returns how many there were."""
    at = at or transactions.now()
    too_late = (
        and_(Delivery.attempts == tries, Delivery.due_at > at + wait + LATEST_FIRST_TRY)
        for tries, wait in enumerate([timedelta(), *WAITS])
    )
    beyond = Delivery.state == "waiting", Delivery.due_at > at + LATEST_FIRST_TRY, or_(*too_late)
    found = db.session.scalar(select(Delivery.id).where(*beyond).limit(1))
    db.session.rollback()
    if found is None:
        return 0
    with transactions.writing():
        return _update(*beyond, due_at=at)


def finish(claim: Claim, at: datetime | None = None) -> None:
    """The mail server took the mail. That is so whoever has the lease by now; only a repetition would be wrong."""
    record_sent(claim.id, claim.message_id, at or transactions.now())


def record_sent(number: int, message_id: str, at: datetime) -> None:
    mail = Delivery.id == number, Delivery.message_id == message_id
    with transactions.writing():
        unfinished = Delivery.state.in_(("waiting", "sending", "failed"))
        _update(*mail, unfinished, state="sent", sent_at=at, last_error=None, lease=None, leased_until=None)


def release(claim: Claim, error: str) -> None:
    """The mail was not tried after all, so the try does not count."""
    _settle(claim, state="waiting", attempts=Delivery.attempts - 1, last_error=error[:ERROR_MAX])


def note_outage(numbers: list[int], error: str, at: datetime | None = None) -> None:
    """The mail server takes no mails. These stay due, with the reason; those that are due for days are given up."""
    at, error = at or transactions.now(), error[:ERROR_MAX]
    waiting = Delivery.id.in_(numbers), Delivery.state == "waiting"
    with transactions.writing():
        _update(*waiting, Delivery.due_at < at - LONGEST_OUTAGE, state="failed", last_error=error)
        _update(*waiting, or_(Delivery.last_error.is_(None), Delivery.last_error != error), last_error=error)


def not_sent(claim: Claim, *, text: str | None = None) -> None:
    """No mail server is set. `text` is kept for the mail log, outside production only."""
    _settle(claim, state="unsent", shown_text=text)


def cancel(claim: Claim, why: str) -> None:
    """What it was about is gone: nothing to send."""
    _settle(claim, state="cancelled", last_error=why[:ERROR_MAX])


def fail(claim: Claim, error: str, *, for_good: bool = False, at: datetime | None = None) -> None:
    """A try failed. It is tried again after a growing wait, or given up where that cannot help."""
    at = at or transactions.now()
    attempts = db.session.scalar(select(Delivery.attempts).where(Delivery.id == claim.id)) or 1
    db.session.rollback()
    if for_good or attempts > len(WAITS):
        _settle(claim, state="failed", last_error=error[:ERROR_MAX])
    else:
        _settle(claim, state="waiting", due_at=at + WAITS[attempts - 1], last_error=error[:ERROR_MAX])


def _settle(claim: Claim, **values: Any) -> None:
    """Write down how it went, unless the lease ran out and another worker has it now."""
    own = Delivery.id == claim.id, Delivery.lease == claim.lease, Delivery.state == "sending"
    with transactions.writing():
        _update(*own, lease=None, leased_until=None, **values)


def _update(*where: Any, **values: Any) -> int:
    """How many rows were changed."""
    changed = update(Delivery).where(*where).values(values).execution_options(synchronize_session=False)
    return int(db.session.execute(changed).rowcount)  # type: ignore[attr-defined]


def again(delivery: Delivery, at: datetime | None = None) -> None:
    """Put a mail that was sent, given up or kept back into the queue. It keeps its Message-ID."""
    if delivery.state in ("waiting", "sending"):
        raise Refused(_("This mail is waiting to be sent already."))
    if not delivery.person.is_active:
        raise Refused(_("%(name)s is switched off and gets no mail.", name=delivery.person.name))
    delivery.state, delivery.attempts, delivery.due_at = "waiting", 0, at or transactions.now()
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
    _update(*waiting, state="cancelled", last_error=_("It was taken back before the mail was sent."))


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


def given_up(at: datetime | None = None) -> int:
    """How many mails were given up in the last GIVEN_UP_SHOWN; counted no further than any page shows."""
    lately = Delivery.state == "failed", Delivery.due_at > (at or transactions.now()) - GIVEN_UP_SHOWN
    counted = select(Delivery.id).where(*lately).limit(COUNTED_MOST).subquery()
    return db.session.scalar(select(func.count()).select_from(counted)) or 0


def tally() -> dict[str, int]:
    """How many mails are in each state."""
    rows = db.session.execute(select(Delivery.state, func.count()).group_by(Delivery.state)).all()
    return {state: count for state, count in rows}
