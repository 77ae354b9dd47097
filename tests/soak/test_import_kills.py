"""kill -9 of the worker while it imports a file: every row becomes one ticket, and the counts are right."""

import os
import signal
import time

import pytest

from helpdesk.db import transactions
from helpdesk.import_export import import_jobs
from integrations.files import intake
from models import Event, Import, Ticket, db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc
from tests.support.builders import act
from tests.support.servers.live import LiveDesk

pytestmark = [pytest.mark.soak, needs_proc]

ROWS, BAD, KILLS = 6000, 60, 6


def test_a_worker_killed_again_and_again_imports_each_row_once(app, cast, database_url, files_dir, tmp_path):
    job = bring(cast.eve, tmp_path)
    desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url, "FILES_DIR": files_dir})
    try:
        desk.start_worker()
        wait_for(job, "ready")
        act(lambda: import_jobs.start(db.session.get(Import, job), version=1))
        kills = kill_until_done(desk, job)
    finally:
        desk.stop()
    done = row(job)
    print(f"\n{ROWS} rows imported on {db.engine.dialect.name} with {kills} kills of the worker")
    assert kills == KILLS
    assert (done.added, done.known, done.left_out) == (ROWS - BAD, 0, BAD)
    assert db.session.query(Ticket).count() == ROWS - BAD
    assert db.session.query(Event).filter_by(kind="imported").count() == ROWS - BAD


def bring(admin, folder):
    path = folder / "tickets.csv"
    rows = [f"P-{n},{'' if n % 100 == 0 else 'Subject'},Text {n},Hardware" for n in range(1, ROWS + 1)]
    path.write_text("\n".join(["external_id,subject,description,category", *rows]))
    with open(path, "rb") as source:
        taken = intake.take_table(source, path.name)
    upload = import_jobs.Upload(path.name, taken.place, taken.key, None, taken.sha256)
    return act(import_jobs.begin, upload, {}, by=admin)[0].id


def kill_until_done(desk, job):
    """Kill the worker each time it has got on, and let the claim of the dead one end at once instead of in a minute."""
    kills, reached = 0, 0
    until = time.monotonic() + 180
    while row(job).state != "done":
        assert time.monotonic() < until, "the import does not come to its end"
        if kills < KILLS and row(job).lines_done > reached:
            os.killpg(desk.worker.pid, signal.SIGKILL)
            desk.worker.wait()
            kills, reached = kills + 1, row(job).lines_done
            with transactions.writing():
                db.session.get(Import, job).claimed_until = transactions.now()
            desk.start_worker()
        time.sleep(0.01)
    return kills


def wait_for(job, state):
    until = time.monotonic() + 60
    while row(job).state != state:
        assert time.monotonic() < until, f"{row(job).state} and not {state}"
        time.sleep(0.1)


def row(job):
    db.session.rollback()
    return db.session.get(Import, job)
