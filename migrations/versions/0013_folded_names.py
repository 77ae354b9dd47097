"""Folded names of people and tags made anew: "Łukasz" is "lukasz". Tags that are the same now become one"""

import logging
import unicodedata

import sqlalchemy as sa
from alembic import op

from helpdesk.text import fold

revision = "0013"
down_revision = "0012"

BATCH = 1000
NAME_MAX, TAG_MAX = 250, 120
log = logging.getLogger("desk.migrations")

PEOPLE = sa.table("people", *map(sa.column, ("id", "name", "folded_name")))
TAGS = sa.table("tags", *map(sa.column, ("id", "name", "folded")))
TICKET_TAGS = sa.table("ticket_tags", *map(sa.column, ("ticket_id", "tag_id")))


def upgrade():
    bind = op.get_bind()
    for folded in sorted(_people(bind, fold)):
        alike = bind.scalars(sa.select(PEOPLE.c.id).where(PEOPLE.c.folded_name == folded).order_by(PEOPLE.c.id)).all()
        if len(alike) > 1:
            log.warning("the names of these people now read alike, and nothing else was changed: %s", alike)
    _join_tags(bind)
    _tags(bind, fold)


def downgrade():
    _people(op.get_bind(), _former)
    _tags(op.get_bind(), _former)


def _people(bind, folding):
    """Fold every name with this function. Returns the folded names that are new."""
    last, new = 0, set()
    wanted = sa.select(PEOPLE).order_by(PEOPLE.c.id).limit(BATCH)
    while batch := bind.execute(wanted.where(PEOPLE.c.id > last)).fetchall():
        last = batch[-1].id
        changed = [(row.id, folded) for row in batch if (folded := folding(row.name)[:NAME_MAX]) != row.folded_name]
        for number, folded in changed:
            bind.execute(sa.update(PEOPLE).where(PEOPLE.c.id == number).values(folded_name=folded))
        new |= {folded for _number, folded in changed}
    return new


def _join_tags(bind):
    """Of tags with the same folded name the first stays, on all tickets that bear one of them."""
    first = {}
    for tag in bind.execute(sa.select(TAGS).order_by(TAGS.c.id)).fetchall():
        stays = first.setdefault(fold(tag.name), tag)
        if stays is tag:
            continue
        log.warning("the tag %s is joined with %s", tag.name, stays.name)
        bearing = sa.select(TICKET_TAGS.c.ticket_id).where(TICKET_TAGS.c.tag_id == tag.id)
        theirs = set(bind.scalars(bearing))
        ours = set(bind.scalars(sa.select(TICKET_TAGS.c.ticket_id).where(TICKET_TAGS.c.tag_id == stays.id)))
        if rows := [{"ticket_id": number, "tag_id": stays.id} for number in sorted(theirs - ours)]:
            bind.execute(TICKET_TAGS.insert(), rows)
        bind.execute(sa.delete(TICKET_TAGS).where(TICKET_TAGS.c.tag_id == tag.id))
        bind.execute(sa.delete(TAGS).where(TAGS.c.id == tag.id))


def _tags(bind, folding):
    for tag in bind.execute(sa.select(TAGS).order_by(TAGS.c.id)).fetchall():
        folded = folding(tag.name)[:TAG_MAX]
        if folded != tag.folded:
            bind.execute(sa.update(TAGS).where(TAGS.c.id == tag.id).values(folded=folded))


def _former(name):
    """How names were folded before."""
    parts = "".join(part for part in unicodedata.normalize("NFKD", name) if not unicodedata.combining(part))
    return " ".join(parts.casefold().split())
