"""The worker: everything that is due in the database and runs with nobody waiting. As many as wanted may run."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time

from flask import Flask

from helpdesk.db import transactions
from helpdesk.operations import background_jobs
from jobs import bulk, files, imports, mail_sender, maintenance, search_index
from jobs.scheduler import Job, Scheduler, run_job

log = logging.getLogger("desk.worker")
STOPS = {signal.SIGTERM, signal.SIGINT}
# A worker that is told to stop finishes what it is at, but does not wait for a mail server that says nothing: the mail
# in hand is sent again once its lease has ended.
GRACE = 0.8
PAUSE = 1.0
# A round of mails begins none after 60 s, and one mail may take twice 120 s: the sign-in, and the mail itself.
MAILS_LIMIT = mail_sender.ROUND + 2 * 120

JOBS = (
    Job("mails", mail_sender.send_due, PAUSE, limit=MAILS_LIMIT, apart=True, statement=15),
    Job("bulk_changes", bulk.work, PAUSE, limit=120, apart=True),
    Job("imports", imports.work, PAUSE, limit=3600, apart=True, statement=60),
    Job("clock", maintenance.correct_clock, 30),
    Job("closing", maintenance.close_resolved, 60),
    Job("trash", maintenance.purge_trash, 600),
    Job("old_attempts", maintenance.forget_attempts, 600),
    Job("old_sessions", maintenance.forget_sessions, 600),
    Job("old_links", maintenance.forget_links, 3600),
    Job("old_drafts", maintenance.forget_drafts, 600),
    Job("old_presence", maintenance.forget_presence, 60),
    Job("old_bulk_changes", bulk.forget, 3600),
    Job("old_imports", imports.tidy, 3600, limit=300),
    Job("unused_files", files.collect, 60, limit=300),
    Job("stray_files", files.collect_strays, 6 * 3600, limit=3600),
    Job("daily_counts", maintenance.keep_tallies, 30, limit=120),
    Job("search_index", search_index.index_anew, 60, limit=120, apart=True),
)


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; returns within a second of it. For the main thread of a process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    worker = Worker(app)
    worker.start()
    log.info("worker started")
    signal.sigwait(STOPS)
    worker.stop()
    log.info("worker stopped")


def run_once(app: Flask, jobs: tuple[Job, ...] = JOBS) -> None:
    """Every job once, one after the other, whether its time has come or not."""
    for job in jobs:
        run_job(app, job)


class Worker:
    """Runs the jobs in threads of this process, and reports how they are for the page of admins."""

    def __init__(self, app: Flask, jobs: tuple[Job, ...] = JOBS) -> None:
        self._app = app
        self._name = f"{socket.gethostname()[:30]} {os.getpid()}"
        self._started_at = transactions.now()
        reporting = Job("report", self._report, background_jobs.EVERY.total_seconds(), apart=True)
        self._scheduler = Scheduler(app, jobs, reporting)
        self._stopping = False

    def start(self) -> None:
        threading.Thread(target=self._scheduler.run, name="worker", daemon=True).start()

    def stop(self) -> None:
        """Returns within GRACE, whatever is still running."""
        until = time.monotonic() + GRACE
        self._scheduler.stop(GRACE / 2)
        self._stopping = True
        farewell = threading.Thread(target=run_job, args=(self._app, Job("report", self._report, 0)), daemon=True)
        farewell.start()
        farewell.join(max(0.0, until - time.monotonic()))

    def _report(self) -> None:
        runs = [run for run in self._scheduler.runs() if run.name in background_jobs.JOBS]
        background_jobs.report(
            background_jobs.Worker(self._name, self._started_at, transactions.now(), stopped=self._stopping, runs=runs)
        )
