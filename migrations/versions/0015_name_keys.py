"""People found by the beginning of any of their names, or by their address, by an index"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from helpdesk.text import fold

revision = "0015"
down_revision = "0014"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.String(254).with_variant(postgresql.VARCHAR(254, collation="C"), "postgresql")
PEOPLE = sa.table("people", *map(sa.column, ("id", "folded_name", "email")))
KEYS = sa.table("name_keys", *map(sa.column, ("person_id", "is_address", "key")))
WITHOUT_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»＂'))
BATCH = 1000


def upgrade():
    op.create_table(
        "name_keys",
        sa.Column("person_id", NUMBER, nullable=False),
        sa.Column("is_address", sa.Boolean(), nullable=False),
        sa.Column("key", KEY, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_name_keys_person_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "is_address", "key", name="pk_name_keys"),
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
    )
    op.create_index("ix_name_keys_is_address_key_person_id", "name_keys", ["is_address", "key", "person_id"])
    _fill(op.get_bind())


def downgrade():
    op.drop_table("name_keys")


def _fill(bind):
    """Keys for everybody who has none yet, BATCH at a time."""
    missing = sa.select(PEOPLE).where(~sa.exists().where(KEYS.c.person_id == PEOPLE.c.id))
    last = 0
    while batch := bind.execute(missing.where(PEOPLE.c.id > last).order_by(PEOPLE.c.id).limit(BATCH)).fetchall():
        bind.execute(KEYS.insert(), [row for person in batch for row in _keys(person)])
        last = batch[-1].id


def _keys(person):
    names = person.folded_name.translate(WITHOUT_QUOTES).split()
    tails = dict.fromkeys(" ".join(names[place:]) for place in range(len(names)))
    keys = [(True, fold(person.email)), *((False, tail) for tail in tails)]
    return [{"person_id": person.id, "is_address": is_address, "key": key} for is_address, key in keys]
