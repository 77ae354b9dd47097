"""The agents' lists: triage, its export, dashboard, trash."""

from flask import Response, abort, current_app, redirect, render_template, request, stream_with_context, url_for

import forms
from helpdesk import exporting, store
from helpdesk import triage as lists
from helpdesk.figures import figures
from helpdesk.query import Mistake
from views import search
from views.lists import Chosen
from web.door import aside
from web.filters import kept_rows, zone


def triage(me):
    chosen = Chosen(me, request.args, with_choices=not kept_rows())
    if "before" in request.args and chosen.mistake is None:
        try:
            return redirect(url_for("triage.triage", q=search.with_filters(chosen), sort=chosen.sort), 303)
        except Mistake as mistake:
            chosen.mistake = mistake
    if chosen.view is None and (leads_to := search.ticket_of(me, chosen.wanted)):
        return leads_to
    html = render_template(
        "triage/triage.html",
        chosen=chosen,
        page=chosen.page(request.args.get("mark", "")) if chosen.mistake is None else None,
        counts=chosen.counts(),
        sort=chosen.sort,
        sorts=lists.SORTS,
        **({} if kept_rows() else _around_list(me, chosen)),
    )
    return html, 422 if chosen.mistake and chosen.view is None else 200


def _around_list(me, chosen):
    """The forms of the page. One that is open already has them, and fetches its rows and counts only."""
    data = {"query": chosen.typed, "sort": chosen.sort}
    return {
        "bulk": forms.BulkForm(formdata=None, agents=chosen.choices.agents, categories=chosen.choices.categories),
        "filters": search.filters(me, chosen.wanted, chosen.choices),
        "save": forms.SaveViewForm(formdata=None, for_admin=me.is_admin, data=data),
    }


def export(me):
    """Every ticket of a list as a file, sent while it is read. That somebody took it away is written down."""
    chosen, kind = Chosen(me, request.args, with_choices=False), request.args.get("format", "csv")
    asked = request.args.get("view")
    if kind not in exporting.KINDS or chosen.mistake or (asked and chosen.view and chosen.view.key != asked):
        abort(404)
    at = store.now()
    pieces = stream_with_context(exporting.pieces(kind, exporting.rows(me, chosen.where_for)))
    response = Response(pieces, content_type=exporting.KINDS[kind])
    name = f"tickets-{chosen.name}-{at.astimezone(zone()):%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    if request.method == "GET":
        aside(exporting.note, me, chosen.typed if chosen.view is None else chosen.name, kind)
    return response


def dashboard(me):
    return render_template("triage/dashboard.html", figures=figures(me, zone()))


def trash(me):
    return render_template("triage/trash.html", rows=lists.in_trash(me), days=current_app.config["TRASH_DAYS"])
