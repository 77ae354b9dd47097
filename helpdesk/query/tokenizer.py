"""What stands between the blanks of a query, and what of it stood in quotes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Token:
    """Its characters, for each whether it stood in quotes, and where in the text it begins and ends, quotes and all."""

    start: int = 0
    end: int = 0
    text: str = ""
    quoted: list[bool] = field(default_factory=list)

    def add(self, letter: str, quoted: bool) -> None:
        self.text += letter
        self.quoted.append(quoted)

    def after(self, place: int) -> Token:
        """What is left without its first characters."""
        return Token(self.start, self.end, self.text[place:], self.quoted[place:])


def tokens(text: str) -> Iterator[Token]:
    """An open quotation mark reaches to the end."""
    token, inside, begun = Token(), False, False
    for place, letter in enumerate(text):
        if letter.isspace() and not inside:
            if begun:
                yield token
            token, begun = Token(place + 1), False
            continue
        token.end, begun = place + 1, True
        if letter == '"':
            inside = not inside
        else:
            token.add(" " if letter.isspace() else letter, inside)
    if begun:
        yield token
