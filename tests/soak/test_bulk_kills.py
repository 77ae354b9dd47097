"""kill -9 of the worker while it changes many tickets: each is changed once, and taken back once."""

import os
import signal
import time
from collections import Counter

import pytest
from sqlalchemy import func, insert, select

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.lists import ticket_lists
from models import BulkJob, Event, Ticket, db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc
from tests.support.builders import act
from tests.support.servers.live import LiveDesk

pytestmark = [pytest.mark.soak, needs_proc]

TICKETS, KILLS = 3000, 12


def test_a_worker_killed_again_and_again_changes_and_takes_back_each_ticket_once(app, cast, database_url):
    fill(cast.ada)
    job = act(jobs.start, ticket_lists.in_view("new", cast.cleo), {"tag": "vpn", "priority": "high"}, by=cast.cleo).id
    desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url})
    try:
        for goal in ("done", "undone"):
            kills = run_and_kill(desk, job, goal)
            print(f"\n{TICKETS} tickets {goal} on {db.engine.dialect.name} with {kills} kills of the worker")
            if goal == "done":
                act(lambda: jobs.undo(db.session.get(BulkJob, job), by=cast.cleo))
    finally:
        desk.stop()
    db.session.rollback()
    assert jobs.tally(db.session.get(BulkJob, job)) == {"undone": TICKETS}
    for kind, each in {"tagged": 1, "priority_set": 1, "undone": 2}.items():
        times = Counter(db.session.scalars(select(func.count()).where(Event.kind == kind).group_by(Event.ticket_id)))
        assert times == {each: TICKETS}, kind
    assert set(db.session.scalars(select(Ticket.priority))) == {2}


def fill(requester):
    now = transactions.now()
    row = {"description": "d", "type": "incident", "status": "new", "priority": 2, "requester_id": requester.id}
    row |= {"raised_by_id": requester.id, "created_at": now, "activity_at": now, "public_activity_at": now}
    with transactions.writing():
        db.session.execute(insert(Ticket), [row | {"subject": f"Ticket {number}"} for number in range(TICKETS)])


def run_and_kill(desk, job, goal):
    """Start workers until the job has come to its goal, killing each of the first ones at work."""
    kills, until = 0, time.monotonic() + 240
    desk.start_worker()
    while state_of(job) != goal:
        assert time.monotonic() < until, "the job does not come to its end"
        time.sleep(1.1)
        if kills < KILLS:
            os.killpg(desk.worker.pid, signal.SIGKILL)
            desk.worker.wait()
            kills += 1
            desk.start_worker()
    os.killpg(desk.worker.pid, signal.SIGKILL)
    desk.worker.wait()
    return kills


def state_of(job):
    db.session.rollback()
    return db.session.scalar(select(BulkJob.state).where(BulkJob.id == job))
