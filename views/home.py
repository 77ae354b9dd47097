"""The front door, our static files, and the two addresses that watch over the desk."""

from pathlib import Path

import flask_bootstrap
from flask import current_app, jsonify, redirect, send_from_directory, url_for

from helpdesk import outages
from helpdesk.accounts import people
from helpdesk.db import migrations, transactions
from helpdesk.disk import disk_space
from helpdesk.operations import background_jobs, warm_up
from web.outages.outage_log import database_file

BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5"
YEAR = 365 * 24 * 3600


def index(me):
    if me is not None:
        return redirect(url_for("triage.triage") if me.is_agent else url_for("tickets.mine"), 303)
    return redirect(url_for("accounts.sign_in") if people.any_admin() else url_for("accounts.setup"), 303)


def healthz():
    """The process is up; nothing else is asked."""
    return jsonify(status="up")


def readyz():
    """The database answers, has the tables of this version, and this process can read lists, searches and tickets.

    Without a worker, pages can be served all the same.
    """
    if not transactions.reachable():
        return jsonify(status="not ready", reason="the database does not answer"), 503
    if migrations.is_newer():
        return jsonify(status="not ready", reason="a newer version has made the tables of the database"), 503
    if not migrations.current():
        return jsonify(status="not ready", reason="the database needs a migration: flask db upgrade"), 503
    if not warm_up.check():
        return jsonify(status="not ready", reason="this process cannot read lists and tickets: restart it"), 503
    worker = "running" if background_jobs.any_running(transactions.now()) else "late"
    if why := _unwritable():
        return jsonify(status="read-only", reason=why, worker=worker)
    return jsonify(status="ready", worker=worker)


def _unwritable():
    """Pages can be read then, so it is still worth sending people here."""
    file = database_file()
    return outages.unwritable.recent() or (disk_space.unwritable(file.parent) if file else "")


def static(filename):
    return send_from_directory(Path(current_app.root_path) / "static", filename, max_age=YEAR)


def bootstrap(filename):
    """Bootstrap as the package Bootstrap-Flask ships it: only what the pages use."""
    return send_from_directory(BOOTSTRAP, filename, max_age=YEAR)
