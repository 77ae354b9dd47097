"""Whether a file that somebody brings can be a table at all: seen at once, before the worker reads it."""

from __future__ import annotations

from typing import BinaryIO

from flask_babel import gettext as _

from helpdesk.errors import Refused

LOOKED_AT = 64 * 1024
_WORKBOOK, _PACKED, _OLD_WORKBOOK = b"PK\x03\x04", b"\x1f\x8b", b"\xd0\xcf\x11\xe0"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def refuse_no_table(source: BinaryIO, name: str) -> None:
    """Raises Refused for what is neither text, packed text nor a workbook of today's form."""
    source.seek(0)
    begin = source.read(LOOKED_AT)
    source.seek(0)
    if begin.startswith((_WORKBOOK, _PACKED, *_UTF_16)):
        return
    if begin.startswith(_OLD_WORKBOOK):
        raise Refused(_("%(name)s is in an old form of Excel. Save it as .xlsx or as CSV, then choose it.", name=name))
    if not begin.strip():
        raise Refused(_("%(name)s is empty. Choose a file with a heading and a row for each ticket.", name=name))
    if b"\0" in begin or begin.startswith((b"%PDF", b"{\\rtf")):
        raise Refused(_("%(name)s is no table. Choose a CSV file or an Excel workbook (.xlsx).", name=name))
