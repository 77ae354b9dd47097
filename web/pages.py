"""Pages as views return them: which template, with what; written by the door when the turn to write is over."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, abort, render_template
from sqlalchemy.orm.exc import ObjectDeletedError


class Page(Response):
    """An answer whose body is made when no transaction is open that others wait for.

    By then a refused form is rolled back and an accepted one is committed, so what `make` shows is read anew.
    """

    def __init__(self, make: Callable[[], str], status: int, mimetype: str = "text/html") -> None:
        super().__init__(status=status, mimetype=mimetype)
        self._make = make

    def write(self) -> None:
        """Answers 404 where what the page is about has been removed meanwhile."""
        try:
            self.set_data(self._make())
        except ObjectDeletedError:
            abort(404)


def render_later(template: str, status: int = 200, /, **values: Any) -> Page:
    """The template with these values. Rows of the database among them are read once more, each by itself."""
    return Page(partial(render_template, template, **values), status)


def later(make: Callable[[], str], status: int = 200, **options: Any) -> Page:
    """The same for a page of many rows: `make` finds them and renders the template."""
    return Page(make, status, **options)
