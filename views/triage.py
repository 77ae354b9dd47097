"""The agents' lists: triage, dashboard, trash."""

from flask import current_app, render_template, request

import forms
from helpdesk import picking, store
from helpdesk import triage as lists
from web.filters import zone


def triage(me):
    view = request.args.get("view", "new")
    sort = request.args.get("sort", "activity")
    view, sort = view if view in lists.VIEWS else "all", sort if sort in lists.SORTS else "activity"
    page = lists.listing(view, me, sort=sort, mark=request.args.get("mark", ""))
    beside = picking.beside([row.id for row in page.rows])
    return render_template(
        "triage/triage.html",
        page=page,
        bulk=forms.BulkForm(formdata=None, beside=beside),
        tags=beside.tags,
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
