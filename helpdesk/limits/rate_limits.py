"""How often somebody has tried: counted in the database, for all processes alike, forgotten after a while."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import DBAPIError

from helpdesk import outages
from helpdesk.db import transactions
from helpdesk.limits.token_buckets import TokenBuckets
from models import Attempt, db


@dataclass(frozen=True)
class Limit:
    """At most `most` tries in `within` for one account or one client. Nobody is locked out for longer than that."""

    name: str
    most: int
    within: timedelta


# A browser that has signed in to the account before has a counter of its own and none of the others: whatever strangers
# try elsewhere does not keep it out.
SIGN_IN_BROWSER = Limit("sign-in-browser", 10, timedelta(minutes=15))
# One client trying one account is stopped long before the account as a whole, so that whoever guesses from one place
# does not keep the owner out, who signs in from another.
SIGN_IN_PAIR = Limit("sign-in-pair", 10, timedelta(minutes=15))
SIGN_IN_ACCOUNT = Limit("sign-in-account", 30, timedelta(minutes=15))
SIGN_IN_CLIENT = Limit("sign-in-client", 60, timedelta(minutes=15))
REGISTER_CLIENT = Limit("register-client", 60, timedelta(hours=1))
RESET_ACCOUNT = Limit("reset-account", 5, timedelta(hours=1))
RESET_CLIENT = Limit("reset-client", 20, timedelta(hours=1))
KEY_CLIENT = Limit("first-key-client", 30, timedelta(minutes=15))
# What strangers and members can have mailed to an address that never confirmed: one mail an hour, by whatever page.
UNCONFIRMED_MAIL = Limit("unconfirmed-mail", 1, timedelta(hours=1))
# How often a page was asked for the same address, whoever has it: these tell when the last mail went, and no more.
REGISTER_ADDRESS = Limit("register-address", 1, timedelta(hours=1))
CHANGE_ADDRESS = Limit("change-address", 1, timedelta(hours=1))
CHANGE_PERSON = Limit("change-person", 5, timedelta(hours=1))
ADDRESS_PASSWORD = Limit("address-password", 10, timedelta(minutes=15))
PASSWORD_ACCOUNT = Limit("password-account", 10, timedelta(minutes=15))
LONGEST = timedelta(hours=1)
# The clocks of several machines may differ by this. A later try is of a clock that was set back, and counts no more.
CLOCKS_DIFFER = timedelta(minutes=1)
_in_memory = TokenBuckets()


def count(limit: Limit, whom: str, at: datetime | None = None) -> timedelta | None:
    """Count one try, in transactions of their own. Returns None if it is allowed, else how long to wait.

    A try that is refused is not counted: whoever keeps trying is let in again when the window has passed. The try is
    written down before it is judged, so of many that come at once none is overlooked.
    """
    try:
        return _count(limit, _key(limit, whom), at or transactions.now())
    except (DBAPIError, OSError) as error:
        if outages.cause(error) not in outages.UNWRITABLE:
            raise
    # Nothing can be written, as on a full disk. Signing in may still be possible, and guessing shall not be.
    return _in_memory.take((limit.name, whom), most=limit.most, seconds=limit.within.total_seconds())


def _count(limit: Limit, key: str, at: datetime) -> timedelta | None:
    with transactions.separate() as session:
        session.add(own := Attempt(key=key, at=at))
        session.flush()
        number = own.id
    with transactions.separate() as session:
        recent = Attempt.at > at - limit.within, Attempt.at < at + CLOCKS_DIFFER
        tries = session.scalars(select(Attempt.at).where(Attempt.key == key, *recent)).all()
        if len(tries) <= limit.most:
            return None
        session.execute(delete(Attempt).where(Attempt.id == number))
        return min(tries) + limit.within - at


def count_mail(email: str, unconfirmed: bool, at: datetime | None = None) -> timedelta | None:
    """Count a mail that somebody who is not signed in causes. Returns how long none may go there, None if one may.

    Where the address is confirmed or nobody's, the same work is done and nothing is limited: the time that an answer
    takes shall not tell which it is. Words after a plus do not make another mailbox.
    """
    name, _at, domain = email.rpartition("@")
    whom = f"{name.partition('+')[0]}@{domain}" if unconfirmed else secrets.token_hex(8)
    return count(UNCONFIRMED_MAIL, whom, at)


def last(limit: Limit, whom: str, at: datetime | None = None) -> datetime | None:
    """When the newest try was that still counts."""
    since = (at or transactions.now()) - limit.within
    newest: datetime | None = db.session.scalar(
        select(func.max(Attempt.at)).where(Attempt.key == _key(limit, whom), Attempt.at > since)
    )
    return newest


def count_sign_in(email: str, client: str, browser: str | None = None, at: datetime | None = None) -> timedelta | None:
    """A try to sign in counts for the client, for the account, and for the two together.

    With the number of a `browser` that has signed in to this account before it counts for that browser alone.
    """
    for limit, whom in _sign_in_limits(email, client, browser):
        if wait := count(limit, whom, at):
            return wait
    return None


def forget_sign_in(email: str, client: str, browser: str | None = None) -> None:
    """It was the right password. The account is clear; the client may have tried others, so only this try goes.

    A known `browser` clears its own counter only: what strangers have tried on the account still counts for them.
    """
    if browser:
        forget(SIGN_IN_BROWSER, f"{browser} {email}")
        return
    of_client, *of_account = _sign_in_limits(email, client)
    take_back(*of_client)
    for limit, whom in of_account:
        forget(limit, whom)


def _sign_in_limits(email: str, client: str, browser: str | None = None) -> tuple[tuple[Limit, str], ...]:
    if browser:
        return ((SIGN_IN_BROWSER, f"{browser} {email}"),)
    return (SIGN_IN_CLIENT, client), (SIGN_IN_PAIR, f"{client} {email}"), (SIGN_IN_ACCOUNT, email)


def forget(limit: Limit, whom: str) -> None:
    db.session.execute(delete(Attempt).where(Attempt.key == _key(limit, whom)))


def take_back(limit: Limit, whom: str) -> None:
    """It was no guess: the newest try does not count. Those before it still do."""
    newest = select(func.max(Attempt.id)).where(Attempt.key == _key(limit, whom))
    db.session.execute(delete(Attempt).where(Attempt.id == db.session.scalar(newest)))


def sweep(at: datetime | None = None) -> int:
    """Delete what no limit looks at any more. Returns how many."""
    at = at or transactions.now()
    old = or_(Attempt.at < at - LONGEST, Attempt.at > at + LONGEST)
    found = db.session.scalar(select(func.count()).select_from(Attempt).where(old)) or 0
    if found:
        db.session.execute(delete(Attempt).where(old))
    return found


def _key(limit: Limit, whom: str) -> str:
    return f"{limit.name}:{hashlib.sha256(whom.encode()).hexdigest()[:40]}"
