"""Text as people type it: made storable, and folded for comparison."""

from __future__ import annotations

import re
import unicodedata

# All that counts as a line end somewhere (Python's mail package among them), made one kind.
_LINE_ENDS = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
# Control characters that no database keeps alike and no reader sees; tab and line feed stay.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Characters that are normalized at once.
PIECE = 256


def clean(text: str) -> str:
    """Line ends as \\n, no invisible control characters, no blank edges."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip()


def fold(text: str) -> str:
    """For finding a name however it is typed: no accents, no case, single spaces."""
    return " ".join(without_accents(text).casefold().split())


def without_accents(text: str) -> str:
    """The letters that NFKD finds, without their combining marks.

    Python sorts the marks of one letter in a time that grows with the square of their number. Here they are dropped
    anyway, so the text is taken apart in short pieces, which gives the same letters.
    """
    pieces = (text[at : at + PIECE] for at in range(0, len(text), PIECE))
    return "".join(
        part for piece in pieces for part in unicodedata.normalize("NFKD", piece) if not unicodedata.combining(part)
    )
