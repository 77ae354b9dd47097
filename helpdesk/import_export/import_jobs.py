"""Imports in the browser: an admin brings a file and answers, the worker looks, imports and takes back.

Whose turn it is, is the import's state. The worker claims it for a while; whoever was killed loses it with that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _, lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import joinedload, load_only

from helpdesk.db import transactions
from helpdesk.errors import Refused
from models import Import, Person, db

CHECKING, READY, WAITING, DROPPED = "checking", "ready", "waiting", "dropped"
DONE, CANCELLED, FAILED, UNDOING, UNDONE = "done", "cancelled", "failed", "undoing", "undone"
STATES = {
    CHECKING: _l("Being read"),
    READY: _l("Not imported yet"),
    WAITING: _l("Being imported"),
    DONE: _l("Imported"),
    CANCELLED: _l("Cancelled"),
    FAILED: _l("Failed"),
    UNDOING: _l("Being taken back"),
    UNDONE: _l("Taken back"),
}
FOR_WORKER = (CHECKING, WAITING, UNDOING, DROPPED)
RUNNING = (CHECKING, WAITING, UNDOING)
CLOSED = (DONE, CANCELLED, FAILED, UNDOING, UNDONE)
# So many files may lie here that nobody has imported yet.
OPEN_MOST = 20
LISTED = 100
LEASE = timedelta(seconds=60)
# Who dies so often without getting on is killed by the file itself: it fills the memory.
TRIES = 4
KEPT_OPEN, KEPT_LEFT_OUT = timedelta(days=7), timedelta(days=30)


class Stopped(Exception):
    """The import is another worker's now, or somebody has cancelled it: this one lets go of it."""


@dataclass(frozen=True)
class Upload:
    """The files of an import where they lie: `sha256` is of what was sent, both files together."""

    name: str
    place: str
    file_key: str
    replies_key: str | None
    sha256: str


# ---- what admins do


def begin(upload: Upload, answers: dict[str, Any], *, by: Person, at: datetime | None = None) -> tuple[Import, bool]:
    """The import of these files, to be looked at by the worker; whether it is new. Raises Refused.

    The same files, brought once more before they are imported, are the same import: a second click makes no second one.
    """
    is_open = Import.state.in_((CHECKING, READY))
    same = select(Import).where(is_open, Import.sha256 == upload.sha256).order_by(Import.id).limit(1)
    if (found := db.session.scalar(same)) is not None:
        return found, False
    if (db.session.scalar(select(func.count()).where(is_open)) or 0) >= OPEN_MOST:
        raise Refused(_("%(most)d files wait to be imported. Import some of them, or discard them.", most=OPEN_MOST))
    made = Import(
        person_id=by.id,
        file_name=upload.name[:255],
        started_at=at or transactions.now(),
        state=CHECKING,
        version=1,
        place=upload.place,
        file_key=upload.file_key,
        replies_key=upload.replies_key,
        sha256=upload.sha256,
        answers=answers,
    )
    db.session.add(made)
    db.session.flush()
    return made, True


def every() -> list[Import]:
    """The newest first, without what was found in their files."""
    columns = (Import.file_name, Import.state, Import.added, Import.removed, Import.left_out, Import.started_at)
    wanted = select(Import).where(Import.state != DROPPED).order_by(Import.id.desc()).limit(LISTED)
    more = (Import.person_id, Import.file_key, Import.finished_at)
    return list(db.session.scalars(wanted.options(load_only(*columns, *more), joinedload(Import.person))))


def correct(job: Import, answers: dict[str, Any], *, version: int) -> None:
    """Have the file looked at once more, with these answers."""
    _lock(job)
    if job.state != READY or job.version != version:
        raise Refused(_("Somebody else has changed this import meanwhile. Look at how it is now, then change it."))
    job.answers, job.state, job.version = answers, CHECKING, job.version + 1
    job.lines_done = job.tries = 0


def start(job: Import, *, version: int) -> None:
    """Have the tickets imported as the trial has shown it. Asked for twice, they are imported once."""
    _lock(job)
    if job.state in (WAITING, *CLOSED):
        return
    if job.state != READY or job.version != version:
        raise Refused(_("Somebody else has changed this import meanwhile. Look at how it is now, then import."))
    if not can_start(job):
        raise Refused(_("There is nothing to import yet. Answer what is asked, then look again."))
    job.state, job.lines_done, job.tries, job.started_at = WAITING, 0, 0, transactions.now()
    job.lines = (job.findings or {}).get("lines", 0)


def can_start(job: Import) -> bool:
    trial = (job.findings or {}).get("trial") or {"added": 0, "known": 0}
    return job.state == READY and trial["added"] + trial["known"] > 0


def cancel(job: Import) -> None:
    """Leave the rest of the file out. What is imported stays, and can be taken back."""
    _lock(job)
    if job.state != WAITING:
        raise Refused(_("There is nothing left to cancel."))
    job.state, job.finished_at = CANCELLED, transactions.now()


def discard(job: Import) -> None:
    """Be rid of a file that was not imported."""
    _lock(job)
    if job.state not in (CHECKING, READY, DROPPED):
        raise Refused(_("This import is under way or over. It can be cancelled or taken back."))
    job.state = DROPPED


def take_back(job: Import, *, by: Person) -> None:
    """Have all its tickets removed for good but those that somebody has worked on since. Asked for twice, done once."""
    _lock(job)
    if job.state in (UNDOING, UNDONE):
        return
    if not can_take_back(job):
        raise Refused(_("There is nothing to take back."))
    job.report = (job.report or {}) | {"taken_back_by": by.id}
    job.state, job.lines, job.lines_done, job.tries = UNDOING, job.added, 0, 0


def can_take_back(job: Import) -> bool:
    return job.state in (DONE, CANCELLED, FAILED) and job.added > 0


def _lock(job: Import) -> None:
    db.session.refresh(job, with_for_update=True)


# ---- what the worker does


def due(worker: str) -> bool:
    """Whether an import waits for a worker."""
    found = db.session.scalar(select(Import.id).where(_waits_for(worker, transactions.now())).limit(1))
    db.session.rollback()
    return found is not None


def _waits_for(worker: str, at: datetime) -> ColumnElement[bool]:
    """Its claim has ended, lies in a future that a clock was set back from, or was this worker's own."""
    lost = or_(Import.claimed_until < at, Import.claimed_until > at + 2 * LEASE)
    free = or_(Import.claimed_until.is_(None), Import.claimed_by == worker, lost)
    return Import.state.in_(FOR_WORKER) & free


def claim(worker: str, at: datetime | None = None) -> Import | None:
    """The first import that waits for a worker, in the running transaction. One that keeps killing it is given up."""
    at = at or transactions.now()
    wanted = select(Import).where(_waits_for(worker, at)).order_by(Import.id).limit(1)
    job = db.session.scalar(wanted.with_for_update(skip_locked=True))
    if job is None:
        return None
    job.tries += 1
    if job.tries > TRIES and job.state in (CHECKING, WAITING):
        why = _("The worker ended each time it was at this file. Cut the file into smaller ones, and import each.")
        job.state, job.report, job.finished_at = FAILED, (job.report or {}) | {"why": why}, at
    job.claimed_by, job.claimed_until = worker, at + LEASE
    return job


def lock(number: int, worker: str, expected: str) -> None:
    """In the running transaction: nobody changes the import until it ends. Raises Stopped."""
    found = db.session.execute(
        select(Import.state, Import.claimed_by).where(Import.id == number).with_for_update()
    ).one_or_none()
    if found is None or tuple(found) != (expected, worker):
        raise Stopped


def note(number: int, worker: str, expected: str, **values: Any) -> None:
    """Write down how far it is, in the running transaction, and keep the claim. Raises Stopped."""
    values |= {"claimed_until": transactions.now() + LEASE, "tries": 0}
    is_mine = Import.id == number, Import.claimed_by == worker, Import.state == expected
    mine = update(Import).where(*is_mine).values(values)
    if not db.session.execute(mine.execution_options(synchronize_session=False)).rowcount:  # type: ignore[attr-defined]
        raise Stopped


def let_go(number: int, worker: str, expected: str, **values: Any) -> None:
    """The turn of the worker is over: the import gets these values and no claim. Raises Stopped."""
    note(number, worker, expected, **values)
    db.session.execute(update(Import).where(Import.id == number).values(claimed_by=None, claimed_until=None))


def excuse(number: int) -> None:
    """What ended the turn was no fault of the file."""
    db.session.execute(update(Import).where(Import.id == number, Import.tries > 0).values(tries=Import.tries - 1))


# ---- what goes after a while


def drop_forgotten(at: datetime | None = None) -> None:
    """What was brought and never imported goes after some days."""
    old = Import.started_at < (at or transactions.now()) - KEPT_OPEN
    forgotten = update(Import).where(Import.state == READY, old).values(state=DROPPED)
    db.session.execute(forgotten.execution_options(synchronize_session=False))


def old_files(most: int = 50, at: datetime | None = None) -> list[tuple[int, str, dict[str, str]]]:
    """Imports that are over with files that nobody needs any more: number, place, and keys by column."""
    at = at or transactions.now()
    is_over = Import.state.in_((DONE, CANCELLED, FAILED, UNDONE))
    is_old = and_(Import.left_out_key.is_not(None), Import.finished_at < at - KEPT_LEFT_OUT)
    has_old = or_(Import.file_key.is_not(None), Import.replies_key.is_not(None), is_old)
    found = []
    for job in db.session.scalars(select(Import).where(is_over, has_old).order_by(Import.id).limit(most)):
        keys = {"file_key": job.file_key, "replies_key": job.replies_key}
        if job.finished_at and job.finished_at < at - KEPT_LEFT_OUT:
            keys["left_out_key"] = job.left_out_key
        found.append((job.id, str(job.place), {name: key for name, key in keys.items() if key}))
    db.session.rollback()
    return found


def forget_files(number: int, *keys: str) -> None:
    """These columns name nothing any more."""
    db.session.execute(update(Import).where(Import.id == number).values(dict.fromkeys(keys)))


def remove(number: int) -> None:
    db.session.execute(delete(Import).where(Import.id == number, Import.state == DROPPED))
