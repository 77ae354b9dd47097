"""The button that takes back what was done a moment ago."""

from flask import flash, url_for
from flask_babel import gettext as _

from helpdesk.attachments import files
from helpdesk.errors import Refused
from helpdesk.tickets import drafts, undo as acts
from views.tickets.ticket_page import back_to


def undo(ticket, event, me):
    try:
        withdrawn = acts.undo(event, by=me)
    except Refused as no:
        acts.refused(event, str(no), by=me)
        flash(str(no), "refused")
        return back_to(ticket)
    flash(_("Taken back. Nothing was mailed."))
    if withdrawn:
        _keep_to_edit(ticket, withdrawn, me)
    return back_to(ticket)


def _keep_to_edit(ticket, message, me):
    """Most take a reply back to send a better one: its text and files are there again, unless they wrote on already."""
    path = url_for("messages.reply", ticket=ticket)
    if drafts.find(me, path) is None:
        drafts.keep(me, path, {"body": message.body}, page=f"undo of {message.id}")
        files.give_back(message, path)
