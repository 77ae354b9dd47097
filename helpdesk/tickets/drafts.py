"""What somebody has typed and not sent yet, so that no closed tab, crash or ended session loses it."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from sqlalchemy import delete, select

from helpdesk.db import transactions
from helpdesk.db.statements import Place, Prepared
from models import Draft, Person, db

KEPT = timedelta(days=30)
MOST_CHARACTERS = 200_000


def keep(person: Person, path: str, fields: dict[str, str], at: datetime | None = None) -> bool:
    """Keep the fields of the form that posts to `path`, in place of an earlier draft.

    Returns whether they are kept: what is too large is not, and the earlier draft stays.
    """
    if len(path) > 120 or sum(len(value) for value in fields.values()) > MOST_CHARACTERS:
        return False
    row = db.session.get(Draft, (person.id, path)) or Draft(person_id=person.id, path=path)
    row.fields, row.saved_at = fields, at or transactions.now()
    db.session.add(row)
    return True


def find(person: Person, path: str, at: datetime | None = None) -> Draft | None:
    """What was typed into the form that posts to `path`."""
    row = db.session.get(Draft, (person.id, path))
    return row if row is not None and row.saved_at > (at or transactions.now()) - KEPT else None


def under(person: Person, paths: list[str], at: datetime | None = None) -> dict[str, Draft]:
    """The same for several forms at once, by path."""
    wanted = SimpleNamespace(person=person.id, paths=paths, since=(at or transactions.now()) - KEPT)
    return {draft.path: draft for draft in _under().ask(wanted).scalars()}


@cache
def _under() -> Prepared:
    wanted = Place("wanted")
    theirs = select(Draft).where(Draft.person_id == wanted.person, Draft.path.in_(wanted.paths))
    return Prepared(theirs.where(Draft.saved_at > wanted.since), wanted)


def drop(person: Person, path: str) -> None:
    row = db.session.get(Draft, (person.id, path))
    if row is not None:
        db.session.delete(row)


def sweep(at: datetime | None = None) -> None:
    db.session.execute(delete(Draft).where(Draft.saved_at < (at or transactions.now()) - KEPT))
