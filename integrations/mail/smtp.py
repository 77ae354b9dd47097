"""Sending mail by SMTP: Flask-Mail with deadlines and checked TLS, and three ways to fail: no server, later, never."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from email.charset import QP, Charset
from email.utils import formataddr
from typing import TYPE_CHECKING, Any, NoReturn

from flask import current_app
from flask_mail import BadHeaderError, Connection, Mail, sanitize_address

from helpdesk.email_addresses import on_the_wire
from integrations.mail.headers import Message as Message

if TYPE_CHECKING:
    from typing_extensions import Buffer

# Seconds that a server has from the connection to the end of the sign-in, and again for each mail from MAIL FROM to its
# last answer. The lease of a delivery (180 s) is longer, so a worker never still sends what another worker has claimed.
LONGEST = 120
# Seconds for leaving the server politely, which nobody depends on.
FAREWELL = 5
# Bytes of one reply, all its lines together. RFC 5321 (4.5.3.1.5) allows lines of 512 bytes.
REPLY_MAX = 64 * 1024
CHUNK = 16 * 1024
# Replies that mean "sign in first" and "encrypt first" (RFC 4954): no mail at all gets through, whatever is in it.
NEEDS_SIGN_IN = (530, 538)
# How a server is told that an address has letters such as ü before the @ (RFC 6531, 3.4).
SMTPUTF8 = ["SMTPUTF8", "BODY=8BITMIME"]

mail = Mail()


class ServerUnavailable(Exception):
    """The mail server takes no mails at all now. The message says why."""


class TryLater(Exception):
    """The mail server did not take this mail. The message says why."""


class GiveUp(Exception):
    """Sending this mail again cannot help. The message says why."""


def message(
    *, subject: str, to: tuple[str, str], text: str, html: str, message_id: str, headers: dict[str, str]
) -> Message:
    """A mail from the desk to one person, name and address, as text and HTML."""
    # Quoted-printable keeps every line short; a reply of 50,000 characters without a line break would be refused else.
    charset = Charset("utf-8")
    charset.body_encoding = QP
    sender = formataddr(current_app.config["MAIL_DEFAULT_SENDER"])
    recipient = (to[0], on_the_wire(to[1]))
    made = Message(subject=subject, recipients=[recipient], body=text, html=html, sender=sender, extra_headers=headers)
    made.charset, made.msgId = charset, message_id
    return made


def check() -> bool:
    """Greet the mail server and sign in to it, without sending anything. Raises OSError where it does not work.

    Returns whether it takes addresses with letters such as ü before the @ (SMTPUTF8).
    """
    host = _Connection(current_app.extensions["mail"]).configure_host()
    takes = bool(host.has_extn("smtputf8"))
    host.quit()
    return takes


class MailServer:
    """The connection to the mail server, opened when it is first needed and used for all mails of a round."""

    def __init__(self) -> None:
        self._connection: _Connection | None = None

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *problem: object) -> None:
        self._hang_up()

    @property
    def takes_smtputf8(self) -> bool:
        """Whether the server that is connected takes addresses with letters such as ü before the @ (RFC 6531)."""
        return self._connection is not None and bool(self._connection.host.has_extn("smtputf8"))

    def connect(self) -> None:
        """Be ready to send. Raises ServerUnavailable. Nothing of a mail is known here, so no mail is at fault.

        Servers close connections that have carried many mails: a connection that does not answer is opened again.
        """
        if self._connection is not None and not self._answers(self._connection.host):
            self._hang_up(politely=False)
        if self._connection is None:
            connection = _Connection(current_app.extensions["mail"])
            try:
                connection.__enter__()
            except (OSError, ValueError) as trouble:
                raise ServerUnavailable(_reason(trouble, "The mail server could not be reached")) from trouble
            self._connection = connection

    def _answers(self, host: _Conversation) -> bool:
        host.allow(LONGEST)
        try:
            return bool(host.rset()[0] == 250)
        except OSError:
            return False

    def send(self, mail: Message) -> None:
        """Hand one mail to the server. Raises TryLater, GiveUp or ServerUnavailable."""
        assert self._connection is not None, "connect first"
        if mail.needs_smtputf8 and not self.takes_smtputf8:
            raise TryLater("The mail server does not offer SMTPUTF8, which this address needs for letters before the @")
        self._connection.host.allow(LONGEST)
        try:
            self._connection.send(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            self._refused(*next(iter(refused.recipients.values())), "The mail server refused the address")
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            self._refused(refused.smtp_code, refused.smtp_error, "The mail server refused the mail")
        except OSError as trouble:
            # The server was reached, and MAIL FROM was on its way: this mail may be what breaks the conversation.
            self._hang_up(politely=False)
            raise TryLater(_reason(trouble, "The mail server did not finish with this mail")) from trouble
        except (BadHeaderError, ValueError) as unsendable:
            raise GiveUp(f"This mail cannot be written as the rules for mail want it: {unsendable}") from unsendable

    def _refused(self, code: int, reply: object, what: str) -> NoReturn:
        """5xx is the server's final word, 4xx may be different in a while (RFC 5321, 4.2.1)."""
        if code == 421 or not 400 <= code < 600:
            self._hang_up(politely=False)
        reason = f"{what}: {code} {_text(reply)}"
        if code in NEEDS_SIGN_IN:
            raise ServerUnavailable(reason)
        raise GiveUp(reason) if 500 <= code < 600 else TryLater(reason)

    def _hang_up(self, *, politely: bool = True) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.host.allow(FAREWELL)
        try:
            connection.host.quit() if politely else connection.host.close()
        except OSError:
            pass


class _Conversation(smtplib.SMTP):
    """Checks a deadline before each read and write, also inside a reply of many lines, and limits the reply's size.

    smtplib's own time limit starts anew with each byte that arrives, so a server could talk for ever.
    """

    def __init__(self, host: str, port: int, **options: Any) -> None:
        self._received = bytearray()
        self.allow(LONGEST)
        super().__init__(host, port, **options)

    def allow(self, seconds: float) -> None:
        """Set the deadline of what comes next."""
        self._deadline = time.monotonic() + seconds

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Try each address of the host, all within the deadline. Raises OSError."""
        trouble = OSError(f"{host} has no address")
        for *_kind, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            try:
                return socket.create_connection((str(address[0]), port), self._time_left())
            except OSError as error:
                trouble = error
        raise trouble

    def starttls(self, **options: Any) -> tuple[int, bytes]:  # type: ignore[override]
        """What came before the encryption may be somebody else's words: none of it is read as an answer (RFC 3207)."""
        reply = super().starttls(**options)
        self._received.clear()
        return reply

    def send(self, s: Buffer | str) -> None:
        """Called by smtplib for everything it writes. Raises SMTPServerDisconnected."""
        written = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(written), CHUNK):
            try:
                self._ready_socket().sendall(written[start : start + CHUNK])
            except OSError as error:
                self._break_off(error)

    def getreply(self) -> tuple[int, bytes]:
        """Called by smtplib for each reply. Raises SMTPServerDisconnected; the code is -1 where there is none."""
        lines: list[bytes] = []
        left = REPLY_MAX
        while True:
            line = self._read_line(left)
            left -= len(line)
            lines.append(line[4:].strip())
            if not line[:3].isdigit():
                return -1, b"\n".join(lines)
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(lines)

    def _read_line(self, most: int) -> bytes:
        while (end := self._received.find(b"\n") + 1) == 0 and len(self._received) < most:
            try:
                arrived = self._ready_socket().recv(4096)
            except OSError as error:
                self._break_off(error)
            if not arrived:
                self._break_off("it closed the connection")
            self._received += arrived
        if not 0 < end <= most:
            self._break_off("its reply does not end")
        line = bytes(self._received[:end])
        del self._received[:end]
        return line

    def _ready_socket(self) -> socket.socket:
        connected: socket.socket | None = self.sock
        if connected is None:
            raise smtplib.SMTPServerDisconnected("it closed the connection")
        connected.settimeout(self._time_left())
        return connected

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("it took too long")
        return min(float(self.timeout), left)

    def _break_off(self, reason: object) -> NoReturn:
        self.close()
        raise smtplib.SMTPServerDisconnected(_text(reason))


class _TlsConversation(_Conversation):
    """Encrypted from the first byte, usually on port 465."""

    def __init__(self, host: str, port: int, *, context: ssl.SSLContext, **options: Any) -> None:
        self._context = context
        super().__init__(host, port, **options)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._context.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


class _Connection(Connection):  # type: ignore[misc]
    """Flask-Mail's own connection sets no time limit and accepts any certificate."""

    def configure_host(self) -> _Conversation:
        config = current_app.config
        options: dict[str, Any] = {"timeout": config["MAIL_TIMEOUT"]}
        checked = ssl.create_default_context()
        kind: type[_Conversation] = _Conversation
        if config["MAIL_USE_SSL"]:
            kind, options["context"] = _TlsConversation, checked
        host = kind(config["MAIL_SERVER"], config["MAIL_PORT"], **options)
        try:
            if config["MAIL_USE_TLS"]:
                host.starttls(context=checked)
            if config["MAIL_USERNAME"]:
                host.login(config["MAIL_USERNAME"], config["MAIL_PASSWORD"])
            host.ehlo_or_helo_if_needed()
        except BaseException:
            host.close()
            raise
        return host

    def send(self, message: Message, envelope_from: str | tuple[str, str] | None = None) -> None:
        """As Flask-Mail's own, which would encode the letters before the @ as those of a name."""
        if message.has_bad_headers():
            raise BadHeaderError
        message.date = message.date or time.time()
        options = SMTPUTF8 if message.needs_smtputf8 else []
        self.host.sendmail(sanitize_address(message.sender), [message.address], message.as_bytes(), options)


def _reason(trouble: Exception, what: str) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        return f"{what}: {trouble.smtp_code} {_text(trouble.smtp_error)}"
    return f"{what}: {_text(trouble) or type(trouble).__name__}"


def _text(words: object) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    return " ".join(text.split())
