"""The people every test knows."""

from dataclasses import dataclass
from functools import cache

from helpdesk import passwords, people, store
from models import Person

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
        with store.writing():
            made = cls(
                ada=person("Ada Okafor", "user"),
                ben=person("Ben Adeyemi", "user"),
                cleo=person("Cleo Hart", "agent"),
                dan=person("Dan Ruiz", "agent"),
                eve=person("Eve Lindqvist", "admin"),
                mel=people.add("Mel Duarte", "mel@example.com"),
                zoe=person("Zoe Brandt", "user"),
            )
            made.zoe.switched_off_at = store.now()
        return made


def person(name, role):
    """Somebody with a confirmed account; the address is the first name at example.com."""
    email = f"{name.split()[0].lower()}@example.com"
    return people.add(name, email, role=role, password_hash=hashed(), confirmed_at=store.now())
