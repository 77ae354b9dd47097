"""Headers of mails: names and subjects arrive as they were typed, whatever mail program reads them."""

from __future__ import annotations

import email.policy
from base64 import b64encode
from email.message import Message as Mime
from typing import cast

from flask_mail import Message as _Message

# Bytes in one encoded word, so that "Subject: " and one of them fit on a line of 76 characters (RFC 2047, 2).
WORD_BYTES = 30
# Python would fold long lines once more. Where it does, it decodes what was encoded and puts spaces into names.
POLICY = email.policy.SMTP.clone(refold_source="none")


class Message(_Message):  # type: ignore[misc]
    """Flask-Mail's message, with a subject of our own: Flask-Mail encodes every name, but of subjects only some."""

    def _message(self) -> Mime:
        made = cast(Mime, super()._message())
        made.policy = email.policy.compat32  # It takes a header as it is given.
        made.replace_header("Subject", encoded(self.subject))
        made.policy = POLICY
        return made


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
