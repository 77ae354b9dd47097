"""Raise a ticket, see it, work on it."""

from functools import partial

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.accounts import people
from helpdesk.attachments import files
from helpdesk.db import transactions
from helpdesk.errors import Refused, TooMany
from helpdesk.limits.usage_limits import RAISE, REPLY
from helpdesk.lists import ticket_lists
from helpdesk.tickets import categories, drafts, editing, merged, tickets, timeline
from views import limits
from views.compose import uploads
from views.tickets import forms
from views.tickets.ticket_page import back_to, done, facts_form, facts_of, packed, page, stale
from web import throttle
from web.door import before_writing, renders
from web.pages import later, render_later


def mine(me):
    finished = request.args.get("show") == "finished"
    found = ticket_lists.own(me, finished=finished, cursor=request.args.get("mark", ""))
    return render_template("tickets/mine.html", page=found, finished=finished)


# ---- raise


@before_writing(uploads.receive)
@renders("description")
def new(me, came=None):
    form = forms.TicketForm(categories=categories.in_use(), for_agent=me.is_agent)
    if not uploads.valid(form, came):
        return _new_page(me, form, uploads.status(came))
    try:
        limits.spend(form, me, RAISE)
    except Refused as no:
        form.refuse(no)
        return _new_page(me, form, throttle.status(no))
    try:
        requester = _named(form.requester.data, me) if me.is_agent and form.requester.data else me
        if not requester.is_active:
            raise Refused(_("%(name)s is switched off. Choose somebody else.", name=requester.name))
    except Refused as no:
        form.refuse(no, "requester")
        return _new_page(me, form)
    try:
        files = uploads.chosen(form, me, came)
    except Refused as no:
        form.refuse(no, "files")
        return _new_page(me, form)
    ticket = tickets.raise_ticket(
        by=me,
        requester=requester,
        subject=form.subject.data,
        description=form.description.data,
        type=form.type.data,
        priority=form.priority.data,
        category=_category(form.category.data),
        form_token=form.token,
        files=files,
    )
    uploads.settle(me, came)
    flash(_("Ticket #%(number)s is raised. IT has it now; every answer appears here.", number=ticket.id))
    return redirect(url_for("tickets.show", ticket=ticket), 303)


def _new_page(me, form, status=422):
    if request.method == "GET":
        form.show(drafts.find(me, request.path))
    return later(partial(_raise_page, me, form), status if form.is_submitted() else 200)


def _raise_page(me, form):
    uploads.show({request.path: form}, {request.path: files.of_form(me, request.path)})
    return render_template("tickets/new.html", form=form)


def _category(value):
    return categories.find(int(value)) if value else None


# ---- the ticket's page


def show(ticket, me):
    into = merged.leads_to(ticket, me)
    if into is not None:
        return redirect(url_for("tickets.show", ticket=into), 303)
    return page(ticket, me)


# ---- facts and edits


def _differs(form, ticket):
    """A form that asks for what the ticket says already (sent twice, perhaps) can overwrite nothing."""
    present = facts_of(ticket)
    compared = [name for name in present if name != "reason" or form.status.data == "pending"]
    return any(form[name].data != present[name] for name in compared)


def _keep_own_changes(form, ticket):
    """Show what is true now where this person changed nothing, and what they chose where they did."""
    was = dict(pair.partition("=")[::2] for pair in (form.was.data or "").split(";"))
    present = facts_of(ticket)
    for name, value in present.items():
        if form[name].data == was.get(name, ""):
            form[name].data = value
    form.was.data = packed(present)


def facts(ticket, me):
    form = facts_form(ticket, me)
    news = stale(form, ticket, me, own=True)
    if news:
        _keep_own_changes(form, ticket)
        if _differs(form, ticket):
            return page(ticket, me, status=409, facts=form, news=news)
    if not form.validate_on_submit():
        return page(ticket, me, status=422, facts=form)
    at = transactions.now()
    try:
        _save_facts(ticket, me, form, at)
    except Refused as no:
        form.refuse(no, "reason" if form.status.data == "pending" and not form.reason.data else None)
        transactions.rollback()
        return page(ticket, me, status=409, facts=form)
    return done(_("The changes are saved."), ticket, me, at)


def _save_facts(ticket, me, form, at):
    """Only what differs from the ticket is an act, all of one moment. What reopens comes first, what finishes last."""
    assignee = next((a for a in people.agents() if str(a.id) == form.assignee.data), None)
    finishes = form.status.data in ("resolved", "closed")
    if not finishes:
        tickets.set_status(ticket, form.status.data, by=me, reason=form.reason.data or "", at=at)
    if form.assignee.data != str(ticket.assignee_id or ""):
        tickets.assign(ticket, to=assignee, by=me, at=at)
    tickets.set_priority(ticket, form.priority.data, by=me, at=at)
    tickets.set_category(ticket, _category(form.category.data), by=me, at=at)
    tickets.set_type(ticket, form.type.data, by=me, at=at)
    if finishes:
        tickets.set_status(ticket, form.status.data, by=me, at=at)


@renders("description")
def edit(ticket, me):
    form = forms.EditForm(
        data={"subject": ticket.subject, "description": ticket.description, "requester": _label(ticket.requester)},
        for_agent=me.is_agent,
    )
    if request.method == "GET":
        form.seen.data = str(timeline.newest(ticket, me))
        form.show(drafts.find(me, request.path))
    if not editing.may_edit(ticket, me):
        return _edit_page(ticket, me, form, 409)
    if not form.validate_on_submit():
        return _edit_page(ticket, me, form, 422 if form.is_submitted() else 200)
    news = stale(form, ticket, me, own=True)
    if news and (form.subject.data, form.description.data) != (ticket.subject, ticket.description):
        form.seen.data = str(news[-1].id)
        return _edit_page(ticket, me, form, 409, news)
    try:
        throttle.spend(me, REPLY)
        editing.edit(ticket, subject=form.subject.data, description=form.description.data, by=me)
        if me.is_agent and form.requester.data != _label(ticket.requester):
            tickets.change_requester(ticket, to=_named(form.requester.data, me), by=me)
    except Refused as no:
        form.refuse(no, "requester" if me.is_agent and not isinstance(no, TooMany) else None)
        return _edit_page(ticket, me, form, throttle.status(no))
    flash(_("The ticket is changed."))
    return back_to(ticket)


def _named(typed, me):
    return people.named(typed, by=me, server=current_app.config["MAIL_HOST"])


def _label(person):
    return f"{person.name} <{person.email}>"


def _edit_page(ticket, me, form, status, news=()):
    closed = not editing.may_edit(ticket, me)
    return render_later("tickets/edit.html", status, ticket=ticket, form=form, news=news, closed=closed)


# ---- single buttons


def take(ticket, me):
    return _act(ticket, me, _("The ticket is yours."), tickets.take)


def solve(ticket, me):
    return _act(ticket, me, _("Glad to hear it. The ticket is closed."), tickets.solve)


def reopen(ticket, me):
    return _act(ticket, me, _("The ticket is open again."), tickets.reopen)


def trash(ticket, me):
    return _act(ticket, me, _("The ticket is in the trash. You can restore it from there."), tickets.trash)


def restore(ticket, me):
    return _act(ticket, me, _("The ticket is back."), tickets.restore)


def _act(ticket, me, said, act):
    at = transactions.now()
    try:
        throttle.spend(me, REPLY)
        act(ticket, by=me, at=at)
    except Refused as no:
        transactions.rollback()
        return page(ticket, me, status=throttle.status(no), refusal=str(no))
    return done(said, ticket, me, at)


def purge(ticket, me):
    form = forms.PurgeForm()
    if form.validate_on_submit() and form.number.data.lstrip("#") != str(ticket.id):
        form.refuse(_("Type %(number)s, the number of this ticket.", number=ticket.id), "number")
    if form.errors:
        return page(ticket, me, status=422, purge=form)
    number = ticket.id
    try:
        tickets.purge(ticket, by=me)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    flash(_("Ticket #%(number)s is removed for good.", number=number))
    return redirect(url_for("triage.trash"), 303)


# ---- watchers


def add_watcher(ticket, me):
    form = forms.WatcherForm()
    if not form.validate_on_submit():
        return page(ticket, me, status=422, watcher=form)
    try:
        watcher = _named(form.watcher.data, me)
        tickets.add_watcher(ticket, watcher=watcher, by=me)
    except Refused as no:
        form.refuse(no, "watcher")
        return page(ticket, me, status=409, watcher=form)
    flash(_("%(name)s is kept informed from now on.", name=watcher.name))
    return back_to(ticket)


def remove_watcher(ticket, watcher, me):
    try:
        tickets.remove_watcher(ticket, watcher=watcher, by=me)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    flash(_("%(name)s is no longer kept informed.", name=watcher.name))
    return back_to(ticket)
