"""What happened to my tickets: the list, the count on the bell, and marking them as read."""

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.events import kinds
from helpdesk.notifications import inbox


def mine(me):
    rows = inbox.listing(me, before=_number(request.args.get("before", "")))
    shown = rows[: inbox.PAGE]
    return render_template(
        "notifications/mine.html",
        rows=shown,
        further=shown[-1].id if len(rows) > len(shown) else None,
    )


def count(me):
    """What the bell shows, and the newest news for a pop-up of the browser. Says 304 while nothing has changed."""
    unread = inbox.unread(me)
    newest = inbox.newest_unread(me) if unread else None
    response = jsonify(bell=render_template("_bell.html", unread=unread), newest=newest and _as_json(newest))
    response.set_etag(f"{unread}-{newest.id if newest else 0}")
    return response.make_conditional(request)


def _as_json(delivery):
    ticket = delivery.event.ticket
    return {
        "id": delivery.id,
        "title": f"#{ticket.id} {ticket.subject}",
        "body": kinds.tell(delivery.event),
        "link": url_for("tickets.show", ticket=ticket),
    }


def read(me):
    until = _number(request.form.get("until", ""))
    if until:
        inbox.read_all(me, until=until)
        flash(_("All notifications are marked as read."))
    return redirect(url_for("notifications.mine"), 303)


def _number(given):
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
