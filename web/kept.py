"""{% kept KEY %} … {% endkept %}: a part of a page that is written once and then kept for all who would see the same.

What stands between must depend on the key alone, and on the language of the page, which is part of every key. Nothing
that belongs to one request (a CSRF token, a time in somebody's zone) may stand there unless the key tells it apart.
The tests write every part anew each time and fail where it differs from what was kept (`proven`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from flask import Flask
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from web.filters import language

ROOM = 16_000_000
"""So many characters a process keeps, keys not counted. When they are more, all are forgotten."""


class Kept(Extension):
    """The tag. Its texts are kept by each process for itself, by place in the templates, language and key."""

    tags = {"kept"}

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.texts: dict[Hashable, str] = {}
        self.room, self.held = ROOM, 0
        self.proven = False

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        empty = parser.stream.current.type == "block_end"
        key = nodes.Tuple([], "load") if empty else parser.parse_tuple(with_condexpr=True)
        body = parser.parse_statements(("name:endkept",), drop_needle=True)
        text = self.call_method("text", [nodes.Const(f"{parser.name}:{line}"), key])
        return nodes.CallBlock(text, [], [], body).set_lineno(line)

    def text(self, place: str, key: Hashable, caller: Callable[[], str]) -> str:
        wanted = (place, language(), key)
        known = self.texts.get(wanted)
        if known is None:
            known = caller()
            if self.held > self.room:
                self.texts.clear()
                self.held = 0
            self.texts[wanted] = known
            self.held += len(known)
        elif self.proven and known != (anew := caller()):
            raise AssertionError(f"{place} depends on more than {key!r}:\n{known}\n{anew}")
        return known


def set_up(app: Flask) -> None:
    app.jinja_env.add_extension(Kept)
