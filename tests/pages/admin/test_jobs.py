"""The page of background jobs, for admins: when each last ran, what it waits for, and whether any worker runs."""

from datetime import timedelta

import pytest

from helpdesk.db import transactions
from helpdesk.operations import background_jobs, restarts
from helpdesk.operations.background_jobs import JobRun, Worker
from helpdesk.operations.restarts import Restart
from helpdesk.search_index import reindexing
from tests.support import builders
from tests.support.browser import text_of


def report(seen_at, *runs, name="alpha 12", stopped=False):
    background_jobs.report(Worker(name, seen_at - timedelta(hours=3), seen_at, stopped=stopped, runs=list(runs)))


def test_before_any_worker_has_run_it_says_how_to_start_one(browse, cast):
    page = text_of(browse(cast.eve).get("/jobs"))
    assert "No worker has run yet" in page and "flask --app app worker" in page
    assert "There are no jobs here yet." in page


def test_it_says_when_each_job_last_ran_how_long_it_took_and_what_it_waits_for(browse, cast):
    now = transactions.now()
    report(
        now,
        JobRun(
            "mails", now - timedelta(minutes=4), 20.04, "mail_server", "<refused> by mx", now + timedelta(seconds=15)
        ),
        JobRun("closing", now - timedelta(minutes=1), 0.21, next_at=now + timedelta(minutes=1)),
        JobRun("trash", now - timedelta(hours=2), 0.1, "slow"),
        JobRun("stray_files", None, None, "other_jobs"),
        JobRun("daily_counts", now, 1.0, "failed", "ZeroDivisionError"),
    )
    page = text_of(browse(cast.eve).get("/jobs"))
    rows = {name: page.partition(str(name))[2][:130] for name in background_jobs.JOBS.values()}
    mails = rows["Send mails"]
    assert "last ran 4 minutes ago" in mails and "took 20.0 s" in mails and "It waits for the mail server." in mails
    assert "<refused> by mx" in mails and "Next at" in mails
    assert "took 0.2 s" in rows["Close resolved tickets"] and "It waits for its time." in rows["Close resolved tickets"]
    assert "longer than it should" in rows["Empty the trash"]
    assert "It waits for other jobs to end." in rows["Remove files that belong to no ticket"]
    assert "It failed and is tried again." in rows["Count for the dashboard"]
    assert "has not run yet" in rows["Remove old drafts"]
    assert "alpha 12" in page and "running" in page and "No worker" not in page


@pytest.mark.parametrize("stopped, words", [(True, "stopped at"), (False, "not heard of since")])
def test_a_desk_without_a_worker_says_so_and_since_when(browse, cast, stopped, words):
    report(
        transactions.now() - timedelta(hours=1), JobRun("mails", transactions.now(), 0.1, "running"), stopped=stopped
    )
    page = text_of(browse(cast.eve).get("/jobs"))
    assert "No worker has been heard of since" in page and words in page
    assert "It is running." not in page and "It waits for a worker." in page


def test_it_says_which_parts_of_the_desk_were_started_again(browse, cast):
    assert "Started again" not in browse(cast.eve).get("/jobs").text
    now = transactions.now()
    for number in range(restarts.MOST + 5):
        restarts.record(Restart("web", 3, now - timedelta(hours=1)))
    restarts.record(Restart("worker", -9, now - timedelta(minutes=5)))
    page = text_of(browse(cast.eve).get("/jobs")).partition("Started again")[2]
    assert page.index("Worker 5 minutes ago by signal 9") < page.index("Web server 1 hour ago with code 3")
    assert page.count("Web server") == restarts.MOST - 1


def test_readyz_names_a_late_worker_and_stays_ready(browse, cast):
    report(transactions.now() - background_jobs.SILENT, JobRun("mails"))
    answer = browse().get("/readyz")
    assert answer.status_code == 200 and answer.json == {"status": "ready", "worker": "late"}
    report(transactions.now(), JobRun("mails"), name="beta 7")
    assert browse().get("/readyz").json == {"status": "ready", "worker": "running"}


@pytest.mark.parametrize("name, status", [("ada", 403), ("cleo", 403), ("eve", 200)])
def test_it_is_for_admins_only(browse, cast, name, status):
    assert browse(getattr(cast, name)).get("/jobs").status_code == status


def test_it_says_how_many_tickets_wait_to_be_indexed_anew(browse, cast):
    builders.ticket(cast.ada)
    eve = browse(cast.eve)
    assert "1 ticket is still to be indexed anew for search" in text_of(eve.get("/jobs"))
    reindexing.rebuild(lambda count: None)
    assert "indexed anew" not in text_of(eve.get("/jobs"))
