"""Imports that admins have brought in the browser: looked at, imported and taken back, by one worker at a time each."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.exc import DBAPIError

from helpdesk import outages
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.import_export import import_jobs, importer, inspection, undo as import_undo
from helpdesk.import_export.import_jobs import Stopped
from helpdesk.import_export.left_out import LeftOut
from helpdesk.import_export.outcome import Outcome, Resumed
from integrations.storage import places
from jobs import mail_sender
from models import Import, Person, db

log = logging.getLogger("desk.import")
# How often it is written down how far a long look is, in seconds.
BEAT = 2.0


class Turn:
    """What this worker has claimed: the import's row as it was then, and the way to say how far it is."""

    def __init__(self, job: Import) -> None:
        self.number, self.worker, self.state = job.id, str(job.claimed_by), job.state
        self.name, self.answers, self.findings = job.file_name, job.answers or {}, job.findings or {}
        self.place, self.file_key, self.replies_key = str(job.place), job.file_key, job.replies_key
        self.left_out_key = job.left_out_key
        self.started_at, self.line, self.report = job.started_at, job.lines_done, job.report or {}
        self.added, self.known = job.added, job.known
        self.removed, self._beat = job.removed, time.monotonic()

    def lock(self) -> None:
        import_jobs.lock(self.number, self.worker, self.state)

    def note(self, **values: Any) -> None:
        import_jobs.note(self.number, self.worker, self.state, **values)

    def end(self, state: str, **values: Any) -> None:
        with transactions.writing():
            import_jobs.let_go(self.number, self.worker, self.state, state=state, **values)

    def alive(self, _lines: int) -> None:
        """Called often while the file is read: keeps the claim."""
        if time.monotonic() - self._beat > BEAT:
            self._beat = time.monotonic()
            with transactions.writing():
                self.note()


def work() -> bool:
    """One import as far as it goes. Returns whether there may be more."""
    worker = f"{socket.gethostname()[:24]} {os.getpid()}"
    if not import_jobs.due(worker):
        return False
    with transactions.writing():
        job = import_jobs.claim(worker)
        turn = Turn(job) if job is not None else None
    if turn is None:
        return False
    if turn.state in ACTS:
        _do(turn)
    return True


def _do(turn: Turn) -> None:
    try:
        ACTS[turn.state](turn)
    except Stopped:
        log.info("import %d is let go of", turn.number)
        tidy()
    except Refused as no:
        _fail(turn, str(no))
    except places.Missing:
        _fail(turn, _("Its file is not here any more. Bring it again."))
    except (places.StorageUnavailable, OSError) as trouble:
        _excuse(turn)
        raise trouble
    except Exception as error:
        if outages.cause(error) or isinstance(error, DBAPIError) and transactions.lost_a_race(error):
            _excuse(turn)
            raise
        log.exception("import %d cannot go on", turn.number)
        _fail(turn, _("The desk could not do this. Its log says why; please tell whoever looks after the desk."))


def _excuse(turn: Turn) -> None:
    with suppress(Exception), transactions.writing():
        import_jobs.excuse(turn.number)


def _fail(turn: Turn, why: str) -> None:
    with suppress(Stopped):
        turn.end(import_jobs.FAILED, report=turn.report | {"why": why}, finished_at=transactions.now())
        tidy()


# ---- the acts


def _check(turn: Turn) -> None:
    with _files(turn) as source:
        findings = inspection.inspect(source, transactions.now(), turn.alive)
    turn.end(import_jobs.READY, findings=findings, lines_done=0)


def _import(turn: Turn) -> None:
    host = urlsplit(current_app.config["PUBLIC_URL"]).hostname
    with _files(turn) as source, places.scratch() as written:
        plan, replies, bad_replies = inspection.open_plan(source, turn.findings.get("system", ""), turn.alive)
        left_out = LeftOut(plan, written.write)
        outcome = importer.run(
            plan,
            host=host or "",
            server=source.server,
            progress=turn.alive,
            replies=replies,
            at=turn.started_at,
            outcome=_so_far(turn, left_out),
            resumed=Resumed(turn.number, turn.line, turn.lock, lambda so_far, line: _note(turn, so_far, line)),
        )
        stored, key = _keep(turn, written) if left_out.rows else (None, None)
    report = _report(turn, outcome) | {"bad_replies": len(bad_replies), "left_out_file": stored}
    turn.end(
        import_jobs.DONE, left_out=outcome.left_out, left_out_key=key, report=report, finished_at=transactions.now()
    )
    tidy()


def _so_far(turn: Turn, left_out: LeftOut) -> Outcome:
    """Rows left out are found once more from the beginning of the file, all else is as it was written down."""
    outcome = Outcome(most=inspection.ROWS, each_bad=left_out.add, added=turn.added, known=turn.known)
    outcome.changes.update(turn.report.get("changes", {}))
    outcome.without_assignee = turn.report.get("without_assignee", 0)
    return outcome


def _note(turn: Turn, outcome: Outcome, line: int) -> None:
    counts = {"added": outcome.added, "known": outcome.known, "left_out": outcome.left_out}
    turn.note(lines_done=line, report=_report(turn, outcome), **counts)


def _report(turn: Turn, outcome: Outcome) -> dict[str, Any]:
    return turn.report | inspection.summary(outcome)


def _keep(turn: Turn, written: BinaryIO) -> tuple[dict[str, Any], str]:
    key = places.new_key()
    return asdict(places.at(turn.place).put(key, written)), key


def _take_back(turn: Turn) -> None:
    by = db.session.get(Person, turn.report.get("taken_back_by", 0))
    done = turn.removed

    def progress(more: int) -> None:
        nonlocal done
        done += more
        with transactions.writing():
            turn.note(lines_done=done)

    import_undo.take_back(turn.number, by=by, progress=progress, lock=turn.lock)
    tidy()


def _drop(turn: Turn) -> None:
    for key in (turn.file_key, turn.replies_key, turn.left_out_key):
        if key:
            places.at(turn.place).delete(key)
    with transactions.writing():
        import_jobs.remove(turn.number)


ACTS: dict[str, Callable[[Turn], None]] = {
    import_jobs.CHECKING: _check,
    import_jobs.WAITING: _import,
    import_jobs.UNDOING: _take_back,
    import_jobs.DROPPED: _drop,
}


# ---- its files


@contextmanager
def _files(turn: Turn) -> Iterator[inspection.Source]:
    """Copies on this machine, wherever the files lie. They are gone when this ends, or collected if it is killed."""
    zone = ZoneInfo(current_app.config["DESK_TIMEZONE"])
    with _copy(turn.place, turn.file_key) as path, _copy(turn.place, turn.replies_key) as replies:
        if path is None:
            raise places.Missing("no key")
        yield inspection.Source(path, turn.name, turn.answers, zone, replies, mail_sender.ask_server())


@contextmanager
def _copy(place: str, key: str | None) -> Iterator[Path | None]:
    if key is None:
        yield None
        return
    folder = Path(current_app.config["FILES_DIR"]) / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder) as copy:
        for chunk in places.at(place).read(key, 0, 1 << 40):
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def tidy() -> None:
    """Remove the files of imports that are over, and what was brought and never imported."""
    with transactions.writing():
        import_jobs.drop_forgotten()
    for number, place, keys in import_jobs.old_files():
        for key in keys.values():
            places.at(place).delete(key)
        with transactions.writing():
            import_jobs.forget_files(number, *keys)
