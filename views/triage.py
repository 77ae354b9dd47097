"""The agents' lists: triage, its export, dashboard, trash."""

from flask import Response, abort, current_app, render_template, request, stream_with_context

import forms
from helpdesk import categories, exporting, people, store, tags
from helpdesk import triage as lists
from helpdesk.figures import figures
from views import search
from web.door import aside
from web.filters import zone


def triage(me):
    if "q" in request.args:
        return search.found(me)
    view = request.args.get("view", "new")
    sort = request.args.get("sort", "activity")
    view, sort = view if view in lists.VIEWS else "all", sort if sort in lists.SORTS else "activity"
    page = lists.listing(view, me, sort=sort, mark=request.args.get("mark", ""))
    return render_template(
        "triage/triage.html",
        page=page,
        bulk=forms.BulkForm(formdata=None, agents=people.agents(), categories=categories.in_use()),
        used_tags=tags.used(),
        tags=tags.of([row.id for row in page.rows]),
        counts=lists.counts(me),
        view=view,
        sort=sort,
        views=lists.VIEWS,
        sorts=lists.SORTS,
    )


def export(me):
    """Every ticket of a view as a file, sent while it is read. That somebody took it away is written down."""
    view, kind = request.args.get("view", "all"), request.args.get("format", "csv")
    if kind not in exporting.KINDS or view not in lists.VIEWS:
        abort(404)
    at = store.now()
    rows = exporting.rows(me, lambda reader: lists.in_view(view, reader))
    pieces = stream_with_context(exporting.pieces(kind, rows))
    response = Response(pieces, content_type=exporting.KINDS[kind])
    name = f"tickets-{view}-{at.astimezone(zone()):%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    if request.method == "GET":
        aside(exporting.note, me, view, kind)
    return response


def dashboard(me):
    return render_template("triage/dashboard.html", figures=figures(me, zone()))


def trash(me):
    return render_template("triage/trash.html", rows=lists.in_trash(me), days=current_app.config["TRASH_DAYS"])
