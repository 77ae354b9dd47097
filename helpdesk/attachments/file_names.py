"""Names of files as people's machines send them, made harmless: for pages, headers and every kind of disk."""

from __future__ import annotations

import re
import unicodedata

from helpdesk.choices import FILE_NAME_MAX

# What no name needs: controls, line ends, halves of letters, and marks that turn the direction of what follows, so
# that "exe.gpj" reads as "jpg.exe" (U+202A to U+202E, U+2066 to U+2069 and their kin).
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# What Windows takes for something else in a name, and the names of its devices.
_RESERVED = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.I)
# The ending that is kept when a name is cut: ".pdf", ".tar.gz".
_ENDING = re.compile(r"(\.[^. ]{1,12}){1,2}$")
_BYTES_MAX = 240
# A longer name loses its middle before it is normalized, which takes a time that grows with the square of its marks.
_LONGEST = 2000


def clean(name: str) -> str:
    """The last part of the path that was sent, of at most 150 characters; "file" where nothing is left of it."""
    if len(name) > _LONGEST:
        name = name[: _LONGEST // 2] + name[-_LONGEST // 2 :]
    name = _HIDDEN.sub("", unicodedata.normalize("NFC", name))
    name = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    name = " ".join(_RESERVED.sub("_", name).split()).strip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    return _cut(name) or "file"


def _cut(name: str) -> str:
    """Shorten it before its ending, also where letters take up to four bytes: disks count those."""
    found = _ENDING.search(name)
    ending = found.group() if found and found.start() else ""
    stem = name[: len(name) - len(ending)][: FILE_NAME_MAX - len(ending)]
    room = _BYTES_MAX - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + ending


def with_ending(name: str, ending: str, also: tuple[str, ...] = ()) -> str:
    """The name with the ending that fits what is inside: "photo.png", but "page.html.png" for a picture."""
    return name if name.lower().endswith((ending, *also)) else clean(f"{name[: FILE_NAME_MAX - len(ending)]}{ending}")


def middle(name: str, most: int = 44) -> str:
    """Long names are cut in the middle, since their ends say what they are."""
    if len(name) <= most:
        return name
    tail = most // 3
    return f"{name[: most - tail - 1].rstrip()}…{name[-tail:].lstrip()}"


def different(names: list[str]) -> list[str]:
    """The same names, in the same order, but none twice: "log.txt", "log (2).txt"."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    found = []
    for name in names:
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        key, tried = name.casefold(), name
        while tried.casefold() in taken:
            numbers[key] = numbers.get(key, 1) + 1
            tried = f"{stem} ({numbers[key]}){dot}{ending}"
        taken.add(tried.casefold())
        found.append(tried)
    return found


def size(count: int) -> str:
    """ "14 KB", "2.5 MB": what people compare, so thousands and not 1,024."""
    for unit, power in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= power * 0.9995:
            value = count / power
            return f"{value:.1f} {unit}" if value < 9.95 and power > 1000 else f"{value:.0f} {unit}"
    return f"{count} B"
