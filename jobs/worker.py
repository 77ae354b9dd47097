"""The worker: one loop over everything that is due in the database. As many of them as wanted may run."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask

from jobs import bulk, chores, files, sending

log = logging.getLogger("desk.worker")
STOPS = {signal.SIGTERM, signal.SIGINT}
# A worker that is told to stop finishes what it is at, but does not wait for a mail server that says nothing: the mail
# in hand is sent again once its lease has ended.
GRACE = 0.8
PAUSE = 1.0
AFTER_TROUBLE = 5.0


@dataclass(frozen=True)
class Job:
    """`work` does a small part and returns whether more of it may be due; `every` is in seconds."""

    work: Callable[[], bool | None]
    every: float


JOBS = (
    Job(sending.send_due, PAUSE),
    Job(bulk.work, PAUSE),
    Job(bulk.forget, 3600),
    Job(chores.close_resolved, 60),
    Job(chores.purge_trash, 600),
    Job(chores.forget_attempts, 600),
    Job(chores.forget_sessions, 600),
    Job(chores.forget_links, 3600),
    Job(chores.forget_drafts, 600),
    Job(chores.forget_presence, 60),
    Job(files.collect, 60),
    Job(files.collect_strays, 6 * 3600),
    Job(chores.keep_tallies, 30),
)


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; returns within a second of it. For the main thread of a process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    stop = threading.Event()
    loop = threading.Thread(target=_loop, args=(app, stop), name="worker", daemon=True)
    loop.start()
    log.info("worker started")
    signal.sigwait(STOPS)
    stop.set()
    loop.join(GRACE)
    log.info("worker stopped")


def run_once(app: Flask, jobs: tuple[Job, ...] = JOBS) -> None:
    """Every job once, whether its time has come or not."""
    for job in jobs:
        _run(app, job)


def _loop(app: Flask, stop: threading.Event) -> None:
    due = dict.fromkeys(JOBS, 0.0)
    while not stop.is_set():
        for job in JOBS:
            if due[job] <= time.monotonic() and not stop.is_set():
                due[job] = time.monotonic() + _run(app, job)
        stop.wait(max(0.0, min(due.values()) - time.monotonic()))


def _run(app: Flask, job: Job) -> float:
    """Run a job in an app context, and so a database session, of its own. Returns the seconds until its next turn."""
    try:
        with app.app_context():
            return 0.0 if job.work() else job.every
    except Exception:
        log.exception("%s failed", job.work.__name__)
        return max(job.every, AFTER_TROUBLE)
