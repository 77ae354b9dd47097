"""{% kept KEY with HOLE %} … {% endkept %}: a part of a page that is written once and kept for all who see the same.

What stands between must depend on the key alone, and on the language of the page, which is part of every key. What
differs from one page to the next and is not worth a part of its own, such as a ticket's address, is named as a hole:
wherever its text stands in the part, it is put in anew each time. So is the CSRF token. With the key `none`
the part is written anew. The tests write every part anew and fail where it differs from what was kept (`proven`).
"""

from __future__ import annotations

import secrets
import sys
import threading
from collections.abc import Callable, Hashable
from dataclasses import is_dataclass
from typing import Any

from flask import Flask, g
from flask_wtf.csrf import generate_csrf
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from web.filters import language

ROOM = 8_000_000
"""The bytes of texts and keys that a process keeps at most."""

# A text with the places of its holes, and which holes it has.
Entry = tuple[str, list[int]]


class FragmentCache(Extension):
    """The tag. Its texts are kept by each process for itself, by place in the templates, language and key."""

    tags = {"kept"}

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        # Two generations. A text that is asked for again moves to the newer one. When that takes half of the room, it
        # becomes the older one, and what nobody asked for meanwhile is dropped.
        self.room, self._lock = ROOM, threading.Lock()
        self.clear()
        self.proven = False
        # What stands for a hole meanwhile: nobody can type what they do not know.
        self.marks = [secrets.token_hex(16) for _place in range(3)]

    def clear(self) -> None:
        self.texts: dict[Hashable, Entry] = {}
        self.older: dict[Hashable, Entry] = {}
        self.size = 0

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
        known = self.texts.get(wanted) or self._renewed(wanted)
        if known is None:
            text = caller()
            self._store(wanted, self._emptied(text, holes))
            return text
        if self.proven and known != (anew := self._emptied(caller(), holes)):
            raise AssertionError(f"{place} depends on more than {key!r}:\n{known}\n{anew}")
        return self._filled(*known, holes)

    def _renewed(self, wanted: Hashable) -> Entry | None:
        known = self.older.get(wanted)
        if known is not None:
            self._store(wanted, known)
        return known

    def _store(self, wanted: Hashable, entry: Entry) -> None:
        size = size_of(wanted) + size_of(entry)
        if size > self.room // 2:
            return
        with self._lock:
            if self.size + size > self.room // 2:
                self.older, self.texts, self.size = self.texts, {}, 0
            self.texts[wanted] = entry
            self.size += size

    def _emptied(self, text: str, holes: Any) -> Entry:
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


def size_of(value: Any) -> int:
    """The bytes that a key or an entry takes, with all that is in it. What it shares with others counts in full."""
    size = sys.getsizeof(value)
    if isinstance(value, (tuple, list, frozenset)):
        return size + sum(map(size_of, value))
    return size + sum(map(size_of, getattr(value, "__dict__", {}).values())) if is_dataclass(value) else size


def _fillings(holes: Any, token: str | None) -> tuple[Any, ...]:
    return token, *(holes if isinstance(holes, tuple) else (holes,))


def field_key(field: Any, *shown: Any) -> Hashable:
    """The key of a field as a page shows it. None where it has an error, or what somebody typed: that is not kept."""
    options = getattr(field, "choices", None)
    if field.errors or (field.data and options is None and field.type != "BooleanField"):
        return None
    # Labels that are the same for everybody are lazy; those of people and categories are plain texts.
    labels = tuple((one.value, isinstance(one.label, str) and one.label) for one in options or ())
    return type(field.form), field.name, field.data, labels, *shown


def set_up(app: Flask) -> None:
    app.jinja_env.globals["looks"] = field_key
    app.jinja_env.add_extension(FragmentCache)
