"""People whose names hold ä, ö or ü are found by ae, oe, ue too"""

from alembic import op
import sqlalchemy as sa

from helpdesk.accounts.name_keys import of_name

revision = "0016"
down_revision = "0015"

PEOPLE = sa.table("people", *map(sa.column, ("id", "name")))
KEYS = sa.table("name_keys", *map(sa.column, ("person_id", "is_address", "key")))
BATCH = 1000


def upgrade():
    bind, last = op.get_bind(), 0
    wanted = sa.select(PEOPLE).order_by(PEOPLE.c.id).limit(BATCH)
    while batch := bind.execute(wanted.where(PEOPLE.c.id > last)).fetchall():
        last = batch[-1].id
        for person in batch:
            if not person.name.isascii():
                _add(bind, person)


def _add(bind, person):
    """Beside the keys of the name that are there."""
    wanted = sa.select(KEYS.c.key).where(KEYS.c.person_id == person.id, KEYS.c.is_address == sa.false())
    mine = set(bind.scalars(wanted))
    for key in sorted(set(of_name(person.name)) - mine if mine else ()):
        bind.execute(KEYS.insert().values(person_id=person.id, is_address=False, key=key))


def downgrade():
    """The version before finds people by these keys as well, and writes its own with the next change of a name."""
