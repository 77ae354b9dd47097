"""Single cells of an imported file: texts within their bounds, addresses, and the comments of a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.utils import parseaddr
from functools import lru_cache

from flask_babel import gettext as _

from helpdesk import choices
from helpdesk.email_addresses import fold_address
from helpdesk.errors import Refused
from helpdesk.import_export.reading import date_formats
from helpdesk.import_export.reading.date_formats import Format
from helpdesk.text import clean, clean_line

EXTERNAL_ID_MAX = 120
YES, NO = ("yes", "true", "1", "y"), ("no", "false", "0", "n", "")


@dataclass(frozen=True)
class Comment:
    """One reply or internal note that came along. `author` is an address, or "" where nobody says."""

    author: str
    name: str
    at: datetime | None
    text: str
    internal: bool


def comment_of(cell: dict[str, str], fmt: Format | None, zone: tzinfo) -> Comment:
    """One row of a file of replies. Raises Refused where it has no id, no text, or a time that is none."""
    sized("external_id", clean_line(cell["external_id"]), least=1, most=EXTERNAL_ID_MAX)
    given, internal = cell["at"].strip(), cell["internal"].strip().lower()
    at = date_formats.read(given, fmt or date_formats.FORMATS[0], zone) if given else None
    if given and at is None:
        raise Refused(
            _(
                "at is not a time such as %(example)s: %(value)s",
                example=(fmt or date_formats.FORMATS[0]).name,
                value=given[:40],
            )
        )
    if internal not in YES + NO:
        raise Refused(_("internal is “%(word)s”, but must be yes or no.", word=internal[:40]))
    author, name = known_address(cell["author_email"])
    return Comment(
        author, name, at, sized("text", clean(cell["text"]), least=1, most=choices.BODY_MAX), internal in YES
    )


def sized(name: str, value: str, *, least: int = 0, most: int | None = None) -> str:
    if not value and least:
        raise Refused(_("%(column)s is empty.", column=name))
    if most is not None and len(value) > most:
        raise Refused(_("%(column)s is longer than %(most)d characters.", column=name, most=most))
    return value


def address(given: str, column: str, name: str) -> tuple[str, str]:
    """The address in "Ada Byron <ada@example.com>" or alone, and the name beside it. Raises Refused for all else."""
    try:
        if given.rstrip().endswith(">"):
            beside, address = parseaddr(given)
            return _folded(address), name or clean_line(beside)
        return _folded(given), name
    except ValueError:
        raise Refused(_("%(column)s is not an email address: %(value)s", column=column, value=given[:80])) from None


def known_address(given: str) -> tuple[str, str]:
    """Address and name of the author of a comment. A name alone stays a name."""
    given = clean_line(given)
    try:
        return address(given, "author", "") if "@" in given else ("", given)
    except Refused:
        return "", given[: choices.NAME_MAX]


_folded = lru_cache(maxsize=4096)(fold_address)
