"""What `make bench` measures: each line is something people do, asked for in the way a browser does it."""

import html
import itertools
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from bench import fill
from bench.visitor import Visitor, timed

DEPTH = 100


@dataclass
class Line:
    """A page, by what gives its next address, or an act: done by a visitor, in milliseconds. `who` signs in.

    `needs` is an address that must be there, else the line is skipped.
    """

    name: str
    path: Callable[[], str] | None = None
    act: Callable[[Visitor], float] | None = None
    who: str | None = "agent"
    needs: str | None = None

    def once(self, visitor):
        return self.act(visitor) if self.act else timed(visitor.get, self.path())


def yardsticks():
    return [
        Line("Bare Flask page", lambda: "/bare", who=None),
        Line("Bare page of 50 rows", lambda: "/rows", who=None),
    ]


def of(port, known):
    """The lines for a desk on this port, which was filled as `known` says."""
    chance = random.Random(3)
    deep = _deep(Visitor(port, fill.accounts()["agent"]))
    search = lambda words: lambda: f"/search?q={quote(words)}"  # noqa: E731
    some = lambda: f"/tickets/{chance.randrange(1, known['size'] + 1)}"  # noqa: E731
    rare, common = known["rare"], known["common"]
    return [
        Line("Triage list", lambda: "/triage?view=open"),
        Line("Triage, all", lambda: "/triage?view=all"),
        Line("Triage, deep page", lambda: deep),
        Line("Ticket page", some),
        Line("Dashboard", lambda: "/dashboard"),
        Line("My tickets", lambda: "/tickets", who="user"),
        Line("Search: rare word", search(rare), needs="/search"),
        Line("Search: common word", search(common), needs="/search"),
        Line("Search: rare and common", search(f"{rare} {common}"), needs="/search"),
        Line("Search: a user's own", search(common), who="user", needs="/search"),
        Line("Search: three filters", search("status:open priority:high is:unassigned"), needs="/search"),
        Line("Raise (POST)", act=_raise, who="user"),
        Line("Reply (POST)", act=lambda visitor: _reply(visitor, some())),
        Line("Bulk of 50 (POST)", act=_bulk, needs="/triage?view=open"),
    ]


def _deep(visitor):
    """The hundredth page of All, reached by its links."""
    path = "/triage?view=all"
    for _ in range(DEPTH):
        older = re.search(r'href="([^"]*mark=older[^"]*)"', visitor.get(path)[1])
        if not older:
            break
        path = html.unescape(older[1])
    return path


def _raise(visitor):
    choices = {"subject": "The bench raises a ticket", "description": "Nothing to do.", "type": "incident"}
    fields = visitor.hidden("/tickets/new", "/tickets/new") | choices | {"priority": "normal", "category": ""}
    return timed(visitor.post, "/tickets/new", fields)


def _reply(visitor, ticket):
    fields = visitor.hidden(ticket, f"{ticket}/reply") | {"body": "We look into it."}
    return timed(visitor.post, f"{ticket}/reply", fields)


PRIORITIES = itertools.cycle(("high", "normal"))


def _bulk(visitor):
    """The priority of the fifty tickets on the first page, there and back."""
    page = visitor.get("/triage?view=open")[1]
    numbers = re.findall(r'data-ticket="(\d+)"', page)[:50]
    fields = visitor.hidden("/triage?view=open", "/bulk")
    return timed(visitor.post, "/bulk", fields | {"ticket": numbers, "priority": next(PRIORITIES)})
