"""Accounts that look like one person since names and addresses are folded: for whoever runs the desk, never joined."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select

from helpdesk.email_addresses import comparable
from models import Person, db


def names_alike() -> list[list[Person]]:
    """People whose names differ, and are the same without accents, case and the like; by name."""
    several = select(Person.folded_name).group_by(Person.folded_name).having(func.count(Person.name.distinct()) > 1)
    wanted = select(Person).where(Person.folded_name.in_(several)).order_by(Person.folded_name, Person.id)
    return _grouped([(person.folded_name, person) for person in db.session.scalars(wanted)])


def addresses_alike() -> list[list[Person]]:
    """People with two spellings of one address, kept since before there was one stored form of each."""
    rows = db.session.execute(select(Person.id, Person.email)).all()
    changed = {comparable(email) for _number, email in rows if not email.isascii() and comparable(email) != email}
    numbers = [number for number, email in rows if comparable(email) in changed] if changed else []
    found = db.session.scalars(select(Person).where(Person.id.in_(numbers)).order_by(Person.id))
    return _grouped([(comparable(person.email), person) for person in found])


def _grouped(people: list[tuple[str, Person]]) -> list[list[Person]]:
    groups: dict[str, list[Person]] = defaultdict(list)
    for key, person in people:
        groups[key].append(person)
    return [group for group in groups.values() if len(group) > 1]
