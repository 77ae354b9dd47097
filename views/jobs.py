"""Background jobs for admins: when each last ran, what it waits for, which workers run, what was started again."""

from flask import render_template

from helpdesk import background_jobs, reindexing, restarts, store


def jobs(me):
    at, workers = store.now(), background_jobs.workers()
    return render_template(
        "jobs/jobs.html",
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
