"""Markdown as people type it, rendered as a safe subset of HTML within a budget of counted work."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from html import escape
from types import SimpleNamespace
from typing import Any, cast

import nh3
from linkify_it import LinkifyIt
from linkify_it.main import Match
from markdown_it import MarkdownIt, helpers
from markdown_it.rules_core.linkify import linkify as find_links
from markdown_it.rules_inline.linkify import linkify as find_link

RENDERER = 1
"""Raise it when the same text comes out differently: what an older renderer has made is then made anew when read."""

# A step is what the parser does at one place of the text, some 4 microseconds. Steps are counted, so that the same
# text comes out alike on every machine.
MOST_STEPS = 24_000
MOST_LINK_STEPS = 16_000
# What finding and making one link takes, in steps, and how long a word can be to be one.
LINK_STEPS = 12
LONGEST_LINK = 2_000
# The characters that are read one by one, where a link leads to, for one step.
CHARACTERS = 20

_TAGS = {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
_ATTRIBUTES: dict[str, set[str]] = {"a": {"href"}, "ol": {"start"}, "*": set()}
_SCHEMES = {"http", "https", "mailto"}

_last: ContextVar[tuple[str, str]] = ContextVar("last", default=("", ""))


class _TooMuch(Exception):
    """The budget is spent. `links`: by links alone."""

    def __init__(self, *, links: bool) -> None:
        self.links = links


class _Budget:
    """What rendering one text has taken so far."""

    def __init__(self) -> None:
        self.steps = self.link_steps = 0

    def spend(self, steps: int) -> None:
        self.steps += steps
        if self.steps > MOST_STEPS:
            raise _TooMuch(links=False)

    def spend_on_links(self, steps: int) -> None:
        self.link_steps += steps
        if self.link_steps > MOST_LINK_STEPS:
            raise _TooMuch(links=True)


_budget: ContextVar[_Budget] = ContextVar("budget")


def to_html(markdown: str) -> str:
    """Paragraphs, line breaks, emphasis, lists, quotes, code and links; everything else comes out as the text it is.

    A text that takes too much work comes out without links, or as it was typed. The last text of each thread is
    remembered, see `ready`.
    """
    if _last.get()[0] != markdown:
        _last.set((markdown, _render(markdown)))
    return _last.get()[1]


def ready(markdown: str) -> str | None:
    """The HTML of a text that this thread has rendered just before, and nothing that would take time."""
    known, html = _last.get()
    return html if known == markdown else None


def _render(markdown: str) -> str:
    try:
        html = _within_budget(markdown, links=True)
    except _TooMuch as reason:
        try:
            html = _within_budget(markdown, links=False) if reason.links else _plain(markdown)
        except _TooMuch:
            html = _plain(markdown)
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def _within_budget(markdown: str, *, links: bool) -> str:
    budget = _Budget()
    _budget.set(budget)
    budget.spend((markdown.count("\n") + markdown.count(">")) // 2)
    return str((_with_links if links else _without_links).render(markdown))


def _plain(markdown: str) -> str:
    """The text as it was typed, with its paragraphs and line breaks."""
    paragraphs = (part.strip("\n") for part in markdown.split("\n\n"))
    return "".join("<p>" + escape(part).replace("\n", "<br>\n") + "</p>\n" for part in paragraphs if part)


def _keep(_tag: str, name: str, value: str) -> str | None:
    """A link names where it leads: no address that means another page of the desk here and nothing in a mail."""
    return value if name != "href" or value.partition(":")[0].lower() in _SCHEMES else None


# ---- links


class _Links(LinkifyIt):  # type: ignore[misc]
    """Looks at each word that could be a link by itself: the library takes a time that grows with the square."""

    def test(self, text: str) -> bool:
        return _LINK_LIKE.search(text) is not None

    pretest = test

    def match(self, text: str) -> list[Match] | None:
        found: list[Match] = []
        for word in _WORD.finditer(text):
            if _LINK_LIKE.search(word.group()):
                found += self._in_word(word.group(), word.start())
        return found

    def _in_word(self, word: str, start: int) -> list[Match]:
        _budget.get().spend_on_links(LINK_STEPS // 3 + len(word) ** 2 // 10_000)
        links = (super().match(word) or []) if len(word) <= LONGEST_LINK else []
        _budget.get().spend_on_links(LINK_STEPS * len(links))
        for link in links:
            link.index += start
            link.last_index += start
        return links

    def match_at_start(self, text: str) -> Match | None:
        word = text[: LONGEST_LINK + 1].split(None, 1)[0]
        return super().match_at_start(word) if len(word) <= LONGEST_LINK else None


_WORD = re.compile(r"\S+")
_LINK_LIKE = re.compile(r"//|@|\.\w")


def _find_links(state: Any) -> None:
    """The library copies the list of all parts of a paragraph for each part with a link."""
    for block in state.tokens:
        parts = block.children or []
        linked = sum(part.type == "text" and _LINK_LIKE.search(part.content) is not None for part in parts)
        _budget.get().spend_on_links(linked * len(parts) // 500)
    find_links(state)


def _find_link(state: Any, silent: bool) -> bool:
    """The library's rule looks through all that stands before; only what can lead to a link gets as far as that."""
    before = state.src[max(0, state.pos - 5) : state.pos].lower()
    if not state.src.startswith("://", state.pos) or not before.endswith(("http", "https")):
        return False
    _budget.get().spend_on_links(LINK_STEPS + len(state.pending) // 100)
    return bool(find_link(state, silent))


# ---- the parser, with its steps counted


def _parser(*, links: bool) -> MarkdownIt:
    made: Any = MarkdownIt("js-default", {"html": False, "linkify": links, "breaks": True, "maxNesting": 20})
    made.disable(["heading", "lheading", "hr", "image", "table", "reference", "html_block", "html_inline"])
    if not links:
        made.disable("linkify")
    else:
        made.enable("linkify")
        made.linkify = _Links()
        made.linkify.add("ftp:", None).add("//", None)
        made.core.ruler.at("linkify", _find_links)
    for rule in made.block.ruler.__rules__:
        rule.fn = _counted(rule.fn)
    for rule in made.inline.ruler.__rules__:
        if rule.name == "text":  # It is asked first, at every place.
            rule.fn = _counted(rule.fn)
        elif rule.name == "autolink":
            rule.fn = _counted(rule.fn, found=LINK_STEPS)
        elif rule.name in ("emphasis", "strikethrough"):
            rule.fn = _with_run(rule.fn)
        elif rule.name == "linkify":
            rule.fn = _find_link
    made.helpers = SimpleNamespace(
        parseLinkLabel=helpers.parseLinkLabel, parseLinkDestination=_destination, parseLinkTitle=_title
    )
    return cast(MarkdownIt, made)


def _counted(rule: Callable[..., bool], *, found: int = 0) -> Callable[..., bool]:
    """The rule, for one step, and for `found` more where it applies."""

    def counted(*args: Any) -> bool:
        _budget.get().spend(1)
        applies = rule(*args)
        if applies and found:
            _budget.get().spend(found)
        return applies

    return counted


def _with_run(rule: Callable[..., bool]) -> Callable[..., bool]:
    """The rule for emphasis or strikethrough, which remembers each sign of a run."""

    def with_run(state: Any, silent: bool) -> bool:
        if not silent and (run := _RUN.match(state.src, state.pos)):
            _budget.get().spend(2 * (run.end() - state.pos))
        return rule(state, silent)

    return with_run


_RUN = re.compile(r"[*_~]+")


def _destination(text: str, start: int, end: int) -> Any:
    word = _WORD.match(text, start)
    _budget.get().spend(LINK_STEPS + (word.end() - start if word else 0) // CHARACTERS)
    return helpers.parseLinkDestination(text, start, end)


def _title(text: str, start: int, end: int) -> Any:
    closing = {'"': '"', "'": "'", "(": ")"}.get(text[start : start + 1])
    if closing:
        found = text.find(closing, start + 1)
        _budget.get().spend(((found if found > 0 else end) - start) // CHARACTERS)
    return helpers.parseLinkTitle(text, start, end)


_with_links, _without_links = _parser(links=True), _parser(links=False)
# They list rules and compile patterns at the first text and lock neither: a second thread would find a part of them.
for _links in (True, False):
    _within_budget("complete http://example.com, www.example.com and ada@example.com", links=_links)
