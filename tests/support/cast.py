"""The people every test knows."""

from dataclasses import dataclass
from functools import cache

from helpdesk.accounts import name_keys, passwords, people
from helpdesk.db import transactions
from helpdesk.text import fold
from models import Person, db

PASSWORD = "correct horse 9 battery"


@cache
def hashed():
    return passwords.hash(PASSWORD)


@dataclass
class Cast:
    ada: Person
    ben: Person
    cleo: Person
    dan: Person
    eve: Person
    mel: Person
    zoe: Person

    @classmethod
    def make(cls):
        """Ada and Ben ask, Cleo and Dan are agents, Eve is admin, Mel is only an address, Zoe is switched off."""
        known = {"password_hash": hashed(), "confirmed_at": transactions.now()}
        made = cls(
            ada=_row("Ada Okafor", "user", **known),
            ben=_row("Ben Adeyemi", "user", **known),
            cleo=_row("Cleo Hart", "agent", **known),
            dan=_row("Dan Ruiz", "agent", **known),
            eve=_row("Eve Lindqvist", "admin", **known),
            mel=_row("Mel Duarte", "user"),
            zoe=_row("Zoe Brandt", "user", switched_off_at=transactions.now(), **known),
        )
        with transactions.writing():
            db.session.add_all(vars(made).values())
        return made


def _row(name, role, **more):
    """What people.add makes, without a look at whether the address is taken: every test wants these seven."""
    email = f"{name.split()[0].lower()}@example.com"
    made = Person(name=name, folded_name=fold(name), email=email, role=role, created_at=transactions.now(), **more)
    name_keys.write(made)
    return made


def person(name, role):
    """Somebody with a confirmed account; the address is the first name at example.com."""
    email = f"{name.split()[0].lower()}@example.com"
    return people.add(name, email, role=role, password_hash=hashed(), confirmed_at=transactions.now())
