"""Headers of mails: names and subjects arrive as they were typed, whatever mail program reads them."""

from __future__ import annotations

import email.policy
from base64 import b64encode
from copy import copy
from email.header import Header
from email.message import Message as Mime
from email.utils import formataddr
from typing import cast

from flask_mail import Message as _Message

# Bytes in one encoded word, so that "Subject: " and one of them fit on a line of 76 characters (RFC 2047, 2).
WORD_BYTES = 30
# Python would fold long lines once more. Where it does, it decodes what was encoded and puts spaces into names.
POLICY = email.policy.SMTP.clone(refold_source="none")


class Message(_Message):  # type: ignore[misc]
    """Flask-Mail's message to one person, with a subject of our own: Flask-Mail encodes names, but not all subjects."""

    @property
    def address(self) -> str:
        """Where the mail goes, as mail servers are told it."""
        return str(self.recipients[0][1])

    @property
    def needs_smtputf8(self) -> bool:
        return not self.address.isascii()

    def _message(self) -> Mime:
        # Flask-Mail cannot write an address with letters such as ü.
        without = copy(self)
        without.recipients = [] if self.needs_smtputf8 else self.recipients
        made = cast(Mime, _Message._message(without))
        made.policy = email.policy.compat32  # It takes a header as it is given.
        made.replace_header("Subject", encoded(self.subject))
        if self.needs_smtputf8:
            made.replace_header("To", _to(*self.recipients[0]))
        made.policy = POLICY.clone(utf8=self.needs_smtputf8)
        return made


def _to(name: str, address: str) -> str:
    """The recipient as the header of a mail with SMTPUTF8 may hold it (RFC 6532)."""
    if not name:
        return address
    return formataddr((Header(name, "utf-8").encode(), "")).removesuffix("<>") + f"<{address}>"


def encoded(text: str) -> str:
    """The text, in encoded words (RFC 2047) unless it is plain. Plain text is not folded: a line may be that long.

    Text that looks like an encoded word itself, such as "=?utf-8?q?Win?=", is not plain: mail programs would decode it
    and show other words than the desk does.
    """
    if text.isascii() and "=?" not in text:
        return text
    parts = [""]
    for letter in text:
        if len((parts[-1] + letter).encode()) > WORD_BYTES:
            parts.append("")
        parts[-1] += letter
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part.encode()).decode()}?=" for part in parts)
