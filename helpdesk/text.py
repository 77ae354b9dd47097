"""Text as people type it: made storable, and folded for comparison."""

from __future__ import annotations

import re
import unicodedata

# All that counts as a line end somewhere (Python's mail package among them), made one kind.
_LINE_ENDS = re.compile(r"\r\n|[\r\x85\u2028\u2029]")
# Control characters that no database keeps alike and no reader sees; tab and line feed stay.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

# Marks that nobody sees and that change nothing about what is seen, and those that turn the order of letters round.
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
# All that a font may leave out (Unicode's Default_Ignorable_Code_Point): no word is parted by it.
_IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# Letters that Unicode does not take apart, as people without them on their keyboard write them. Apostrophes that count
# as letters go.
_LETTERS = str.maketrans(
    dict(zip("łøđðıħŧŋĸƀǥƶɗɓƙɛɔ", "loddihtnkbgzdbkeo"))
    | {"æ": "ae", "œ": "oe", "þ": "th"}
    | dict.fromkeys("\u02b9\u02bb\u02bc\u02bd", "")
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_UMLAUTS_IN_TWO = re.compile("([aouAOU])\u0308")
# As many characters are remembered in their plain form; scripts of more are worked out each time.
REMEMBERED = 20_000


def clean(text: str) -> str:
    """Line ends as \\n, no invisible control characters, no blank edges."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip()


def clean_line(text: str) -> str:
    """A subject, a name, an address, an id: also without the marks that nobody sees."""
    return clean(_UNSEEN.sub("", text))


def fold(text: str) -> str:
    """For finding a name however it is typed: no accents, no case, single spaces."""
    return " ".join(plain_letters(text).split())


def fold_german(text: str) -> str:
    """The same with ae, oe, ue for ä, ö, ü."""
    return fold(with_german_vowels(text))


def with_german_vowels(text: str) -> str:
    """The text with ae, oe, ue for ä, ö, ü, as people without these keys write them."""
    return text if text.isascii() else _UMLAUTS_IN_TWO.sub(r"\1e", text).translate(_UMLAUTS)


def plain_letters(text: str) -> str:
    """Without case, accents and whatever a font may leave out, each letter by itself. Hangul is taken apart."""
    return text.lower() if text.isascii() else text.translate(_plain)


class _Plain(dict[int, str]):
    """The plain form of each character, worked out where it is first met."""

    def __missing__(self, code: int) -> str:
        plain = _plain_letter(chr(code))
        if len(self) < REMEMBERED:
            self[code] = plain
        return plain


_plain = _Plain()


def _plain_letter(letter: str) -> str:
    if _IGNORED.match(letter):
        return ""
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    folded = _without_marks(letter).casefold().translate(_LETTERS)
    return _without_marks(folded)


def _without_marks(text: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))
