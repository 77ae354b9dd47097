"""The conversation of a ticket: reply, internal note, correction."""

from flask import flash, request
from flask_babel import gettext as _

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.limits.usage_limits import REPLY
from helpdesk.tickets import merged, messages, timeline
from views import limits
from views.compose import uploads
from views.tickets import forms
from views.tickets.ticket_page import back_to, done, page, stale
from web import throttle
from web.door import before_writing, renders
from web.pages import render_later


@before_writing(uploads.receive)
@renders("body")
def reply(ticket, me, came):
    form = forms.ReplyForm()
    if not uploads.valid(form, came):
        return page(ticket, me, status=uploads.status(came), reply=form)
    news = stale(form, ticket, me)
    if news:
        return page(ticket, me, status=409, reply=form, news=news)
    resolves, at = form.resolve.data and me.is_agent, transactions.now()
    try:
        limits.spend(form, me, REPLY)
        sent = {"by": me, "form_token": form.token, "files": uploads.chosen(form, me, came)}
        if resolves:
            messages.reply_and_resolve(ticket, form.body.data, **sent)
            went_to = ticket
        else:
            went_to = messages.reply(ticket, form.body.data, **sent)
    except Refused as no:
        form.refuse(no)
        transactions.rollback()
        return page(ticket, me, status=throttle.status(no), reply=form)
    uploads.settle(me, came)
    if went_to not in (ticket, merged.merge_target(ticket)):
        old = went_to.follows_id
        flash(_("Ticket #%(old)s is closed, so your reply has become ticket #%(new)s.", old=old, new=went_to.id))
        return back_to(went_to)
    said = _("Your reply is sent and the ticket is resolved.") if resolves else _("Your reply is sent.")
    if went_to is not ticket:
        said = _("Your reply is sent. It stands here, since ticket #%(old)s is part of this one now.", old=ticket.id)
    return done(said, went_to, me, at)


@before_writing(uploads.receive)
@renders("body")
def note(ticket, me, came):
    form = forms.NoteForm()
    if not uploads.valid(form, came):
        return page(ticket, me, status=uploads.status(came), note=form)
    try:
        limits.spend(form, me, REPLY)
        messages.note(ticket, form.body.data, by=me, form_token=form.token, files=uploads.chosen(form, me, came))
    except Refused as no:
        form.refuse(no)
        return page(ticket, me, status=throttle.status(no), note=form)
    uploads.settle(me, came)
    flash(_("Your note is added. Only agents see it."))
    return back_to(ticket)


@renders("body")
def correct(ticket, message, me):
    form = forms.CorrectForm(data={"body": message.body})
    if request.method == "GET":
        form.seen.data = str(timeline.newest(ticket, me))
    if not form.validate_on_submit():
        return _correct_page(ticket, message, form, 422 if form.is_submitted() else 200)
    news = [event for event in stale(form, ticket, me, own=True) if event.message_id == message.id]
    if news and form.body.data != message.body:
        form.seen.data = str(news[-1].id)
        return _correct_page(ticket, message, form, 409, news)
    try:
        throttle.spend(me, REPLY)
        messages.correct(message, form.body.data, by=me)
    except Refused as no:
        form.refuse(no)
        return _correct_page(ticket, message, form, throttle.status(no))
    flash(_("The message is corrected."))
    return back_to(ticket, f"message-{message.id}")


def _correct_page(ticket, message, form, status, news=()):
    return render_later("tickets/correct.html", status, ticket=ticket, message=message, form=form, news=news)
