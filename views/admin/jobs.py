"""Background jobs for admins: when each last ran, what it waits for, which workers run, what was started again."""

from flask import render_template

from helpdesk.db import transactions
from helpdesk.operations import background_jobs, restarts
from helpdesk.search_index import reindexing


def jobs(me):
    at, workers = transactions.now(), background_jobs.workers()
    return render_template(
        "admin/jobs.html",
        runs=background_jobs.last_runs(workers, at),
        names=background_jobs.JOBS,
        waits=background_jobs.WAITS,
        workers=workers,
        at=at,
        any_running=any(worker.is_running(at) for worker in workers),
        unindexed=reindexing.waiting(),
        restarts=restarts.recent(),
        parts=restarts.PARTS,
    )
