"""The agents' lists: triage, dashboard, trash."""

from flask import current_app, render_template, request

from helpdesk import triage as lists
from helpdesk.figures import figures
from web.filters import zone


def triage(me):
    view = request.args.get("view", "new")
    sort = request.args.get("sort", "activity")
    view, sort = view if view in lists.VIEWS else "all", sort if sort in lists.SORTS else "activity"
    return render_template(
        "triage/triage.html",
        page=lists.listing(view, me, sort=sort, mark=request.args.get("mark", "")),
        counts=lists.counts(me),
        view=view,
        sort=sort,
        views=lists.VIEWS,
        sorts=lists.SORTS,
    )


def dashboard(me):
    return render_template("triage/dashboard.html", figures=figures(me, zone()))


def trash(me):
    return render_template("triage/trash.html", rows=lists.in_trash(me), days=current_app.config["TRASH_DAYS"])
