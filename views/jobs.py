"""Background jobs for admins: when each last ran, how long it took, what it waits for, and which workers run."""

from flask import render_template

from helpdesk import background_jobs, store


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
    )
