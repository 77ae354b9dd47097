"""What somebody had typed when their session was found ended: kept for them until they send it, a day at most."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from helpdesk import store
from models import CarriedForm, Person, db

KEPT = timedelta(days=1)
MOST_CHARACTERS = 200_000


def keep(person: Person, path: str, fields: dict[str, str], at: datetime | None = None) -> None:
    """Keep the fields of the form that posts to `path`, in place of an earlier one."""
    if len(path) > 120 or sum(len(value) for value in fields.values()) > MOST_CHARACTERS:
        return
    row = db.session.get(CarriedForm, (person.id, path)) or CarriedForm(person_id=person.id, path=path)
    row.fields, row.saved_at = fields, at or store.now()
    db.session.add(row)


def find(person: Person, path: str, at: datetime | None = None) -> dict[str, str]:
    """What was typed into the form that posts to `path`; empty where nothing is kept."""
    row = db.session.get(CarriedForm, (person.id, path))
    fresh = row is not None and row.saved_at > (at or store.now()) - KEPT
    return row.fields if row is not None and fresh else {}


def drop(person: Person, path: str) -> None:
    row = db.session.get(CarriedForm, (person.id, path))
    if row is not None:
        db.session.delete(row)


def sweep(at: datetime | None = None) -> None:
    db.session.execute(delete(CarriedForm).where(CarriedForm.saved_at < (at or store.now()) - KEPT))
