"""All tickets indexed anew for search, a part at a time, the newest first: by the worker after an upgrade with new
rules (normalize.VERSION), and by `flask rebuild-search`. A desk fact says how far it is, so it goes on after any end.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sqlalchemy import func, select, update

from helpdesk.db import transactions
from helpdesk.search_index import indexer, normalize
from models import DeskFact, Ticket, db

FACT = "search index"
# Tickets at once. While these are written, nobody else writes on SQLite.
BATCH = 100


@dataclass(frozen=True)
class Progress:
    """Which rules the documents are made by: from ticket `below` on by those of `version`; None: all of them."""

    version: int
    below: int | None = None

    @property
    def is_done(self) -> bool:
        return self.version == normalize.VERSION and self.below is None


def progress() -> Progress:
    """Raises nothing: an older version of the desk has written nothing down."""
    value = db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))
    return Progress(**json.loads(value)) if value else Progress(0)


def waiting() -> int:
    """How many tickets are still to be indexed anew."""
    now = progress()
    if now.is_done:
        return 0
    wanted = select(func.count()).select_from(Ticket)
    if now.version == normalize.VERSION and now.below is not None:
        wanted = wanted.where(Ticket.id < now.below)
    return db.session.scalar(wanted) or 0


def start() -> None:
    """Begin with the newest ticket, whatever was done before."""
    with transactions.writing():
        newest = db.session.scalar(select(func.max(Ticket.id))) or 0
        _write(Progress(normalize.VERSION, newest + 1))


def step() -> int | None:
    """One part. Returns how many tickets it was; None where there is nothing left to do."""
    seen = progress()
    if seen.is_done:
        return None
    if seen.version != normalize.VERSION or seen.below is None:
        start()
        return 0
    wanted = select(Ticket.id).where(Ticket.id < seen.below).order_by(Ticket.id.desc()).limit(BATCH)
    ids = list(db.session.scalars(wanted))
    ready = indexer.documents(ids)  # The long part of the work comes before the turn to write.
    with transactions.writing():
        if _locked() != seen:
            return 0  # Another worker was quicker.
        indexer.replace(ids, ready)
        _write(Progress(normalize.VERSION, ids[-1] if ids else None))
    return len(ids) if ids else None


def rebuild(told: Callable[[int], None]) -> int:
    """Make every document anew while the desk goes on working. Returns how many there are."""
    start()
    done = 0
    while (count := step()) is not None:
        done += count
        told(count)
    return done


def _locked() -> Progress:
    db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT).with_for_update())
    return progress()


def _write(now: Progress) -> None:
    value = json.dumps(asdict(now))
    transactions.insert_missing(DeskFact, {"name": FACT, "value": value})
    db.session.execute(update(DeskFact).where(DeskFact.name == FACT).values(value=value))
