"""The HTML of what people wrote, kept beside it with the version of the renderer that made it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, update

from helpdesk.db import transactions
from helpdesk.markup import markdown
from models import Message, MessageVersion, Ticket

Text = Ticket | Message | MessageVersion
FIELDS: dict[type[Text], str] = {Ticket: "description", Message: "body", MessageVersion: "body"}


def text_of(row: Text) -> str:
    return str(getattr(row, FIELDS[type(row)]))


def html_of(row: Text) -> str | None:
    """None where the present renderer has not made it yet."""
    field = FIELDS[type(row)]
    return getattr(row, f"{field}_html") if getattr(row, f"{field}_renderer") == markdown.RENDERER else None


def keep(made: list[tuple[type[Text], int, str, str]]) -> None:
    """Keep what was rendered while reading: model, id, text and HTML. A text that was changed meanwhile is left out."""
    with transactions.separate() as session:
        for model, number, text, html in made:
            field = FIELDS[model]
            same = update(model).where(model.id == number, getattr(model, field) == text)
            values = {f"{field}_html": html, f"{field}_renderer": markdown.RENDERER}
            session.execute(same.values(values).execution_options(synchronize_session=False))


def copy(old: Text, new: Text) -> None:
    """The same text in another row needs not be rendered again."""
    for part in ("html", "renderer"):
        setattr(new, f"{FIELDS[type(new)]}_{part}", getattr(old, f"{FIELDS[type(old)]}_{part}"))


def _follow(row: Text, text: str, *_more: Any) -> None:
    """HTML never outlives the text it was made of. Nothing is rendered here: others wait for this transaction."""
    field, html = FIELDS[type(row)], markdown.ready(text)
    setattr(row, f"{field}_html", html)
    setattr(row, f"{field}_renderer", None if html is None else markdown.RENDERER)


for _model, _field in FIELDS.items():
    event.listen(getattr(_model, _field), "set", _follow)
