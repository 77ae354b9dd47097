"""A text as people type it, as safe HTML: only what is plainly meant as markup is read as such.

Read as markup: fences, quotes, lists of more than one line, tables of pipes or tabs, `code`, **bold** and links.
Everything else is text, and every character of it comes out: backslashes, stars in words, numbers of steps, # and ---.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from contextvars import ContextVar
from html import escape

import nh3

from helpdesk.markup import inline

RENDERER = 2
"""Raise it when the same text comes out differently: what an older renderer has made is then made anew when read."""

# Quotes and lists inside each other; what is deeper is text.
DEEPEST = 10
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^`~\n]*)$")
_ITEM = re.compile(r"( {0,20})([-*]) +(?=\S)")
_QUOTE = re.compile(r">(?: |$|(?=>))")
_DASHES = re.compile(":?-+:?")

_TAGS = {"p", "br", "strong", "code", "pre", "blockquote", "ul", "li", "a", "table", "thead", "tbody", "tr", "th", "td"}
_ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "*": set()}
_SCHEMES = {"http", "https", "mailto"}

_last: ContextVar[tuple[str, str]] = ContextVar("last", default=("", ""))


def to_html(text: str) -> str:
    """The text as HTML. The last text of each thread is remembered, see `ready`."""
    if _last.get()[0] != text:
        _last.set((text, _render(text)))
    return _last.get()[1]


def ready(text: str) -> str | None:
    """The HTML of a text that this thread has rendered just before, and nothing that would take time."""
    known, html = _last.get()
    return html if known == text else None


def _render(text: str) -> str:
    """The renderer escapes all that it does not write itself; the sanitizer is a second lock on the same door."""
    return nh3.clean(
        _blocks(text.split("\n"), DEEPEST),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def _blocks(lines: list[str], deeper: int) -> str:
    return "".join(_Blocks(lines, deeper).html())


class _Blocks:
    """Reads lines from top to bottom. Each reader returns what it has made of the lines at `at`, or nothing."""

    def __init__(self, lines: list[str], deeper: int) -> None:
        self.lines, self.deeper, self.at = lines, deeper, 0
        self.fences = _closing_fences(lines)
        self.paragraph: list[str] = []
        self.made: list[str] = []

    def html(self) -> list[str]:
        readers = (self._fence, self._quote, self._list, self._pipes, self._tabs)
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self._end_paragraph()
                self.at += 1
                continue
            block = next((made for reader in readers if (made := reader(line))), "")
            if block:
                self._end_paragraph()
                self.made.append(block)
            else:
                self.paragraph.append(line)
                self.at += 1
        self._end_paragraph()
        return self.made

    def _end_paragraph(self) -> None:
        if self.paragraph:
            self.made.append(f"<p>{inline.render(chr(10).join(self.paragraph))}</p>\n")
            self.paragraph = []

    def _fence(self, line: str) -> str:
        """Code between two fences of the same sign and length. One that is never closed is text."""
        opening = _FENCE.match(line)
        if opening is None:
            return ""
        closings = self.fences[opening[1]]
        found = bisect_right(closings, self.at)
        if found == len(closings):
            return ""
        code, self.at = self.lines[self.at + 1 : closings[found]], closings[found] + 1
        return f"<pre><code>{escape(chr(10).join(code), quote=False)}</code></pre>\n"

    def _quote(self, line: str) -> str:
        if not self.deeper or not _QUOTE.match(line):
            return ""
        quoted = []
        while self.at < len(self.lines) and (mark := _QUOTE.match(self.lines[self.at])):
            quoted.append(self.lines[self.at][mark.end() :])
            self.at += 1
        return f"<blockquote>\n{_blocks(quoted, self.deeper - 1)}</blockquote>\n"

    def _list(self, line: str) -> str:
        """Items with the same sign at the same indent; what is indented further belongs to the item above it."""
        first = _ITEM.match(line)
        if first is None or not self.deeper:
            return ""
        items: list[list[str]] = []
        at = self.at
        while at < len(self.lines):
            item = _ITEM.match(self.lines[at])
            if item and item[1] == first[1] and item[2] == first[2]:
                items.append([self.lines[at][item.end() :]])
            elif items and self.lines[at].startswith(first[1] + "  ") and self.lines[at].strip():
                items[-1].append(self.lines[at][len(first[1]) + 2 :])
            else:
                break
            at += 1
        if len(items) < 2:
            return ""
        self.at = at
        return "<ul>\n" + "".join(f"<li>{self._item(item)}</li>\n" for item in items) + "</ul>\n"

    def _item(self, lines: list[str]) -> str:
        if len(lines) == 1:
            return inline.render(lines[0])
        return _blocks(lines, self.deeper - 1).removesuffix("\n")

    def _pipes(self, line: str) -> str:
        """A heading, a line of dashes with as many columns, and rows. (GitHub's tables.)"""
        below = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if "|" not in line or "|" not in below:
            return ""
        heading, dashes = _cells(line), _cells(below)
        if len(heading) != len(dashes) or not all(map(_DASHES.fullmatch, dashes)):
            return ""
        end = self.at + 2
        while end < len(self.lines) and "|" in self.lines[end] and len(_cells(self.lines[end])) <= len(heading):
            end += 1
        rows, self.at = [_cells(row) for row in self.lines[self.at + 2 : end]], end
        return _table(heading, [row + [""] * (len(heading) - len(row)) for row in rows])

    def _tabs(self, line: str) -> str:
        """Cells pasted from a spreadsheet: two lines or more with as many tabs each."""
        tabs, end = line.count("\t"), self.at
        while tabs and end < len(self.lines) and self.lines[end].count("\t") == tabs:
            end += 1
        rows = [row.split("\t") for row in self.lines[self.at : end]]
        if len(rows) < 2 or all(not row[0].strip() for row in rows):
            return ""
        self.at = end
        return _table([], rows)


def _closing_fences(lines: list[str]) -> defaultdict[str, list[int]]:
    """The lines that hold a fence and nothing else, by the fence."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(lines):
        if (fence := _FENCE.match(line)) and not fence[2].strip():
            found[fence[1]].append(number)
    return found


def _cells(line: str) -> list[str]:
    line = line.strip()
    line = line.removeprefix("|")
    return [cell.strip() for cell in line.removesuffix("|").split("|")]


def _table(heading: list[str], rows: list[list[str]]) -> str:
    head = f"<thead>{_row(heading, 'th')}</thead>\n" if heading else ""
    return f"<table>\n{head}<tbody>{''.join(_row(row, 'td') for row in rows)}</tbody>\n</table>\n"


def _row(cells: list[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{inline.render(cell)}</{tag}>" for cell in cells) + "</tr>\n"
