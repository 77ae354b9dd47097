"""Changing the tickets that were selected in a list, and the page that says how far it is."""

import re
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _, ngettext
from werkzeug.datastructures import MultiDict

from helpdesk.bulk import actions, jobs as acts
from helpdesk.db import transactions
from helpdesk.db.transactions import undo_window
from helpdesk.errors import Refused
from helpdesk.lists import filter_choices
from views.lists import forms, triage
from views.lists.agent_list import ListRequest
from web.filters import local_path
from web.pages import later

MOST_NUMBERS = 1000


def start(me):
    choices, back = filter_choices.choices(me), _back()
    form = forms.BulkForm(agents=choices.agents, categories=choices.categories)
    if not form.validate():
        why = form.first_wrong.errors[0] if form.first_wrong else form.form_errors[0]
        return later(partial(_list, me, back, form, why), 422)
    try:
        job = _started(form.chosen, me)
    except Refused as no:
        transactions.rollback()
        return later(partial(_list, me, back, form, no), 409)
    tally = acts.tally(job)
    if job.state == "waiting" or tally.get("refused"):
        return redirect(url_for("bulk.show", job=job), 303)
    changed = tally.get("done", 0)
    said = ngettext("%(num)s ticket is changed.", "%(num)s tickets are changed.", changed)
    if not changed:
        flash(_("Nothing to change: it was like that already."))
    else:
        flash(said, url_for("bulk.undo", job=job) if undo_window() else "done")
    return redirect(back, 303)


def _started(chosen, me):
    """All that match the list, or those that were ticked."""
    if request.form.get("all"):
        listed = ListRequest(me, request.form, with_choices=False)
        if listed.mistake or (listed.view and listed.view.key != request.form.get("view")):
            raise Refused(_("This list is not there any more. Open it again, then select."))
        return acts.start(listed.where, chosen, by=me)
    return acts.start_with(_ticked(), chosen, by=me)


def _ticked():
    ticked = [one for one in request.form.getlist("ticket") if re.fullmatch(r"[1-9][0-9]{0,8}", one)]
    return [int(one) for one in ticked[:MOST_NUMBERS]]


def _back():
    """The list that the form stood on."""
    wanted = local_path(request.form.get("back"))
    return wanted if wanted != "/" else url_for("triage.triage")


def _list(me, back, form, why):
    """The list once more, with the rows ticked and the change chosen as they were."""
    listed = ListRequest(me, MultiDict(parse_qsl(urlsplit(back).query)))
    ticked, every = frozenset(_ticked()), bool(request.form.get("all"))
    return triage.page(me, listed, form=form, why=str(why), ticked=ticked, all=every)


def show(job, me, status=200, refusal=None):
    _remember(job, me)
    return later(partial(_page, job, me, refusal), status)


def _page(job, me, refusal):
    return render_template(
        "lists/bulk.html",
        job=job,
        tally=acts.tally(job),
        told=actions.sentences(job.acts),
        refusals=acts.refusals(job),
        may_undo=undo_window() and acts.may_undo(job, me),
        refusal=refusal,
    )


def _remember(job, me):
    """Whoever started a long change and left its page is led back from triage, until they have seen it ended."""
    if job.state in ("waiting", "undoing"):
        if job.person_id == me.id and session.get("bulk_job") != job.id:
            session["bulk_job"] = job.id
    elif session.get("bulk_job") == job.id:
        del session["bulk_job"]


def cancel(job, me):
    stays = _("Cancelled. What was changed so far stays changed.")
    said = _("Cancelled. What was changed so far stays changed, or can be taken back.") if undo_window() else stays
    return _act(job, me, said, acts.cancel)


def undo(job, me):
    before = acts.tally(job).get("undone", 0)
    return _act(job, me, lambda: _taken_back(job, before), lambda one: acts.undo(one, by=me))


def _taken_back(job, before):
    if job.state == "undoing":
        return _("It is being taken back.")
    done = acts.tally(job).get("undone", 0) > before
    return _("Taken back.") if done else _("There was nothing to take back.")


def _act(job, me, said, act):
    """`said` may be made of how the job is afterwards."""
    try:
        act(job)
    except Refused as no:
        return show(job, me, 409, str(no))
    flash(said() if callable(said) else said)
    return redirect(url_for("bulk.show", job=job), 303)
