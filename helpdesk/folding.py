"""Words as the search index keeps them: folded to plain letters and digits, so that every database takes them alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from helpdesk.text import plain_letters

# MariaDB leaves out of its index what is shorter than three characters and these words, whatever the language.
STOP_WORDS = frozenset("about are com for from how that the this was what when where who will with und www".split())
SHORTEST = 3
PAD = "zz"
# MariaDB's longest is 84. What is cut is cut in the index and in the query alike.
LONGEST = 80
# Stands between two texts, so that no phrase begins in one message and ends in the next.
GAP = "."

_WORD = re.compile(r"[^\W_]+")
# Scripts written without blanks: Thai to Khmer, kana, Han, Hangul.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+"
)


@dataclass(frozen=True)
class Term:
    """One word or phrase somebody looks for: index words that stand side by side, the last one perhaps only begun."""

    words: tuple[str, ...]
    begun: bool = False
    without: bool = False


def words(text: str) -> Iterator[str]:
    """The index words of a text, in its order."""
    for bare in _WORD.findall(bare_letters(text)):
        if bare.isascii():
            yield _padded(bare)
        else:
            yield from _unspaced(bare, whole=True)


def document(*texts: str) -> str:
    """The texts as a column of the index holds them: every word between two blanks."""
    parts = [" ".join(words(text)) for text in texts]
    joined = f" {GAP} ".join(part for part in parts if part)
    return f" {joined} " if joined else ""


def term(text: str, *, exact: bool = False, without: bool = False) -> Term | None:
    """What to look for. `exact`: whole words only. None where the text holds neither letters nor digits."""
    found: list[str] = []
    begun = False
    parts = _WORD.findall(bare_letters(text))
    for place, bare in enumerate(parts, 1):
        if bare.isascii():
            found.append(_padded(bare))
            begun = found[-1] == bare[:LONGEST]
        else:
            found += _unspaced(bare, whole=place < len(parts))
            begun = True
    return Term(tuple(found), begun and not exact or _lone(found), without) if found else None


def bare_letters(text: str) -> str:
    """Without case and accents."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", plain_letters(text))


def _padded(bare: str) -> str:
    return bare + PAD if len(bare) < SHORTEST or bare in STOP_WORDS else bare[:LONGEST]


def _unspaced(bare: str, *, whole: bool) -> list[str]:
    """A word with other letters than a to z. Runs without blanks become overlapping pairs.

    In the index (`whole`) the last letter stands once more by itself, so that a single letter is found anywhere, and so
    it does in a phrase wherever something follows it.
    """
    found, end = [], 0
    for run in _UNSPACED.finditer(bare):
        found += [_spelled(part) for part in (bare[end : run.start()],) if part]
        letters, end = run.group(), run.end()
        found += [_spelled(letters[i : i + 2]) for i in range(len(letters) - 1)]
        if whole or len(letters) == 1 or end < len(bare):
            found.append(_spelled(letters[-1]))
    return found + [_spelled(part) for part in (bare[end:],) if part]


def _spelled(part: str) -> str:
    """Letters that are not a to z by their number: which of them count as letters differs from database to database."""
    if part.isascii():
        return _padded(part)
    return "".join(c if c.isascii() else f"u{ord(c):04x}" for c in part)[:LONGEST]


def _lone(found: list[str]) -> bool:
    """A single letter of such a script is the beginning of a pair."""
    return len(found) == 1 and re.fullmatch(r"u[0-9a-f]{4,5}", found[0]) is not None
