"""Who is signed in where. A session is a row, so ending it makes every copy of its cookie worthless."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from sqlalchemy import delete, select

from helpdesk.db import transactions
from helpdesk.db.statements import Param, Prepared
from helpdesk.live import feed
from models import Person, Session, db

SHORT = timedelta(hours=12)
KEPT = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def start(
    person: Person,
    *,
    keep: bool,
    ip: str,
    user_agent: str,
    lasts: timedelta | None = None,
    at: datetime | None = None,
) -> str:
    """A new session. Returns the secret for the cookie; the row keeps only its hash.

    It ends after `lasts`, however often it is used: what a thief has found does not work for ever.
    """
    at = at or transactions.now()
    token = secrets.token_urlsafe(32)
    row = Session(token_hash=digest(token), kept=keep, ip=ip[:45], browser=describe(user_agent))
    row.person = person
    row.created_at = row.last_seen_at = at
    row.expires_at = at + (lasts or (KEPT if keep else SHORT))
    db.session.add(row)
    return token


def find(token: str, at: datetime | None = None) -> Person | None:
    """Whoever this secret signs in, unless the session has ended or the person is switched off."""
    at = at or transactions.now()
    found = _by_digest().ask(SimpleNamespace(digest=digest(token))).first()
    if found is None or found[0].expires_at <= at or not found[0].person.is_active:
        return None
    row: Session = found[0]
    person: Person = row.person
    person.news_stood = tuple(found[1:])
    person.session_token, person.session_id = token, row.id
    person.session_is_old = row.last_seen_at < at - SEEN_EVERY
    return person


@cache
def _by_digest() -> Prepared:
    wanted = Param("wanted")
    return Prepared(select(Session, *feed.newest_events()).where(Session.token_hash == wanted.digest), wanted)


def seen(token: str, at: datetime | None = None) -> None:
    """Write down that somebody is still working; asked for every few minutes at most. The end stays where it is."""
    at = at or transactions.now()
    with transactions.separate() as session:
        row = session.scalar(select(Session).where(Session.token_hash == digest(token)))
        if row is not None:
            row.last_seen_at = at


def of(person: Person, at: datetime | None = None) -> list[Session]:
    wanted = select(Session).where(Session.person_id == person.id, Session.expires_at > (at or transactions.now()))
    return list(db.session.scalars(wanted.order_by(Session.last_seen_at.desc(), Session.id.desc())))


def mine(person: Person) -> Session | None:
    """The session this request came with."""
    return db.session.get(Session, person.session_id)


def end(row: Session) -> None:
    db.session.delete(row)


def end_all(person: Person, *, but: int | None = None) -> None:
    """End every session of the person, but the one with the id `but`."""
    ended = delete(Session).where(Session.person_id == person.id)
    db.session.execute(ended.where(Session.id != but) if but is not None else ended)


def sweep(at: datetime | None = None) -> None:
    db.session.execute(delete(Session).where(Session.expires_at <= (at or transactions.now())))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def describe(user_agent: str) -> str:
    """ "Firefox on Windows", as far as the browser says so."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part) or re.sub(r"[^\w ./-]", "", user_agent)[:80]
