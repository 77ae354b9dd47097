"""Runs jobs at their times, each in a thread of its own and never twice at once, so that none holds up the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import Flask

from helpdesk import outages
from helpdesk.db import timeouts, transactions
from helpdesk.db.timeouts import JOB, Patience
from helpdesk.operations.background_jobs import JobRun
from jobs.delays import Delayed

log = logging.getLogger("desk.worker")
# All jobs together write a line a second at most while the database or the disk does not work.
outage_log = outages.Log(log)
AFTER_TROUBLE = 5.0
# Jobs without a thread of their own that run at the same time. One that is over its limit does not count.
SHARED = 2


@dataclass(frozen=True)
class Job:
    """`work` does a small part and returns whether more of it may be due. The times are in seconds.

    A job over its limit goes on, but the others no longer wait for it, and admins see it. No statement of it may take
    longer than `statement`, or else than the limit. One that is `apart` never waits for others.
    """

    name: str
    work: Callable[[], bool | None]
    every: float
    limit: float = 60
    apart: bool = False
    statement: float | None = None

    def patience(self) -> Patience:
        """How long the job waits for the database."""
        seconds = min(int(self.statement or self.limit), JOB.statement)
        return replace(JOB, statement=seconds, answer=seconds + 20, turn=min(seconds, JOB.turn))


class Outcome(NamedTuple):
    """What became of one turn: seconds until the next one, and what it waits for (operations/background_jobs.py)."""

    wait: float
    waits_for: str = ""
    reason: str = ""


def run_job(app: Flask, job: Job) -> Outcome:
    """One turn of a job, in an app context, and so a database session, of its own. Never raises."""
    try:
        with app.app_context(), timeouts.allow(job.patience()):
            return Outcome(0.0 if job.work() else job.every)
    except Delayed as delay:
        log.warning("%s waits for %s: %s", job.name, delay.waits_for, delay.reason)
        return Outcome(delay.seconds, delay.waits_for, delay.reason)
    except Exception as error:
        if cause := outages.cause(error):
            outage_log.error(f"{job.name} failed: {cause}: {outages.reason(error)}")
            return Outcome(max(job.every, AFTER_TROUBLE), "database", outages.reason(error))
        log.exception("%s failed", job.name)
        return Outcome(max(job.every, AFTER_TROUBLE), "failed", type(error).__name__)


@dataclass
class _Turn:
    """Where one job is. `due` and `began` are seconds of the monotonic clock."""

    job: Job
    due: float = 0.0
    began: float | None = None
    slow: bool = False
    last: JobRun = field(default_factory=lambda: JobRun(""))

    def over_limit_at(self) -> float:
        return (self.began or 0.0) + self.job.limit


class Scheduler:
    """`run` works until `stop`, in another thread. What has to wait, waits here and not in the jobs."""

    def __init__(self, app: Flask, jobs: Iterable[Job], report: Job) -> None:
        """`report` is one job more, which is also run as soon as there is something to report."""
        self._app = app
        self._report = _Turn(report, last=JobRun(report.name))
        self._turns = [_Turn(job, last=JobRun(job.name)) for job in jobs] + [self._report]
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._stopping = False

    def run(self) -> None:
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                self._note_slow(now)
                for turn in self._startable(now):
                    self._start(turn, now)
                self._changed.wait(self._until_next(now))

    def stop(self, seconds: float) -> None:
        """Begin nothing more, and give what is running so many seconds to end."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            running = list(self._threads)
        until = time.monotonic() + seconds
        for thread in running:
            thread.join(max(0.0, until - time.monotonic()))

    def _note_slow(self, now: float) -> None:
        for turn in self._turns:
            if turn.began is not None and not turn.slow and now >= turn.over_limit_at():
                turn.slow = True
                self._report.due = 0.0
                log.error("%s has been running for %d seconds, longer than it should", turn.job.name, turn.job.limit)

    def _startable(self, now: float) -> list[_Turn]:
        """Jobs that are due and have room, those first that have waited longest."""
        due = sorted(
            (turn for turn in self._turns if turn.began is None and turn.due <= now), key=lambda turn: turn.due
        )
        room = SHARED - sum(
            1 for turn in self._turns if turn.began is not None and not turn.slow and not turn.job.apart
        )
        shared = [turn for turn in due if not turn.job.apart]
        return [turn for turn in due if turn.job.apart] + shared[: max(0, room)]

    def _start(self, turn: _Turn, now: float) -> None:
        turn.began = now
        turn.last = replace(turn.last, began_at=transactions.now())
        thread = threading.Thread(target=self._work, args=(turn,), name=turn.job.name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _work(self, turn: _Turn) -> None:
        outcome = run_job(self._app, turn.job)
        with self._changed:
            now = time.monotonic()
            seconds = now - (turn.began or now)
            if turn is not self._report and outcome.waits_for != turn.last.waits_for:
                self._report.due = 0.0
            turn.last = replace(turn.last, seconds=seconds, waits_for=outcome.waits_for, reason=outcome.reason)
            turn.began, turn.slow, turn.due = None, False, now + outcome.wait
            self._threads.discard(threading.current_thread())
            self._changed.notify_all()

    def _until_next(self, now: float) -> float:
        """Seconds until a job is due or over its limit. A job that waits for room is woken by whoever makes room."""
        nexts = [turn.due for turn in self._turns if turn.began is None and turn.due > now]
        nexts += [turn.over_limit_at() for turn in self._turns if turn.began is not None and not turn.slow]
        return max(0.0, min(nexts, default=now + 60) - now)

    def runs(self) -> list[JobRun]:
        """How each job is at this moment."""
        with self._changed:
            now, at = time.monotonic(), transactions.now()
            return [self._run(turn, now, at) for turn in self._turns]

    def _run(self, turn: _Turn, now: float, at: datetime) -> JobRun:
        if turn.began is not None:
            return replace(turn.last, waits_for="slow" if turn.slow else "running", reason="", next_at=None)
        if turn.due <= now:
            return replace(turn.last, waits_for="other_jobs", reason="", next_at=None)
        return replace(turn.last, next_at=at + timedelta(seconds=turn.due - now))
