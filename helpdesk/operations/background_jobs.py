"""What the worker does in the background: the names of its jobs, when each last ran, and what it waits for.

Each worker keeps one desk fact with all of this, written every few seconds. Pages read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from helpdesk.db import transactions
from models import DeskFact, db

JOBS = {
    "mails": _l("Send mails"),
    "bulk_changes": _l("Change many tickets at once"),
    "imports": _l("Import tickets"),
    "closing": _l("Close resolved tickets"),
    "trash": _l("Empty the trash"),
    "daily_counts": _l("Count for the dashboard"),
    "search_index": _l("Index tickets anew for search"),
    "unused_files": _l("Remove files that were never sent"),
    "stray_files": _l("Remove files that belong to no ticket"),
    "old_bulk_changes": _l("Remove records of old bulk changes"),
    "old_imports": _l("Remove files of old imports"),
    "old_drafts": _l("Remove old drafts"),
    "old_sessions": _l("Remove sessions that have ended"),
    "old_links": _l("Remove one-time links that have ended"),
    "old_attempts": _l("Remove old sign-in attempts"),
    "old_presence": _l("Forget who had a ticket open"),
    "clock": _l("Correct times after the clock was set back"),
}

# What a job can wait for. Where it is nothing of these, the job waits for its time.
WAITS = {
    "running": _l("It is running."),
    "slow": _l("It is running, longer than it should. Other jobs go on beside it."),
    "other_jobs": _l("It waits for other jobs to end."),
    "mail_server": _l("It waits for the mail server."),
    "database": _l("It waits for the database."),
    "failed": _l("It failed and is tried again. The log of the worker says why."),
}

EVERY = timedelta(seconds=20)
# A worker that was not heard of for so long has ended, or cannot reach the database.
SILENT = timedelta(minutes=2)
REMEMBERED = timedelta(days=1)
MOST = 20
PREFIX = "worker "
REASON_MAX = 300


@dataclass(frozen=True)
class JobRun:
    """The last turn of a job in one worker. `waits_for` is a key of WAITS, or empty."""

    name: str
    began_at: datetime | None = None
    seconds: float | None = None
    waits_for: str = ""
    reason: str = ""
    next_at: datetime | None = None


@dataclass(frozen=True)
class Worker:
    """One worker process, as it reported itself at `seen_at`."""

    name: str
    started_at: datetime
    seen_at: datetime
    stopped: bool = False
    runs: list[JobRun] = field(default_factory=list)

    def is_running(self, at: datetime) -> bool:
        return not self.stopped and abs(at - self.seen_at) < SILENT


def report(worker: Worker) -> None:
    """Write down how the worker is, in a transaction of its own, and forget those that ended long ago."""
    with transactions.writing():
        db.session.merge(DeskFact(name=_fact(worker), value=json.dumps(asdict(worker), default=datetime.isoformat)))
        old = [other for other in workers()[MOST:] if other.name != worker.name]
        old += [other for other in workers()[:MOST] if abs(worker.seen_at - other.seen_at) > REMEMBERED]
        db.session.execute(delete(DeskFact).where(DeskFact.name.in_([_fact(other) for other in old])))


def _fact(worker: Worker) -> str:
    return f"{PREFIX}{worker.name}"[:60]


def workers() -> list[Worker]:
    """All that were heard of within REMEMBERED, the last one first."""
    facts = db.session.scalars(select(DeskFact).where(DeskFact.name.startswith(PREFIX, autoescape=True)))
    found = [_read(fact.value) for fact in facts]
    return sorted(found, key=lambda worker: worker.seen_at, reverse=True)


def any_running(at: datetime) -> bool:
    return any(worker.is_running(at) for worker in workers())


def _read(value: str) -> Worker:
    known = json.loads(value)
    runs = [
        JobRun(**run | {"began_at": _time(run["began_at"]), "next_at": _time(run["next_at"])}) for run in known["runs"]
    ]
    times = {
        "started_at": datetime.fromisoformat(known["started_at"]),
        "seen_at": datetime.fromisoformat(known["seen_at"]),
    }
    return Worker(**known | times | {"runs": runs})


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def last_runs(known: Iterable[Worker], at: datetime) -> list[JobRun]:
    """For each job its newest turn in any worker; a turn that takes too long in a running worker comes first."""
    newest: dict[str, tuple[bool, datetime, JobRun]] = {}
    for worker in known:
        for run in worker.runs:
            alive = worker.is_running(at)
            shown = run if alive else replace(run, waits_for="", reason="", next_at=None)
            rank = (alive and run.waits_for == "slow", run.began_at or worker.started_at, shown)
            if run.name not in newest or rank[:2] > newest[run.name][:2]:
                newest[run.name] = rank
    return [newest[name][2] if name in newest else JobRun(name) for name in JOBS]
