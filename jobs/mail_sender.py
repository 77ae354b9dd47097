"""Sends the mails that are owed: claims one, writes it, hands it to the mail server, and records what became of it."""

from __future__ import annotations

import logging
import time

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from helpdesk.notifications import deliveries, mail_server
from helpdesk.notifications.deliveries import Claim
from integrations.mail import smtp
from jobs import mail_writer, sent_mails
from jobs.delays import Delayed

log = logging.getLogger("desk.mail")
AT_ONCE = 20
# Seconds after which a round begins no further mail, so that the worker hears how it goes.
ROUND = 60
# Seconds until a mail server that took no mails is asked again.
AFTER_OUTAGE = 15
AFTER_DATABASE = 1


def send_due() -> bool:
    """Send what is due, a few at a time over one connection. Returns whether there may be more. Raises Delayed."""
    _record_sent()
    deliveries.lapse()
    numbers = deliveries.due(most=AT_ONCE)
    if not current_app.config["SENDS_MAIL"]:
        sent = _log_all(numbers)
    elif numbers or mail_server.is_to_be_asked(current_app.config["MAIL_HOST"]):
        sent = _send_all(numbers)
    else:
        return False
    return sent < len(numbers) or len(numbers) == AT_ONCE


def ask_server() -> str:
    """For commands, which run where no worker has asked the mail server yet, too. Returns MAIL_HOST."""
    host = str(current_app.config["MAIL_HOST"])
    if host and mail_server.takes_smtputf8(host) is None:
        try:
            mail_server.learn(host, smtputf8=smtp.check())
        except OSError:
            pass  # It stays unknown.
    return host


def _record_sent() -> None:
    """Nothing is sent as long as the desk cannot write down what it has sent."""
    try:
        sent_mails.record()
    except (SQLAlchemyError, OSError) as trouble:
        raise Delayed(AFTER_DATABASE, "database", type(trouble).__name__) from trouble


def _log_all(numbers: list[int]) -> int:
    """No mail server is set. In production the text is not even written: it may hold a link that signs somebody in."""
    for number in numbers:
        if claim := deliveries.claim(number):
            _log_state(claim, _show(claim))
    return len(numbers)


def _show(claim: Claim) -> str:
    try:
        text = None if current_app.config["PRODUCTION"] else mail_writer.write(claim.id).body
    except mail_writer.NotNeeded as reason:
        return _cancel(claim, reason)
    except Exception as error:
        return _cannot_write(claim, error)
    deliveries.not_sent(claim, text=text)
    return "unsent"


def _send_all(numbers: list[int]) -> int:
    """Returns how many were looked at before the time of the round was up. Without any the server is only asked."""
    until = time.monotonic() + ROUND
    count = 0
    with smtp.MailServer() as server:
        try:
            server.connect()
            mail_server.learn(current_app.config["MAIL_HOST"], smtputf8=server.takes_smtputf8)
            for count, number in enumerate(numbers):
                if time.monotonic() > until:
                    return count
                # Before the claim: no try of a mail is counted, and no lease runs, while the server is looked for.
                server.connect()
                if claim := deliveries.claim(number):
                    _log_state(claim, _send(claim, server))
        except smtp.ServerUnavailable as reason:
            deliveries.note_outage(numbers[count:], str(reason))
            raise Delayed(AFTER_OUTAGE, "mail_server", str(reason)) from reason
    return len(numbers)


def _send(claim: Claim, server: smtp.MailServer) -> str:
    """Whatever goes wrong becomes a state of the delivery, shown in the mail log. Raises ServerUnavailable."""
    try:
        mail = mail_writer.write(claim.id)
        if time.monotonic() + smtp.LONGEST > claim.until:
            deliveries.release(claim, "The desk was too slow to send this mail before its turn was over")
            return "waiting"
        server.send(mail)
    except mail_writer.NotNeeded as reason:
        return _cancel(claim, reason)
    except smtp.GiveUp as reason:
        deliveries.fail(claim, str(reason), for_good=True)
        return "failed"
    except smtp.TryLater as reason:
        deliveries.fail(claim, str(reason))
        return "waiting"
    except smtp.ServerUnavailable as reason:
        deliveries.release(claim, str(reason))
        raise
    except Exception as error:
        return _cannot_write(claim, error)
    _finish(claim)
    return "sent"


def _finish(claim: Claim) -> None:
    """The server has the mail: whatever happens from here on, it must not be sent again."""
    try:
        deliveries.finish(claim)
    except (SQLAlchemyError, OSError) as trouble:
        sent_mails.remember(claim)
        raise Delayed(AFTER_DATABASE, "database", type(trouble).__name__) from trouble


def _cancel(claim: Claim, reason: mail_writer.NotNeeded) -> str:
    deliveries.cancel(claim, str(reason))
    return "cancelled"


def _cannot_write(claim: Claim, error: Exception) -> str:
    log.exception("mail %s could not be written", claim.id)
    deliveries.fail(claim, f"The mail could not be written: {type(error).__name__}")
    return "waiting"


def _log_state(claim: Claim, state: str) -> None:
    log.info("mail %s", claim.id, extra={"state": state})
