"""{% kept KEY with HOLE %} … {% endkept %}: a part of a page that is written once and kept for all who see the same.

What stands between must depend on the key alone, and on the language of the page, which is part of every key. What
differs from one page to the next and is not worth a part of its own, such as a ticket's address, is named as a hole:
wherever its text stands in the part, it is put in anew each time. So is the CSRF token. With the key `none`
the part is written anew. The tests write every part anew and fail where it differs from what was kept (`proven`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask, g
from flask_wtf.csrf import generate_csrf
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from web.filters import language

ROOM = 16_000_000
"""So many characters of texts and keys a process keeps. When they are more, all are forgotten."""


class Kept(Extension):
    """The tag. Its texts are kept by each process for itself, by place in the templates, language and key."""

    tags = {"kept"}

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.texts: dict[Hashable, tuple[str, list[int]]] = {}
        self.room, self.held = ROOM, 0
        self.proven = False
        # What stands for a hole meanwhile: nobody can type what they do not know.
        self.marks = [secrets.token_hex(16) for _place in range(3)]

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        key, holes = self._values(parser), nodes.Tuple([], "load")
        if parser.stream.skip_if("name:with"):
            holes = self._values(parser)
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        text = self.call_method("text", [nodes.Const(f"{parser.name}:{line}"), key, holes])
        return nodes.CallBlock(text, [], [], body).set_lineno(line)

    def _values(self, parser: Parser) -> Any:
        """One expression as it is, several as a tuple, none as an empty one."""
        if parser.stream.current.test_any("block_end", "name:with"):
            return nodes.Tuple([], "load")
        return parser.parse_tuple(with_condexpr=True, extra_end_rules=("name:with",))

    def text(self, place: str, key: Hashable, holes: Any, caller: Callable[[], str]) -> str:
        if key is None:
            return caller()
        wanted = (place, language(), key)
        known = self.texts.get(wanted)
        if known is None:
            return self._keep(wanted, caller(), holes)
        if self.proven and known != (anew := self._emptied(caller(), holes)):
            raise AssertionError(f"{place} depends on more than {key!r}:\n{known}\n{anew}")
        return self._filled(*known, holes)

    def _keep(self, wanted: Hashable, text: str, holes: Any) -> str:
        if self.held > self.room:
            self.texts.clear()
            self.held = 0
        self.texts[wanted] = self._emptied(text, holes)
        self.held += len(text) + len(repr(wanted))
        return text

    def _emptied(self, text: str, holes: Any) -> tuple[str, list[int]]:
        """The text with marks in its holes, and which of the holes it has."""
        for mark, hole in zip(self.marks, _fillings(holes, g.get("csrf_token"))):
            text = text.replace(hole, mark) if hole else text
        return text, [place for place, mark in enumerate(self.marks) if mark in text]

    def _filled(self, text: str, has: list[int], holes: Any) -> str:
        if has:
            fillings = _fillings(holes, generate_csrf() if 0 in has else None)
            for place in has:
                text = text.replace(self.marks[place], fillings[place])
        return text


def _fillings(holes: Any, token: str | None) -> tuple[Any, ...]:
    return token, *(holes if isinstance(holes, tuple) else (holes,))


def looks(field: Any, *shown: Any) -> Hashable:
    """The key of a field as a page shows it. None where it has an error, or what somebody typed: that is not kept."""
    options = getattr(field, "choices", None)
    if field.errors or (field.data and options is None and field.type != "BooleanField"):
        return None
    # Labels that are the same for everybody are lazy; those of people and categories are plain texts.
    labels = tuple((one.value, isinstance(one.label, str) and one.label) for one in options or ())
    return type(field.form), field.name, field.data, labels, *shown


def set_up(app: Flask) -> None:
    app.jinja_env.globals["looks"] = looks
    app.jinja_env.add_extension(Kept)
