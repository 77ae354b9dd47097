"""What is wrong with a query, said to whoever typed it, with the nearest word that could stand there. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from flask_babel import gettext as _

EXAMPLES = {
    "status": "status:open",
    "assignee": "assignee:me",
    "category": "category:none",
    "priority": "priority:high",
    "requester": "requester:me",
    "created": "created:>2026-01-31",
    "updated": "updated:<7d",
    "tag": "tag:vpn",
    "imported": "imported:7",
    "is": "is:unassigned",
    "has": "has:reply",
}


class Mistake(Exception):
    """The query cannot be understood. The message names what is `wrong`, and says what could stand there `instead`.

    `corrected` is the whole query with the nearest valid word in place of the wrong one; empty where there is none.
    """

    corrected = ""

    def __init__(self, message: str, wrong: str = "", instead: str = "") -> None:
        super().__init__(message)
        self.wrong, self.instead = wrong, instead


def no_such_field(name: str, near: str, fields: Iterable[str]) -> Mistake:
    said = _("There is no field “%(name)s”.", name=name) + _did_you_mean(near)
    return Mistake(f"{said} " + _("Fields are: %(all)s.", all=", ".join(fields)) + _in_quotes(), name, near)


def no_value(name: str) -> Mistake:
    example = EXAMPLES.get(name, f"{name}:…")
    return Mistake(_("Say what “%(name)s:” should be, for example %(example)s.", name=name, example=example))


def no_time(name: str, value: str) -> Mistake:
    said = _("“%(value)s” is no time for “%(name)s:”.", value=value, name=name)
    example = _("Write for example %(name)s:>2026-01-31, %(name)s:2026-01 or %(name)s:<7d.", name=name)
    return Mistake(f"{said} {example}" + _in_quotes())


def no_such_value(name: str, value: str, slug: str, allowed: tuple[str, ...]) -> Mistake:
    """`slug` is the value as it is compared with those that are `allowed`."""
    near = next(iter(difflib.get_close_matches(slug, allowed, 1, 0.5)), "")
    said = _("“%(name)s:” cannot be “%(value)s”.", name=name, value=value) + _did_you_mean(near)
    return Mistake(f"{said} " + _("It can be: %(all)s.", all=", ".join(allowed)) + _in_quotes(), value, near)


def _did_you_mean(near: str) -> str:
    return " " + _("Did you mean “%(near)s”?", near=near) if near else ""


def _in_quotes() -> str:
    said: str = _("To look for these letters themselves, put them in quotes.")
    return f" {said}"
