"""The conversation of a ticket: reply, internal note, correction."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

import forms
from helpdesk import events, messages, store
from helpdesk.errors import Refused
from views import tickets


def reply(ticket, me):
    form = forms.ReplyForm()
    if not form.validate_on_submit():
        return tickets.page(ticket, me, status=422, reply=form)
    news = tickets.stale(form, ticket, me)
    if news:
        return tickets.page(ticket, me, status=409, reply=form, news=news)
    resolves = form.resolve.data and me.is_agent
    try:
        if resolves:
            messages.reply_and_resolve(ticket, form.body.data, by=me, form_token=form.token)
            went_to = ticket
        else:
            went_to = messages.reply(ticket, form.body.data, by=me, form_token=form.token)
    except Refused as no:
        form.refuse(no)
        store.undo()
        return tickets.page(ticket, me, status=409, reply=form)
    if went_to is not ticket:
        flash(_("Ticket #%(old)s is closed, so your reply has become ticket #%(new)s.", old=ticket.id, new=went_to.id))
    else:
        flash(_("Your reply is sent and the ticket is resolved.") if resolves else _("Your reply is sent."))
    return tickets.back_to(went_to)


def note(ticket, me):
    form = forms.NoteForm()
    if not form.validate_on_submit():
        return tickets.page(ticket, me, status=422, note=form)
    try:
        messages.note(ticket, form.body.data, by=me, form_token=form.token)
    except Refused as no:
        form.refuse(no)
        return tickets.page(ticket, me, status=409, note=form)
    flash(_("Your note is added. Only agents see it."))
    return tickets.back_to(ticket)


def correct(ticket, message, me):
    form = forms.CorrectForm(data={"body": message.body})
    if request.method == "GET":
        form.seen.data = str(events.newest(ticket, me))
    if not form.validate_on_submit():
        page = render_template("tickets/correct.html", ticket=ticket, message=message, form=form)
        return page, 422 if form.is_submitted() else 200
    messages.correct(message, form.body.data, by=me)
    flash(_("The message is corrected."))
    return redirect(url_for("tickets.show", ticket=ticket, _anchor=f"message-{message.id}"), 303)
