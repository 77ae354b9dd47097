"""Sending mail by SMTP: Flask-Mail with time limits and checked TLS, and two ways to fail: try later, or give up."""

from __future__ import annotations

import smtplib
import ssl
import time
from email.charset import QP, Charset
from email.utils import formataddr
from typing import Any

from flask import current_app
from flask_mail import BadHeaderError, Connection, Mail
from flask_mail import Message as Message

# What one mail may take from the greeting to the last answer. The lease of a delivery is longer (180 s), so that a
# worker never still sends what another one has claimed meanwhile.
LONGEST = 120

mail = Mail()


class TryLater(Exception):
    """The mail server could not take the mail now. The message says why."""


class GiveUp(Exception):
    """Sending this mail again cannot help. The message says why."""


def message(
    *, subject: str, to: tuple[str, str], text: str, html: str, message_id: str, headers: dict[str, str]
) -> Message:
    """A mail from the desk to one person, as text and HTML."""
    # Quoted-printable keeps every line short; a reply of 50,000 characters without a line break would be refused else.
    charset = Charset("utf-8")
    charset.body_encoding = QP
    sender = formataddr(current_app.config["MAIL_DEFAULT_SENDER"])
    made = Message(subject=subject, recipients=[to], body=text, html=html, sender=sender, extra_headers=headers)
    made.charset, made.msgId = charset, message_id
    return made


def check() -> None:
    """Greet the mail server and sign in to it, without sending anything. Raises OSError where it does not work."""
    _Connection(current_app.extensions["mail"]).configure_host().quit()


class Line:
    """A conversation with the mail server, opened by the first mail and kept for those after it in the same round."""

    def __init__(self) -> None:
        self._connection: _Connection | None = None
        self._away = ""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *problem: object) -> None:
        self._hang_up()

    def send(self, mail: Message) -> None:
        """Hand one mail to the server. Raises TryLater or GiveUp.

        A server that cannot be reached is not asked again in the same round: each further mail fails at once.
        """
        if self._away:
            raise TryLater(self._away)
        fresh = self._connection is None
        try:
            self._dial().send(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            raise _refusal(refused) from refused
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            raise TryLater(_words(refused)) from refused
        except OSError as trouble:
            self._hang_up(politely=False)
            self._away = _words(trouble) if fresh else ""
            raise TryLater(_words(trouble)) from trouble
        except (BadHeaderError, ValueError) as unsendable:
            raise GiveUp(f"This mail cannot be written as the rules for mail want it: {unsendable}") from unsendable

    def _dial(self) -> _Connection:
        if self._connection is None:
            connection = _Connection(current_app.extensions["mail"])
            connection.__enter__()
            self._connection = connection
        self._connection.host.until = time.monotonic() + LONGEST
        return self._connection

    def _hang_up(self, *, politely: bool = True) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.host.quit() if politely else connection.host.close()
        except OSError:
            pass


class _Patient(smtplib.SMTP):
    """Waits for each answer as long as the setting says, and for all answers together no longer than `until`."""

    until = float("inf")

    def getreply(self) -> tuple[int, bytes]:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        if self.sock is not None:
            self.sock.settimeout(min(self.timeout, left))
        return super().getreply()


class _PatientTls(_Patient, smtplib.SMTP_SSL):
    pass


class _Connection(Connection):  # type: ignore[misc]
    """Flask-Mail's own connection sets no time limit and accepts any certificate."""

    def configure_host(self) -> smtplib.SMTP:
        config = current_app.config
        options: dict[str, Any] = {"timeout": config["MAIL_TIMEOUT"]}
        checked = ssl.create_default_context()
        kind: type[_Patient] = _Patient
        if config["MAIL_USE_SSL"]:
            kind, options["context"] = _PatientTls, checked
        host = kind(config["MAIL_SERVER"], config["MAIL_PORT"], **options)
        host.until = time.monotonic() + LONGEST
        if config["MAIL_USE_TLS"]:
            host.starttls(context=checked)
        if config["MAIL_USERNAME"]:
            host.login(config["MAIL_USERNAME"], config["MAIL_PASSWORD"])
        return host


def _refusal(refused: smtplib.SMTPRecipientsRefused) -> TryLater | GiveUp:
    """5xx is the server's final word on this address (RFC 5321, 4.2.1); 4xx may be different in a while."""
    code, said = next(iter(refused.recipients.values()))
    words = f"The mail server refused the address: {code} {_text(said)}"
    return GiveUp(words) if code >= 500 else TryLater(words)


def _words(trouble: OSError) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        return f"The mail server said: {trouble.smtp_code} {_text(trouble.smtp_error)}"
    return f"The mail server could not be reached: {_text(trouble) or type(trouble).__name__}"


def _text(said: object) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return " ".join(text.split())
