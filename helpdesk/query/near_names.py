"""Names that one slip of the finger, or an end left off, turns into another. Pure."""

from __future__ import annotations

from collections.abc import Iterable

# From so many letters on, the beginning of a name says which one is meant.
BEGINNING = 3


def near_name(typed: str, names: Iterable[str]) -> str:
    """The first of the names that is one slip away from what was typed, else one that begins so; empty for none."""
    known = list(names)
    slips = [name for name in known if one_slip(typed, name)]
    begun = [name for name in known if len(typed) >= BEGINNING and name.startswith(typed)]
    return next(iter(slips + begun), "")


def one_slip(a: str, b: str) -> bool:
    """Whether one letter is another one, is missing or too many, or two that stand side by side are exchanged."""
    same = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    a, b = a[same:], b[same:]
    exchanged = a[:2] == b[1::-1] and a[2:] == b[2:]
    return a != b and (a[1:] == b[1:] or a[1:] == b or a == b[1:] or exchanged)
