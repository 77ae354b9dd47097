"""What else a piece of text between two blanks may be looked for as: Wi-Fi as wifi, KB5034441 as 5034441, Müller as
Mueller, AzureAD as Azure AD. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from helpdesk.search_index.index_words import UNSPACED, WORD, Placed, aligned, placed, spelled
from helpdesk.text import with_german_vowels

# Pieces longer than this, or of more words, have no other spelling: they are addresses, paths and keys.
LONGEST_PIECE, MOST_WORDS = 100, 12
JOINED_MAX = 40
# What joins words to one that people also write without it.
JOINERS = frozenset("-_'’‐‑‒–")
# Words of a sentence that are never half of a name. "log in" and "set up" are.
PLAIN_WORDS = frozenset(
    "a an and any are as at be but by can did do for get got had has he her him his how i if in is it its let "
    "may me my no not now of on or our out say see she so the to too up us use was we who why yes you am auf "
    "aus bei bin bis da das dem den der des die du ein er es hat ich ihr im ins ist ja man mir mit nur ob sie "
    "und uns vom von vor war wer wie wir zu zum zur au ce de elle en est et il je la le les ma mes ou par pas "
    "que qui se ses si son sur un une el lo los las por con del al y o".split()
)
PARTICLES = frozenset(("in", "on", "up", "off", "out"))
SHORT, VERB = 3, (3, 6)

_NUMBERED = re.compile(r"([a-z]+)([0-9]+)|([0-9]+)([a-z]+)")
_HEX = re.compile(r"0x[0-9a-f]{3,}")
_CAPITALIZED = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# The address of a network card: six pairs, with colons, hyphens or nothing between them.
_CARD = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
# What makes it worth a closer look.
_ODD = re.compile(
    r"[^\W_][-_'’‐‑‒–][^\W_]|[0-9][A-Za-z]|[A-Za-z][0-9]|[a-z][A-Z]|[A-Z]{2}[a-z]|:[0-9A-Fa-f]{2}:|[^\x00-\x7f]"
)

Run = tuple[Placed, ...]


@dataclass(frozen=True)
class Piece:
    """What stands between two blanks: its index words, and the runs of words it may be looked for as too. `first` and
    `last` are its letters where it is one word and no other sign stands before it, behind it.
    """

    words: Run
    others: tuple[Run, ...] = ()
    first: str = ""
    last: str = ""


def piece(text: str) -> Piece:
    """Most pieces of a text come again and again."""
    return _remembered(text) if len(text) <= JOINED_MAX else _read(text)


@lru_cache(maxsize=4000)
def _remembered(text: str) -> Piece:
    return _read(text)


def _read(text: str) -> Piece:
    letters, places = aligned(text)
    bare = [(match.group(), match.start()) for match in WORD.finditer(letters)]
    if not bare:
        return Piece(())
    words = _at([found for word, start in bare for found in placed(word, start)], places)
    first = bare[0][0] if len(bare) == 1 and bare[0][1] == 0 else ""
    last = bare[0][0] if len(bare) == 1 and _end(bare[0]) == len(letters) else ""
    odd = _ODD.search(text) is not None and len(text) <= LONGEST_PIECE and len(bare) <= MOST_WORDS
    others = dict.fromkeys(_others(text, letters, bare, places)) if odd else ()
    return Piece(words, tuple(run for run in others if run != words), first, last)


def _at(found: Sequence[Placed], places: Sequence[int]) -> Run:
    """The same words, placed in the text instead of in its bare letters, with what has no letter of its own behind."""
    return tuple((word, places[start], places[end] or places[-1]) for word, start, end in found)


def _others(text: str, letters: str, bare: list[tuple[str, int]], places: Sequence[int]) -> Iterator[Run]:
    yield from (_at(run, places) for run in _joined(letters, bare))
    for number, (word, start) in enumerate(bare):
        if word.isascii():
            yield from (_at(run, places) for run in _divided(letters, bare[number:]))
            original = text[places[start] : places[start + len(word) - 1] + 1]
            if len(original) == len(word):
                yield from (_at(run, places) for run in _by_capitals(original, start))
    for card in _CARD.finditer(letters):
        yield _at([(card.group().replace(":", ""), *card.span())], places)
    german = with_german_vowels(text)
    if german != text:
        yield from _as_german(text, german)


def _joined(letters: str, bare: list[tuple[str, int]]) -> Iterator[Run]:
    """Words with nothing but a hyphen between them as one: all of them, and of letters also each two."""
    chain: list[tuple[str, int]] = []
    for word, start in [*bare, ("", 0)]:
        if chain and word and start == _end(chain[-1]) + 1 and letters[start - 1] in JOINERS:
            chain.append((word, start))
            continue
        pairs = zip(chain, chain[1:]) if len(chain) > 2 else ()
        for group in [chain] * (len(chain) > 1) + [[*pair] for pair in pairs if pair[0][0].isalpha()]:
            together = "".join(part for part, _start in group)
            if len(together) <= JOINED_MAX and not UNSPACED.search(together):
                yield ((spelled(together), group[0][1], _end(group[-1])),)
        chain = [(word, start)]


def _end(word: tuple[str, int]) -> int:
    return word[1] + len(word[0])


def _divided(letters: str, bare: list[tuple[str, int]]) -> Iterator[Run]:
    """A word of letters and digits in its two parts; a number or version behind some letters without these."""
    (word, start), end = bare[0], _end(bare[0])
    if _HEX.fullmatch(word):
        yield ((spelled(word[2:]), start + 2, end),)
        return
    found = _NUMBERED.fullmatch(word)
    if found is None:
        return
    cut = start + len(found[1] or found[3])
    before, behind = letters[start:cut], letters[cut:end]
    dotted = _dotted(letters, bare) if found[1] else []
    number = ((spelled(behind), cut, end), *dotted)
    if found[1] and len(before) <= SHORT + 1 and (dotted or len(behind) >= 5):
        yield number
    elif len(before) > 1 and len(behind) > 1 or len(before) > SHORT:
        yield ((spelled(before), start, cut), *number)


def _dotted(letters: str, bare: list[tuple[str, int]]) -> list[Placed]:
    """The numbers that follow the first word with a dot before each."""
    found: list[Placed] = []
    for last, (word, start) in zip(bare, bare[1:]):
        if not (start == _end(last) + 1 and letters[start - 1] == "." and word.isdecimal() and word.isascii()):
            break
        found += placed(word, start)
    return found


def _by_capitals(original: str, start: int) -> Iterator[Run]:
    """AzureAD is Azure AD: words that begin with a capital letter inside a word."""
    parts = [*_CAPITALIZED.finditer(original)] if original.isalpha() else []
    if 1 < len(parts) <= 3 and min(len(part.group()) for part in parts) > 1:
        yield tuple((spelled(part.group().lower()), start + part.start(), start + part.end()) for part in parts)


def _as_german(text: str, german: str) -> Iterator[Run]:
    """Müller is Mueller. A letter more or less moves no place far, so each word is placed by its number."""
    letters, _places = aligned(german)
    originals, places = aligned(text)
    bare = [match.group() for match in WORD.finditer(letters)]
    where = [match.span() for match in WORD.finditer(originals)]
    if len(bare) == len(where):
        pairs = zip(bare, where)
        yield _at([(word, *span) for part, span in pairs for word, _start, _end in placed(part)], places)
    together = "".join(bare)
    if 1 < len(bare) <= 3 and len(together) <= JOINED_MAX and not UNSPACED.search(together):
        yield ((spelled(together), 0, len(text)),)


def joins(first: str, second: str) -> bool:
    """Whether two words with a blank between them are often written as one: Azure AD, Office 365, log in."""
    if not (first and second and first.isascii() and second.isascii()) or first.isdecimal() and second.isdecimal():
        return False
    if first in PLAIN_WORDS or second in PLAIN_WORDS and second not in PARTICLES:
        return False
    if second in PARTICLES:
        return VERB[0] <= len(first) <= VERB[1]
    return min(len(first), len(second)) <= SHORT and len(first) + len(second) <= JOINED_MAX
