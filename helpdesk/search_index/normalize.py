"""Texts as the search index keeps them, and what is looked for in it: folded to plain letters and digits, so that every
database takes them alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helpdesk.search_index.index_words import LONGEST, PAD, WORD, is_padded, placed, spelled, unaccented
from helpdesk.search_index.spellings import JOINED_MAX, SHORT, Run, joins, piece

# The number of these rules and those of index_words, spellings and text.plain_letters. Whoever changes which words a
# text gives raises it: the worker then makes the documents of all tickets anew (helpdesk/search_index/reindexing.py).
VERSION = 2
# Stands between two texts, so that no phrase begins in one message and ends in the next.
GAP = "."


@dataclass(frozen=True)
class Spelling:
    """Index words that stand side by side, the last one perhaps only begun."""

    words: tuple[str, ...]
    begun: bool = False


@dataclass(frozen=True)
class Term:
    """One word or phrase somebody looks for. Any of its `others` will do as well."""

    words: tuple[str, ...]
    begun: bool = False
    without: bool = False
    others: tuple[Spelling, ...] = ()

    @property
    def spellings(self) -> tuple[Spelling, ...]:
        return (Spelling(self.words, self.begun), *self.others)


def words(text: str) -> Iterator[str]:
    """The index words of a text, in its order."""
    for part in text.split():
        for word, _start, _end in piece(part).words:
            yield word


def document(*texts: str) -> str:
    """The texts as a column of the index holds them: every word between two blanks. Behind each text stands what else
    its words may be looked for as.
    """
    parts = [part for text in texts for part in _parts(text)]
    joined = f" {GAP} ".join(part for part in parts if part)
    return f" {joined} " if joined else ""


def _parts(text: str) -> Iterator[str]:
    """The words, then other single words, then other runs of words one by one."""
    said: list[str] = []
    others: dict[tuple[str, ...], None] = {}
    last = ""
    for part in text.split():
        found = piece(part)
        said += [word for word, _start, _end in found.words]
        for run in found.others:
            others[tuple(word for word, _start, _end in run)] = None
        first = found.first
        if (len(first) <= SHORT or len(last) <= SHORT) and joins(last, first):
            others[(spelled(last + first),)] = None
        last = found.last
    yield " ".join(said)
    there = set(said)
    yield " ".join(run[0] for run in others if len(run) == 1 and run[0] not in there)
    yield from (" ".join(run) for run in others if len(run) > 1)


def runs(text: str) -> Iterator[Run]:
    """The same with the place of each word in the text: first all words, then what else they may be looked for as."""
    pieces = [(piece(match.group()), match.start()) for match in re.finditer(r"\S+", text)]
    yield tuple((word, start + at, end + at) for part, at in pieces for word, start, end in part.words)
    for part, at in pieces:
        yield from (tuple((word, start + at, end + at) for word, start, end in run) for run in part.others)
    for (part, at), (following, then) in zip(pieces, pieces[1:]):
        if joins(part.last, following.first):
            end = then + following.words[0][2]
            yield ((spelled(part.last + following.first), at + part.words[-1][1], end),)


# ---- what is looked for


def term(text: str, *, exact: bool = False, without: bool = False) -> Term | None:
    """What to look for. `exact`: as it is spelled, and whole words only. None where the text holds neither letters nor
    digits.
    """
    first = _spelling(unaccented(text), exact)
    if first is None:
        return None
    others = [] if exact else [*_others(text)]
    former = _spelling(_former(text), exact) if not text.isascii() else None
    others = [*dict.fromkeys([*others, former or first])]
    return Term(first.words, first.begun, without, tuple(other for other in others if other != first))


def _spelling(letters: str, exact: bool) -> Spelling | None:
    found: list[str] = []
    begun = False
    parts = WORD.findall(letters)
    for place, bare in enumerate(parts, 1):
        whole = bare.isascii() or place < len(parts)
        found += [word for word, _start, _end in placed(bare, whole=whole)]
        begun = not bare.isascii() or found[-1] == bare[:LONGEST]
    return Spelling(tuple(found), begun and not exact or _lone(found)) if found else None


def _others(text: str) -> Iterator[Spelling]:
    """Other spellings of all of it, at most without some letters before a number; not of a part of it."""
    for found in map(piece, text.split()):
        for run in found.others:
            if run[0][1] < found.words[0][2] and run[-1][2] == found.words[-1][2]:
                words = tuple(word for word, _start, _end in run)
                yield Spelling(words, begun=not is_padded(words[-1]))


def _lone(found: list[str]) -> bool:
    """A single letter of a script without blanks is the beginning of a pair."""
    return len(found) == 1 and re.fullmatch(r"u[0-9a-f]{4,5}", found[0]) is not None


def _former(text: str) -> str:
    """The letters as version 1 of the index has them: ł, ø, æ and the like are themselves. Tickets that wait to be
    indexed anew are found by it.
    """
    parts = (unicodedata.normalize("NFKD", text[at : at + JOINED_MAX]) for at in range(0, len(text), JOINED_MAX))
    plain = "".join(letter for part in parts for letter in part if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", plain.casefold())


def together(terms: Sequence[Term]) -> list[Term]:
    """The terms, where two that follow each other may also be one word with that word as a spelling of both: "azure ad"
    finds azuread.
    """
    found = list(terms)
    for place, (first, second) in enumerate(zip(terms, terms[1:])):
        if joined := _joined(first, second):
            for index in (place, place + 1):
                found[index] = replace(found[index], others=(*found[index].others, joined))
    return found


def _joined(first: Term, second: Term) -> Spelling | None:
    if first.without or second.without or len(first.words) > 1 or len(second.words) > 1:
        return None
    bare = [word.removesuffix(PAD) if is_padded(word) else word for word in (*first.words, *second.words)]
    begun = second.begun or is_padded(second.words[0])
    return Spelling((spelled("".join(bare)),), begun) if joins(*bare) else None
