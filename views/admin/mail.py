"""The mail log of admins: every mail owed, its state, its last error, and sending it again."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from helpdesk.choices import DELIVERY_STATES
from helpdesk.notifications import deliveries
from helpdesk.notifications.recipients import MAILS


def log(me):
    state, before = request.args.get("state", ""), request.args.get("before", "")
    state = state if state in DELIVERY_STATES else ""
    rows = deliveries.log(state=state, before=int(before) if before.isdecimal() and len(before) < 10 else None)
    return render_template(
        "admin/mail_log/log.html",
        rows=rows[:50],
        further=rows[49].id if len(rows) > 50 else None,
        state=state,
        states=DELIVERY_STATES,
        mails=MAILS,
        tally=deliveries.tally(),
        sends_mail=current_app.config["SENDS_MAIL"],
    )


def show(delivery, me):
    return render_template(
        "admin/mail_log/show.html",
        delivery=delivery,
        states=DELIVERY_STATES,
        mails=MAILS,
        shows_text=not current_app.config["PRODUCTION"],
    )


def send_again(delivery, me):
    deliveries.again(delivery)
    flash(_("The mail is waiting to be sent again."))
    return redirect(url_for("mail.show", delivery=delivery), 303)
