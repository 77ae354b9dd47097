"""Single words as the search index keeps them: a to z and 0 to 9 only, each with its place in the text. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from helpdesk.text import plain_letters

# MariaDB leaves out of its index what is shorter than three characters and these words, whatever the language.
STOP_WORDS = frozenset("about are com for from how that the this was what when where who will with und www".split())
SHORTEST = 3
PAD = "zz"
# MariaDB's longest is 84. What is cut is cut in the index and in the query alike.
LONGEST = 80

WORD = re.compile(r"[^\W_]+")
# Scripts written without blanks: Thai to Khmer, kana, Han, Hangul.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+"
)

# An index word, and where in the text its letters begin and end.
Placed = tuple[str, int, int]


def unaccented(text: str) -> str:
    """Without case and accents."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", plain_letters(text))


def aligned(text: str) -> tuple[str, Sequence[int]]:
    """The bare letters, and for each its place in the text; one place more for the end.

    Where letters join across their neighbours (Hangul that was taken apart) each has the whole text for its place.
    """
    if text.isascii():
        return text.lower(), range(len(text) + 1)
    pieces = [unaccented(letter) for letter in text]
    letters = unaccented(text)
    if "".join(pieces) != letters:
        return letters, [0] * len(letters) + [len(text)]
    return letters, [place for place, piece in enumerate(pieces) for _letter in piece] + [len(text)]


def spelled(part: str) -> str:
    """One word as the index keeps it. Letters that are not a to z go by their number: which of them count as letters
    differs from database to database.
    """
    if part.isascii():
        return part + PAD if len(part) < SHORTEST or part in STOP_WORDS else part[:LONGEST]
    return "".join(c if c.isascii() else f"u{ord(c):04x}" for c in part)[:LONGEST]


def is_padded(word: str) -> bool:
    """Whether the index keeps the word with a pad behind it: its beginnings are not looked for."""
    bare = word.removesuffix(PAD)
    return bare != word and (len(bare) < SHORTEST or bare in STOP_WORDS)


def placed(bare: str, start: int = 0, *, whole: bool = True) -> list[Placed]:
    """The index words of one word that begins at `start`. Runs without blanks become overlapping pairs.

    In the index (`whole`) the last letter stands once more by itself, so that a single letter is found anywhere, and so
    it does in a phrase wherever something follows it.
    """
    if bare.isascii():
        return [(spelled(bare), start, start + len(bare))]
    found: list[Placed] = []
    end = 0
    for run in UNSPACED.finditer(bare):
        found += _plain(bare, end, run.start(), start)
        first, end = run.span()
        pairs = [(i, i + 2) for i in range(first, end - 1)]
        if whole or end - first == 1 or end < len(bare):
            pairs.append((end - 1, end))
        found += [(spelled(bare[i:j]), start + i, start + j) for i, j in pairs]
    return found + _plain(bare, end, len(bare), start)


def _plain(bare: str, first: int, last: int, start: int) -> list[Placed]:
    return [(spelled(bare[first:last]), start + first, start + last)] if first < last else []
