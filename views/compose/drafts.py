"""Keeps what is half-written, and throws it away when asked."""

from flask import Response, abort, flash, redirect, request
from flask_babel import gettext as _

from helpdesk.access import lookups, permissions
from helpdesk.attachments import files
from helpdesk.errors import TooMany
from helpdesk.tickets import drafts, messages, tickets
from web import resubmission, throttle
from web.door import before_writing

# The forms whose text is kept, by the view that takes it: the fields that somebody writes in, and who may.
WRITTEN = {
    "tickets.new": (("subject", "description", "requester"), permissions.SIGNED_IN),
    "messages.reply": (("body",), permissions.CAN_REPLY),
    "messages.note": (("body",), permissions.AGENT),
}


def _not_too_often(me):
    """The page tries again later with what is in its form, so nothing is lost and nothing has to be written now."""
    try:
        if me is not None:
            throttle.take(me, throttle.DRAFTS)
    except TooMany as no:
        abort(Response(str(no), status=throttle.status(no), mimetype="text/plain"))
    return {}


@before_writing(_not_too_often)
def save(me):
    path = request.form.get("path", "")
    written = written_in(path, me)
    fields = resubmission.typed_fields()
    del fields["path"]
    # A form that is sent while its last words are on their way is no draft any more. Its token stays with the page:
    # two pages that show the same draft may each send something of their own.
    page, shown = (resubmission.page_name(fields.pop(name, "")) for name in ("form_token", "draft_page"))
    if is_sent(page, me) or not any(fields.get(name, "").strip() for name in written):
        drafts.drop(me, path, page, shown)
    elif not drafts.keep(me, path, fields, page=page, shown=shown):
        return Response(status=413, mimetype="text/plain")
    return Response(status=204, mimetype="text/plain")


def discard(me):
    path = request.form.get("path", "")
    written_in(path, me)
    drafts.drop(me, path, *resubmission.pages())
    files.release(me, path)
    flash(_("The draft is discarded."))
    return redirect(resubmission.page_of(path), 303)


def written_in(path, me):
    """The fields that are written in, where the path is that of a form this person may send."""
    view, parts = resubmission.taken_by(path)
    if view not in WRITTEN:
        abort(422)
    things = {}
    if "ticket" in parts:
        things["ticket"] = lookups.find_ticket(me, parts["ticket"], to_change=False) or abort(404)
    fields, may = WRITTEN[view]
    return fields if may(me, things) else abort(403)


def is_sent(token, me):
    return messages.sent_already(me, token) is not None or tickets.sent_already(me, token) is not None
