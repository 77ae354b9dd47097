"""A real SMTP server on loopback that keeps what it is sent."""

import email
import email.policy
import time
from email.header import decode_header, make_header

from aiosmtpd.controller import Controller


class Mailbox:
    """`messages` holds what arrived, oldest first.

    `answer` set to an SMTP reply refuses every mail, `refused` some addresses: {"ada@example.com": "550 no such user"}.
    Without `smtputf8` the server takes no letters such as ü before the @.
    """

    def __init__(self, port=0, smtputf8=True):
        self.messages = []
        self.answer = None
        self.refused = {}
        self._server = Controller(self, hostname="127.0.0.1", port=port or _free_port(), enable_SMTPUTF8=smtputf8)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, server, session, envelope):
        if self.answer:
            return self.answer
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.envelope_to = envelope.rcpt_tos
        self.messages.append(message)
        return "250 kept"

    @property
    def port(self):
        return self._server.port

    def start(self):
        self._server.start()
        return self

    def stop(self):
        self._server.stop()

    def empty(self):
        self.messages.clear()
        self.answer, self.refused = None, {}

    def sent_to(self, address):
        return [message for message in self.messages if address in message["To"]]

    def wait_for(self, address, count=1, seconds=20):
        """The mails to an address, once there are `count` of them; fails with what did arrive."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.sent_to(address)
            if len(found) >= count:
                return found
            time.sleep(0.05)
        arrived = [(message["To"], message["Subject"]) for message in self.messages]
        raise AssertionError(f"no {count} mails to {address} within {seconds} s; arrived: {arrived}")


def text_of(message):
    """The plain text part of a mail."""
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def shown(message, header):
    """A header as a mail program shows it: encoded words that follow each other make one word (RFC 2047, 6.2).

    Python's own newer parser puts spaces between them in names.
    """
    return str(make_header(decode_header(dict(message.raw_items())[header])))


def _free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def html_of(message):
    """The HTML part of a mail."""
    return message.get_body(("html",)).get_content().replace("\r\n", "\n")
