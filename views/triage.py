"""The agents' lists: triage, dashboard, trash."""

from flask import current_app, render_template, request

from helpdesk import store
from helpdesk import triage as lists
from views import search
from web.filters import zone


def triage(me):
    if "q" in request.args:
        return search.found(me)
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
    at = store.now()
    return render_template("triage/dashboard.html", figures=lists.figures(me, zone(), at), at=at)


def trash(me):
    return render_template("triage/trash.html", rows=lists.in_trash(me), days=current_app.config["TRASH_DAYS"])
