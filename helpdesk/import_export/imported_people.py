"""The people of imported tickets: those who are known here, and addresses without an account for all others."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import insert, select

from helpdesk.accounts import name_keys
from helpdesk.choices import NAME_MAX
from helpdesk.text import fold
from models import Person, db


def ids_by_address(named: dict[str, str], nobodys: str, at: datetime) -> dict[str, int]:
    """Ids by address, given names by address. Whoever is unknown becomes a person who is only an address."""
    known = ids(set(named))
    missing = sorted(named.keys() - known.keys())
    if not missing:
        return known
    names = {email: named[email] or email.partition("@")[0][:NAME_MAX] for email in missing}
    if nobodys in names:
        names[nobodys] = _("Imported")
    new = [
        {"name": name, "folded_name": fold(name)[:250], "email": email, "created_at": at}
        for email, name in names.items()
    ]
    db.session.execute(insert(Person), new)
    added = ids(set(missing))
    name_keys.write_new((added[email], name, email) for email, name in names.items())
    return known | added


def ids(emails: set[str]) -> dict[str, int]:
    return {
        email: id for email, id in db.session.execute(select(Person.email, Person.id).where(Person.email.in_(emails)))
    }
