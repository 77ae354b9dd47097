"""Sends the mails that are owed: claims one, writes it, hands it to the mail server, and keeps what became of it."""

from __future__ import annotations

import logging

from flask import current_app

from helpdesk import deliveries
from helpdesk.deliveries import Claim
from integrations import smtp
from jobs import mails

log = logging.getLogger("desk.mail")
AT_ONCE = 20


def send_due() -> bool:
    """Send what is due, a few at a time over one line. Returns whether there may be more."""
    numbers = deliveries.due(most=AT_ONCE)
    with smtp.Line() as line:
        for number in numbers:
            claim = deliveries.claim(number)
            if claim is not None:
                _deliver(claim, line)
    return len(numbers) == AT_ONCE


def _deliver(claim: Claim, line: smtp.Line) -> None:
    """Whatever goes wrong becomes a state of the delivery, shown in the mail log."""
    try:
        state = _send(claim, line) if current_app.config["SENDS_MAIL"] else _keep(claim)
    except mails.NotNeeded as why:
        deliveries.cancel(claim, str(why))
        state = "cancelled"
    except smtp.GiveUp as why:
        deliveries.fail(claim, str(why), for_good=True)
        state = "failed"
    except smtp.TryLater as why:
        deliveries.fail(claim, str(why))
        state = "waiting"
    except Exception as error:
        log.exception("mail %s could not be written", claim.id)
        deliveries.fail(claim, f"The mail could not be written: {type(error).__name__}")
        state = "waiting"
    log.info("mail %s", claim.id, extra={"state": state})


def _send(claim: Claim, line: smtp.Line) -> str:
    line.send(mails.write(claim.id))
    deliveries.finish(claim)
    return "sent"


def _keep(claim: Claim) -> str:
    """No mail server is set. In production the text is not even written: it may hold a link that signs somebody in."""
    deliveries.not_sent(claim, text=None if current_app.config["PRODUCTION"] else mails.write(claim.id).body)
    return "unsent"
