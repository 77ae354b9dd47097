"""One paragraph of a text: code, bold and links become HTML, every other character comes out as it was typed.

Each character is looked at a bounded number of times, so that no text takes long.
"""

from __future__ import annotations

import re
from collections import defaultdict
from html import escape

# What can begin something. All else is text.
_SIGNS = re.compile(r"`+|\*\*|\[|https?://|www\.|@", re.I)
LONGEST_LINK = 2_000
_URL = re.compile(rf"[^\s<>\"`]{{1,{LONGEST_LINK + 1}}}")
_LABELLED = re.compile(
    r"\[([^\[\]\n]{1,500})\]"
    r"\(((?:https?://|mailto:)[^\s()<>\"]{1,1000}(?:\([^\s()<>\"]{0,200}\)[^\s()<>\"]{0,500})?)\)",
    re.I,
)
# A label that reads as an address must not hide where the link leads.
_ADDRESS_LIKE = re.compile(r"://|^www\.|^[\w-]{1,60}(?:\.[\w-]{1,60}){1,9}(?:/|$)|@", re.I)
_BEFORE_AT, _AFTER_AT = re.compile(r"[\w.+\-]+", re.ASCII), re.compile(
    r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,9}", re.I
)
LONGEST_LOCAL_PART = 64


def render(text: str) -> str:
    return _Paragraph(text).html()


class _Paragraph:
    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.pieces: list[str] = []
        # The piece that is a bold sign and may turn out to open bold text.
        self.bold: int | None = None

    def html(self) -> str:
        """A run of backticks is closed by the next run of the same length, found by `runs`."""
        runs = _backticks(self.text)
        while (sign := _SIGNS.search(self.text, self.place)) is not None:
            begin, found = sign.start(), sign.group()
            if found[0] == "`":
                self._code(begin, len(found), runs[len(found)])
            elif found == "**":
                self._bold(begin)
            elif found == "[":
                self._labelled(begin)
            elif found == "@":
                self._mail_address(begin)
            else:
                self._address(begin, found)
        self._text_until(len(self.text))
        return "".join(self.pieces)

    def _text_until(self, end: int) -> None:
        if end > self.place:
            self.pieces.append(_typed(self.text[self.place : end]))
            self.place = end

    def _code(self, begin: int, length: int, ends: list[int]) -> None:
        """`ends` are the beginnings of all runs of this length; those that are behind are dropped on the way."""
        self._text_until(begin)
        while ends and ends[-1] <= begin:
            ends.pop()
        if not ends:
            self._text_until(begin + length)
            return
        self.pieces.append(f"<code>{escape(self.text[begin + length : ends[-1]], quote=False)}</code>")
        self.place = ends.pop() + length

    def _bold(self, begin: int) -> None:
        before, after = self.text[begin - 1 : begin], self.text[begin + 2 : begin + 3]
        self._text_until(begin)
        self.place = begin + 2
        if self.bold is not None and before and not before.isspace() and not _in_word(after):
            self.pieces[self.bold] = "<strong>"
            self.pieces.append("</strong>")
            self.bold = None
            return
        self.pieces.append("**")
        if after and not after.isspace() and not _in_word(before):
            self.bold = len(self.pieces) - 1

    def _labelled(self, begin: int) -> None:
        link = _LABELLED.match(self.text, begin)
        self._text_until(begin)
        if link is None:
            self._text_until(begin + 1)
            return
        label, address = link.groups()
        if _hides(label, address):
            self.pieces.append(f"{_typed(label)} ({_anchor(address, address)})")
        else:
            self.pieces.append(_anchor(address, label))
        self.place = link.end()

    def _address(self, begin: int, scheme: str) -> None:
        """A web address from its scheme, or from "www.", on, without the signs that end a sentence."""
        if _in_word(self.text[begin - 1 : begin]):
            self._text_until(begin + len(scheme))
            return
        whole = _URL.match(self.text, begin)
        given = whole.group() if whole else scheme
        address = _trimmed(given)
        if len(given) > LONGEST_LINK or not _leads_somewhere(address, scheme):
            self._text_until(begin + len(given))
            return
        self._text_until(begin)
        self.pieces.append(_anchor(address if "://" in scheme else f"http://{address}", address))
        self.place = begin + len(address)

    def _mail_address(self, at: int) -> None:
        """The parts before and behind the sign, each no longer than such a part may be."""
        first = max(self.place, at - LONGEST_LOCAL_PART - 1)
        before = self.text[first:at]
        local = before[len(before.rstrip(_LOCAL)) :].lstrip(".-+")
        domain = _AFTER_AT.match(self.text, at + 1)
        begin = at - len(local)
        if not local or domain is None or len(local) > LONGEST_LOCAL_PART:
            self._text_until(at + 1)
            return
        address = self.text[begin : at + 1] + domain.group().rstrip("-")
        self._text_until(begin)
        self.pieces.append(_anchor(f"mailto:{address}", address))
        self.place = begin + len(address)


_LOCAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-"


def _backticks(text: str) -> defaultdict[int, list[int]]:
    """Where the runs of backticks begin, by their length, the last one first."""
    runs: defaultdict[int, list[int]] = defaultdict(list)
    for run in re.finditer("`+", text):
        runs[run.end() - run.start()].append(run.start())
    for places in runs.values():
        places.reverse()
    return runs


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_" or character == "*"


def _leads_somewhere(address: str, scheme: str) -> bool:
    host = address[len(scheme) :]
    return host[:1].isalnum() and ("." in host or scheme.lower() != "www.") or host.startswith("[")


def _hides(label: str, address: str) -> bool:
    """Whether a label reads as another address than the one its link leads to."""
    same = {address, address.partition("://")[2], address.removeprefix("mailto:")}
    return _ADDRESS_LIKE.search(label) is not None and label.rstrip("/") not in {one.rstrip("/") for one in same}


def _typed(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>")


def _anchor(address: str, label: str) -> str:
    return f'<a href="{escape(address)}">{escape(label, quote=False)}</a>'


def _trimmed(address: str) -> str:
    """Without what ends a sentence, and without a closing bracket that was opened before the address."""
    end = len(address)
    opened = {")": address.count("(") - address.count(")"), "]": address.count("[") - address.count("]")}
    while end:
        last = address[end - 1]
        if last in ".,;:!?'*_~|\\":
            end -= 1
        elif last in opened and opened[last] < 0:
            opened[last] += 1
            end -= 1
        else:
            break
    return address[:end]
