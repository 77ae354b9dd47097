"""What agents say about a ticket beyond its facts: its tags, and what it has to do with other tickets."""

from flask import jsonify
from flask_babel import gettext as _

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import close_reasons, links, tags as acts
from views.tickets import forms
from views.tickets.ticket_page import done, page


def used_tags():
    return jsonify(tags=acts.used())


def tags(ticket, me):
    form, at = forms.TagsForm(), transactions.now()
    if not form.validate_on_submit():
        return page(ticket, me, status=422, tags=form)
    try:
        acts.save(ticket, form.tags.data or "", was=form.was.data, by=me, at=at)
    except Refused as no:
        form.refuse(no, "tags")
        return page(ticket, me, status=409, tags=form)
    return done(_("The tags are saved."), ticket, me, at)


def link(ticket, me):
    form, at = forms.LinkForm(), transactions.now()
    if not form.validate_on_submit():
        return page(ticket, me, status=422, link=form)
    try:
        links.link(ticket, links.named(form.number.data, by=me), form.how.data, by=me, at=at)
    except Refused as no:
        form.refuse(no, "number")
        return page(ticket, me, status=409, link=form)
    return done(_("The tickets are linked."), ticket, me, at)


def unlink(ticket, me):
    form, at = forms.UnlinkForm(), transactions.now()
    if not form.validate_on_submit():
        return page(ticket, me, status=422, refusal=_("This link is gone already."))
    try:
        links.unlink(ticket, links.named(form.number.data, by=me), form.how.data, by=me, at=at)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    return done(_("The link is removed."), ticket, me, at)


def spam(ticket, me):
    at = transactions.now()
    try:
        close_reasons.as_spam(ticket, by=me, at=at)
    except Refused as no:
        return page(ticket, me, status=409, refusal=str(no))
    return done(_("The ticket is closed as spam. Nobody gets a mail about it."), ticket, me, at)


def duplicate(ticket, me):
    form, at = forms.DuplicateForm(), transactions.now()
    if not form.validate_on_submit():
        return page(ticket, me, status=422, duplicate=form)
    try:
        close_reasons.as_duplicate(ticket, links.named(form.number.data, by=me), by=me, at=at)
    except Refused as no:
        form.refuse(no, "number")
        transactions.rollback()
        return page(ticket, me, status=409, duplicate=form)
    return done(_("The ticket is closed as a duplicate."), ticket, me, at)
