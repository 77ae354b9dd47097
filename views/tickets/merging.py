"""Merging a ticket into another, splitting them again, and making a ticket of a message."""

from functools import partial

from flask import flash, render_template, request
from flask_babel import gettext as _

from helpdesk.attachments import files
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import links, merging as acts, splitting
from views.tickets import forms
from views.tickets.ticket_page import back_to, done, page
from web.pages import later, render_later


def merge(ticket, me):
    """First what would happen and who would read what; then, once that was agreed to, the merge itself."""
    form, at = forms.MergeForm(), transactions.now()
    changes = request.method == "POST"
    if changes and not form.validate():
        return page(ticket, me, status=422, merge=form)
    form.into.data = form.into.data or request.args.get("into", "")
    try:
        into = links.named(form.into.data, by=me, to_change=changes)
        plan = acts.plan(ticket, into)
    except Refused as no:
        form.refuse(no, "into")
        return page(ticket, me, status=409, merge=form)
    if not changes:
        form.follow.data = ticket.requester_id == plan.into.requester_id
    if not changes or form.agreed.data != plan.fingerprint:
        return later(partial(_plan_page, ticket, plan.into, form), 409 if changes else 200)
    acts.merge(ticket, plan.into, by=me, follow=form.follow.data, at=at)
    return done(_("Ticket #%(number)s is part of this one now.", number=ticket.id), ticket, me, at)


def _plan_page(ticket, into, form):
    """Found anew, so that whoever agrees agrees to those who are named here."""
    plan = acts.plan(ticket, into)
    changed, form.agreed.data = bool(form.agreed.data), plan.fingerprint
    return render_template("tickets/merge.html", ticket=ticket, plan=plan, form=form, changed=changed)


def unmerge(ticket, me):
    try:
        acts.split_again(ticket, by=me)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    flash(_("Ticket #%(number)s stands on its own again.", number=ticket.id))
    return back_to(ticket)


def split(ticket, message, me):
    form, at = forms.SplitForm(), transactions.now()
    try:
        if not form.validate_on_submit():
            splitting.refuse(message)
            names, status = files.names_with(ticket, message), 422 if form.is_submitted() else 200
            return render_later("tickets/split.html", status, ticket=ticket, message=message, form=form, names=names)
        new = splitting.split(message, form.subject.data, by=me, form_token=form.token, at=at)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    said = _("Ticket #%(number)s is raised for %(name)s.", number=new.id, name=new.requester.name)
    return done(said, ticket, me, at)
