"""What somebody has typed and not sent yet, so that no closed tab, crash or ended session loses it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update

from helpdesk.db import transactions
from helpdesk.db.statements import Param, Prepared
from models import Draft, Person, db

KEPT = timedelta(days=30)
MOST_CHARACTERS = 200_000
PAGE_MAX = 40
# Pages with the same form that have a draft each; of more the oldest go.
MOST_PAGES = 20


def keep(
    person: Person, path: str, fields: dict[str, str], at: datetime | None = None, *, page: str = "", shown: str = ""
) -> bool:
    """Keep the fields of the form that posts to `path`, in place of an earlier draft of the same page, or of the draft
    that was `shown` in it, unless another page has written that on meanwhile.

    Returns whether they are kept: what is too large is not, and the earlier draft stays.
    """
    if len(path) > 120 or sum(len(value) for value in fields.values()) > MOST_CHARACTERS:
        return False
    page, at = page[:PAGE_MAX], at or transactions.now()
    row = db.session.get(Draft, (person.id, path, page))
    if row is None and shown != page and _go_on(person, path, shown[:PAGE_MAX], page, fields, at):
        return True
    if row is None:
        _make_room(person, path)
        row = Draft(person_id=person.id, path=path, page=page)
    row.fields, row.saved_at = fields, at
    db.session.add(row)
    return True


def _go_on(person: Person, path: str, shown: str, page: str, fields: dict[str, str], at: datetime) -> bool:
    """Whether the draft that was shown is there as it was; then it becomes the draft of this page."""
    written = update(Draft).where(Draft.person_id == person.id, Draft.path == path, Draft.page == shown)
    written = written.values(page=page, fields=fields, saved_at=at).execution_options(synchronize_session=False)
    return cast("CursorResult[Any]", db.session.execute(written)).rowcount == 1


def _make_room(person: Person, path: str) -> None:
    theirs = select(Draft).where(Draft.person_id == person.id, Draft.path == path)
    for row in db.session.scalars(theirs.order_by(Draft.saved_at.desc(), Draft.page).offset(MOST_PAGES - 1)).all():
        db.session.delete(row)


def find(person: Person, path: str, at: datetime | None = None) -> Draft | None:
    """What was typed into the form that posts to `path`, last of all."""
    return under(person, [path], at).get(path)


def under(person: Person, paths: list[str], at: datetime | None = None) -> dict[str, Draft]:
    """The same for several forms at once, by path."""
    wanted = SimpleNamespace(person=person.id, paths=paths, since=(at or transactions.now()) - KEPT)
    found: dict[str, Draft] = {}
    for draft in sorted(_under().ask(wanted).scalars(), key=lambda draft: (draft.saved_at, draft.page)):
        draft.others = found[draft.path].others + 1 if draft.path in found else 0
        found[draft.path] = draft
    return found


@cache
def _under() -> Prepared:
    wanted = Param("wanted")
    theirs = select(Draft).where(Draft.person_id == wanted.person, Draft.path.in_(wanted.paths))
    return Prepared(theirs.where(Draft.saved_at > wanted.since), wanted)


def drop(person: Person, path: str, *pages: str) -> None:
    """Without what these pages have kept. A page that shows a draft and sends or discards it names that one too."""
    gone = delete(Draft).where(Draft.person_id == person.id, Draft.path == path, Draft.page.in_(pages))
    db.session.execute(gone)


def sweep(at: datetime | None = None) -> None:
    db.session.execute(delete(Draft).where(Draft.saved_at < (at or transactions.now()) - KEPT))
