"""How much one person may do in an hour, counted in the database for all processes alike.

The count is written in the transaction of the act itself: an act that is refused or rolled back counts nothing, and an
act that is accepted needs no further commit. helpdesk/limits/rate_limits.py counts what strangers try.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from flask_babel import lazy_gettext as _l

from helpdesk.db import transactions
from helpdesk.errors import TooMany
from models import UsageCount, db

WINDOW = 60  # minutes


@dataclass(frozen=True)
class Limit:
    """One kind of act that is limited, and what is said to whoever reaches the limit."""

    name: str
    why: Any


RAISE = Limit("raise", _l("You have raised as many tickets as one person can in an hour."))
REPLY = Limit("reply", _l("You have sent as many replies and changes as one person can in an hour."))
UPLOAD = Limit("upload", _l("You have sent as many files as one person can in an hour."))
EXPORT = Limit("export", _l("You have taken as many exports as one person can in an hour."))


def spend(limit: Limit, person_id: int, *, most: int, amount: int = 1, at: datetime | None = None) -> None:
    """Count `amount` in the present transaction. Raises TooMany if that makes more than `most` in an hour.

    The row is locked until the transaction ends, so of many requests at once no more than `most` get through.
    """
    at = at or transactions.now()
    row = lock(limit, person_id)
    used = _recent(row.minutes, at)
    _refuse(limit, used, most, amount, at)
    used[_minute(at)] = used.get(_minute(at), 0) + amount
    row.minutes = {str(minute): count for minute, count in used.items()}


def check(limit: Limit, person_id: int, *, most: int, amount: int = 1, at: datetime | None = None) -> None:
    """Raises TooMany where `spend` would, at this moment. It locks and counts nothing."""
    row = db.session.get(UsageCount, (person_id, limit.name))
    at = at or transactions.now()
    if row is not None:
        _refuse(limit, _recent(row.minutes, at), most, amount, at)


def lock(limit: Limit, person_id: int) -> UsageCount:
    """The person's count, with everybody else who wants it waiting until this transaction ends."""
    key = {"person_id": person_id, "act": limit.name}
    row = db.session.get(UsageCount, key, with_for_update=True)
    if row is None:
        transactions.insert_missing(UsageCount, key | {"minutes": {}})
        row = db.session.get(UsageCount, key, with_for_update=True)
    assert row is not None
    return row


def _minute(at: datetime) -> int:
    return int(at.astimezone(timezone.utc).timestamp()) // 60


def _recent(minutes: dict[str, int], at: datetime) -> dict[int, int]:
    """What was counted in each minute of the last hour. A minute of the future is of a clock that was wrong."""
    now = _minute(at)
    return {int(minute): count for minute, count in minutes.items() if now - WINDOW <= int(minute) <= now + 1}


def _refuse(limit: Limit, used: dict[int, int], most: int, amount: int, at: datetime) -> None:
    over = sum(used.values()) + amount - most
    if over <= 0:
        return
    free_at = at + timedelta(minutes=WINDOW)
    for minute in sorted(used):
        over -= used[minute]
        if over <= 0:
            free_at = datetime.fromtimestamp((minute + WINDOW + 1) * 60, timezone.utc)
            break
    raise TooMany(limit.why, free_at - at)
