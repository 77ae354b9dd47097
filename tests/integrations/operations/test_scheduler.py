"""The worker's jobs beside each other: none holds up another, none runs twice at once, and each says how it is."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from helpdesk.bulk import jobs as bulk_jobs
from helpdesk.db import timeouts, transactions
from helpdesk.notifications import deliveries
from helpdesk.operations import background_jobs
from integrations.mail import smtp
from jobs import worker
from jobs.delays import Delayed
from jobs.scheduler import SHARED, Job, Scheduler, run_job
from models import BulkJob, Delivery, DeskFact, db
from tests.support.builders import ticket
from tests.support.servers.moody_server import MoodyServer, wait_until

QUIET = Job("report", lambda: None, 3600, apart=True)


@pytest.fixture
def schedule(app):
    """Run jobs beside each other until the test ends."""
    started = []

    def start(*jobs):
        started.append(Scheduler(app, jobs, QUIET))
        threading.Thread(target=started[-1].run, daemon=True).start()
        return started[-1]

    yield start
    for scheduler in started:
        scheduler.stop(0)


class Stuck:
    """A job that does not end before the test does."""

    def __init__(self):
        self.turns, self.ends = 0, threading.Event()

    def __call__(self):
        self.turns += 1
        self.ends.wait(30)


@pytest.fixture
def stuck():
    made = [Stuck() for _ in range(SHARED)]
    yield made
    for one in made:
        one.ends.set()


def test_every_job_of_the_worker_has_a_name_for_admins(app):
    assert [job.name for job in worker.JOBS if job.name not in background_jobs.JOBS] == []
    assert len(worker.JOBS) == len(background_jobs.JOBS)


@pytest.mark.once
def test_a_job_over_its_limit_no_longer_holds_up_the_others_and_is_named(schedule, stuck, caplog):
    ran = threading.Event()
    jobs = [Job(f"stuck {number}", one, 0.01, limit=0.1) for number, one in enumerate(stuck)]
    scheduler = schedule(*jobs, Job("other", ran.set, 3600))
    assert ran.wait(15)
    runs = {run.name: run for run in scheduler.runs()}
    assert {run.waits_for for name, run in runs.items() if "stuck" in name} == {"slow"}
    assert "longer than it should" in caplog.text


@pytest.mark.once
def test_a_job_within_its_limit_is_waited_for_but_not_by_jobs_apart(schedule, stuck):
    ran, apart = threading.Event(), threading.Event()
    jobs = [Job(f"stuck {number}", one, 0.01) for number, one in enumerate(stuck)]
    scheduler = schedule(*jobs, Job("other", ran.set, 3600), Job("apart", apart.set, 3600, apart=True))
    assert apart.wait(15) and not ran.is_set()
    assert {run.name: run.waits_for for run in scheduler.runs()}["other"] == "other_jobs"
    stuck[0].ends.set()
    assert ran.wait(15)


@pytest.mark.once
def test_a_job_never_runs_twice_at_once_and_begins_again_when_it_has_ended(schedule, stuck):
    beats = []
    schedule(Job("stuck", stuck[0], 0.001, limit=0.01), Job("beat", lambda: beats.append(1), 0.001))
    wait_until(lambda: len(beats) > 20)
    assert stuck[0].turns == 1
    stuck[0].ends.set()
    wait_until(lambda: stuck[0].turns > 2)


@pytest.mark.once
def test_what_stops_begins_nothing_more(schedule):
    beats = []
    scheduler = schedule(Job("beat", lambda: beats.append(1), 0.001))
    wait_until(lambda: len(beats) > 5)
    scheduler.stop(5)
    count = len(beats)
    threading.Event().wait(0.05)
    assert len(beats) == count


def _raise(error):
    raise error


@pytest.mark.parametrize(
    "error, waits_for, tracebacks",
    [
        (Delayed(15, "mail_server", "refused"), "mail_server", 0),
        (OperationalError("SELECT 1", {}, Exception("gone away")), "database", 0),
        (ZeroDivisionError(), "failed", 1),
    ],
    ids=["delayed", "database", "mistake"],
)
def test_a_job_that_cannot_go_on_says_what_it_waits_for(app, caplog, error, waits_for, tracebacks):
    outcome = run_job(app, Job("mails", lambda: _raise(error), 1))
    assert outcome.waits_for == waits_for and outcome.wait >= 5
    assert caplog.text.count("Traceback") == tracebacks


def test_no_statement_of_a_job_takes_longer_than_the_jobs_own_limit(app):
    waited = []
    for job in worker.JOBS:
        run_job(app, replace(job, work=lambda: waited.append(timeouts.current())))
    for job, patience in zip(worker.JOBS, waited, strict=True):
        assert patience.statement <= job.limit and patience.answer < job.limit + 30
    assert waited[0].turn + waited[0].answer + smtp.LONGEST < deliveries.LEASE.total_seconds()


# ---- the worker itself


def test_a_slow_mail_server_stops_no_bulk_change(cast, make_app, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 0)
    tickets = [ticket(cast.ada) for _ in range(3)]
    with transactions.writing():
        bulk_jobs.start_with([one.id for one in tickets], {"priority": "high"}, by=db.session.merge(cast.cleo))
    with MoodyServer(lambda step, count: "hang" if step == "mail" else None) as server:
        desk = make_app(**server.settings, MAIL_TIMEOUT="60")
        working = worker.Worker(desk)
        working.start()
        try:
            wait_until(lambda: "sending" in _states(Delivery))
            wait_until(lambda: _states(BulkJob) == ["done"])
            assert "sending" in _states(Delivery)
        finally:
            working.stop()
        wait_until(lambda: [one.stopped for one in _workers()] == [True])
    (one,) = _workers()
    assert {run.name: run.waits_for for run in one.runs}["mails"] == "running"


def _workers():
    db.session.rollback()
    return background_jobs.workers()


def _states(table):
    db.session.rollback()
    return [state for (state,) in db.session.query(table.state)]


# ---- what is kept of it


def worker_at(at, name="one 1", **runs):
    made = [background_jobs.JobRun(job, began_at=at, seconds=0.5, waits_for=waits) for job, waits in runs.items()]
    return background_jobs.Worker(name, started_at=at, seen_at=at, runs=made)


def test_the_newest_turn_of_a_job_is_shown_and_before_it_one_that_takes_too_long(app):
    now = transactions.now()
    background_jobs.report(worker_at(now - timedelta(seconds=60), "one 1", mails="slow", trash=""))
    background_jobs.report(worker_at(now, "two 2", mails="mail_server", trash="database"))
    runs = {run.name: run.waits_for for run in background_jobs.last_runs(background_jobs.workers(), now)}
    assert list(runs) == list(background_jobs.JOBS)
    assert (runs["mails"], runs["trash"], runs["closing"]) == ("slow", "database", "")


def test_a_worker_that_is_silent_waits_for_nothing(app):
    now = transactions.now()
    background_jobs.report(worker_at(now - background_jobs.SILENT, mails="running"))
    (one,) = background_jobs.workers()
    assert not one.is_running(now)
    assert {run.waits_for for run in background_jobs.last_runs([one], now)} == {""}


def test_workers_that_ended_long_ago_are_forgotten_and_a_row_of_restarts_is_bounded(app):
    now = transactions.now()
    background_jobs.report(worker_at(now - background_jobs.REMEMBERED * 2, "old 1"))
    for number in range(background_jobs.MOST + 5):
        background_jobs.report(worker_at(now, f"new {number}"))
    names = {one.name for one in background_jobs.workers()}
    assert "old 1" not in names and len(names) <= background_jobs.MOST + 1
    assert db.session.query(DeskFact).count() == len(names)
