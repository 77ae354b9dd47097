"""Refuses an address in a form where the mail server cannot send to it."""

from __future__ import annotations

from typing import Any

from flask import current_app

from helpdesk.notifications import mail_server


def why_not(address: str) -> str:
    """The reason for the person who typed it, or "" where mails reach the address or this desk sends none."""
    return mail_server.why_unreachable(address, server=current_app.config["MAIL_HOST"])


def refused(form: Any) -> bool:
    """Whether the address in the form was refused; the reason is shown at its field then."""
    if why := why_not(form.email.data):
        form.refuse(why, "email")
    return bool(why)
