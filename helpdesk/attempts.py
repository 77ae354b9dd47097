"""How often somebody has tried: counted in the database, for all processes alike, forgotten after a while."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from helpdesk import store
from models import Attempt, db


@dataclass(frozen=True)
class Limit:
    """At most `most` tries in `within` for one account or one client. Nobody is ever locked out for longer than that."""

    name: str
    most: int
    within: timedelta


SIGN_IN_ACCOUNT = Limit("sign-in-account", 10, timedelta(minutes=15))
SIGN_IN_CLIENT = Limit("sign-in-client", 60, timedelta(minutes=15))
REGISTER_CLIENT = Limit("register-client", 20, timedelta(hours=1))
RESET_ACCOUNT = Limit("reset-account", 5, timedelta(hours=1))
RESET_CLIENT = Limit("reset-client", 20, timedelta(hours=1))
LINK_CLIENT = Limit("link-client", 60, timedelta(minutes=15))
KEY_CLIENT = Limit("first-key-client", 30, timedelta(minutes=15))
PASSWORD_ACCOUNT = Limit("password-account", 10, timedelta(minutes=15))
LONGEST = timedelta(hours=1)


def count(limit: Limit, whom: str, at: datetime | None = None) -> timedelta | None:
    """Count one try, in a transaction of its own. Returns None if it is allowed, else how long to wait.

    A try that is refused is not counted: whoever keeps trying is let in again when the window has passed.
    """
    at = at or store.now()
    key = _key(limit, whom)
    with store.aside() as session:
        tries = session.scalars(select(Attempt.at).where(Attempt.key == key, Attempt.at > at - limit.within)).all()
        if len(tries) >= limit.most:
            return min(tries) + limit.within - at
        session.add(Attempt(key=key, at=at))
    return None


def forget(limit: Limit, whom: str) -> None:
    """The right password was given: the tries before it do not count any more."""
    db.session.execute(delete(Attempt).where(Attempt.key == _key(limit, whom)))


def sweep(at: datetime | None = None) -> int:
    """Delete what no limit looks at any more. Returns how many."""
    old = Attempt.at < (at or store.now()) - LONGEST
    found = db.session.scalar(select(func.count()).select_from(Attempt).where(old)) or 0
    if found:
        db.session.execute(delete(Attempt).where(old))
    return found


def _key(limit: Limit, whom: str) -> str:
    return f"{limit.name}:{hashlib.sha256(whom.encode()).hexdigest()[:40]}"
