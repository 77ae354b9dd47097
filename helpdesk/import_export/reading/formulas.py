"""Texts that a spreadsheet program would take for formulas: made harmless in an export, restored by an import."""

from __future__ import annotations

import re

# Where a cell can begin: at the beginning of the text, and behind each sign that a program may part cells or rows at.
# Signs that begin a formula stand there in their full width too, behind blanks and quotation marks, and behind as many
# apostrophes as the text has of its own. (OWASP, CSV injection.)
_BEGIN = r"(?:^|(?<=[,;|\t\r\n]))([ \"]*)"
_FORMULA = "('*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20])"
_ARMED = re.compile(_BEGIN + _FORMULA)
_DISARMED = re.compile(_BEGIN + "'" + _FORMULA)


def disarm(text: str) -> str:
    """Put an apostrophe before everything that could begin a formula."""
    return _ARMED.sub(r"\1'\2", text)


def restore(text: str) -> str:
    """Undo `disarm`, exactly."""
    return _DISARMED.sub(r"\1\2", text)
