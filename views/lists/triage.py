"""The agents' lists: triage, its export, dashboard, trash."""

from functools import partial

from flask import (
    Response,
    abort,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from helpdesk.db import transactions
from helpdesk.import_export import exporter
from helpdesk.limits.usage_limits import EXPORT
from helpdesk.lists import ticket_lists as lists
from helpdesk.lists.columns import COLUMNS, keep
from helpdesk.lists.sorting import SORTS
from helpdesk.notifications import deliveries
from helpdesk.query.mistakes import Mistake
from helpdesk.reports.dashboard import figures
from views.lists import forms, search
from views.lists.agent_list import ListRequest
from web import throttle
from web.filters import capped, rows_on_page, zone


def triage(me):
    chosen = ListRequest(me, request.args, with_choices=not rows_on_page())
    if not chosen.is_standing:
        throttle.take(me, throttle.SEARCH)
    if "before" in request.args and chosen.mistake is None:
        try:
            q = search.with_filters(chosen)
            return redirect(url_for("triage.triage", q=q, sort=chosen.sort, columns=chosen.words), 303)
        except Mistake as mistake:
            chosen.mistake = mistake
    if chosen.typed_number and (leads_to := search.ticket_of(me, chosen.wanted, chosen.page().rows)):
        return leads_to
    return page(me, chosen), 422 if chosen.mistake and chosen.view is None else 200


def page(me, chosen, **sent):
    """The list. A change of many tickets that was `sent` from it and refused is shown as it was, with the reason."""
    return render_template(
        "lists/triage.html",
        chosen=chosen,
        page=chosen.page() if chosen.mistake is None else None,
        counts=chosen.counts(),
        sort=chosen.sort,
        sorts=SORTS,
        **({} if rows_on_page() else _forms_of_list(me, chosen)),
        sent=sent,
    )


def _forms_of_list(me, chosen):
    """The forms of the page. One that is open already has them, and fetches its rows and counts only.

    The large ones are made only where the page has not kept them (web/fragment_cache.py).
    """
    data = {"query": chosen.typed, "sort": chosen.sort, "columns": chosen.words}
    return {
        "bulk": partial(forms.BulkForm, None, agents=chosen.choices.agents, categories=chosen.choices.categories),
        "all_columns": COLUMNS,
        "filters": partial(search.filters, me, chosen.wanted, chosen.choices),
        "save": partial(forms.SaveViewForm, None, for_admin=me.is_admin, data=data),
    }


def counts(me):
    """For the views that a list shows without a number at first (static/js/live/counts.js)."""
    found = ListRequest(me, MultiDict(), with_choices=False).looked_up()
    return jsonify({key: capped(number) for key, number in found.items()})


def columns(me):
    """Keep what the form in the list's head says for all lists of this person."""
    chosen = ListRequest(me, request.form, with_choices=False)
    keep(me, chosen.words)
    flash(_("Your lists show these columns now. Views that were saved with columns keep their own."))
    words = chosen.words if chosen.view and chosen.view.columns else None
    return redirect(url_for("triage.triage", **chosen.address, sort=chosen.sort, columns=words), 303)


def export(me):
    """Every ticket of a list as a file, sent while it is read. That somebody took it away is written down."""
    chosen, kind = ListRequest(me, request.args, with_choices=False), request.args.get("format", "csv")
    asked = request.args.get("view")
    if kind not in exporter.KINDS or chosen.mistake or (asked and chosen.view and chosen.view.key != asked):
        abort(404)
    at, where = transactions.now(), chosen.where
    if request.method == "GET":
        with transactions.writing():
            throttle.spend(me, EXPORT)
            exporter.note(me, chosen.typed if chosen.view is None else chosen.name, kind)
    pieces = stream_with_context(exporter.pieces(kind, exporter.rows(me.id, where, zone()), zone()))
    response = Response(pieces, content_type=exporter.KINDS[kind])
    name = f"tickets-{chosen.name}-{at.astimezone(zone()):%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def dashboard(me):
    given_up = deliveries.given_up() if me.is_admin else 0
    return render_template(
        "lists/dashboard.html",
        figures=figures(me, zone()),
        given_up=given_up,
        given_up_days=deliveries.GIVEN_UP_SHOWN.days,
    )


def trash(me):
    return render_template("lists/trash.html", rows=lists.in_trash(me), days=current_app.config["TRASH_DAYS"])
