"""How the desk says no."""

from __future__ import annotations

from datetime import timedelta

from flask_babel import ngettext


class Refused(Exception):
    """An act is against the rules as things stand. The message is shown to the person and says what to do instead."""

    def __init__(self, why: object) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return str(self.why)


class TooMany(Refused):
    """The person does too much in too short a time. The same act is possible again after `wait`."""

    def __init__(self, why: object, wait: timedelta) -> None:
        super().__init__(f"{why} {_try_again(wait)}")
        self.wait = wait


def _try_again(wait: timedelta) -> str:
    seconds = max(1, -(-wait // timedelta(seconds=1)))
    if seconds <= 90:
        return str(ngettext("Try again in %(num)s second.", "Try again in %(num)s seconds.", seconds))
    return str(ngettext("Try again in %(num)s minute.", "Try again in %(num)s minutes.", -(-seconds // 60)))
