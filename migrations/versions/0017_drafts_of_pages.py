"""Drafts by page: two tabs with the same form have a draft each"""

from alembic import op
import sqlalchemy as sa

from migrations import steps

revision = "0017"
down_revision = "0016"

# What those drafts are called that were kept before.
EARLIER = "earlier"


def upgrade():
    op.add_column("drafts", sa.Column("page", sa.String(40), nullable=False, server_default=EARLIER))
    _key("person_id", "path", "page")
    with op.batch_alter_table("drafts") as drafts:
        drafts.alter_column("page", existing_type=sa.String(40), existing_nullable=False, server_default="")


def downgrade():
    if steps.has_column("drafts", "page"):
        _keep_newest(op.get_bind())
        _key("person_id", "path")
    with op.batch_alter_table("drafts") as drafts:
        drafts.drop_column("page")


def _key(*columns):
    if op.get_bind().dialect.name == "mysql":  # In one statement: the foreign key needs an index at any time.
        op.execute(f"ALTER TABLE drafts DROP PRIMARY KEY, ADD PRIMARY KEY ({', '.join(columns)})")
        return
    with op.batch_alter_table("drafts") as drafts:
        drafts.drop_constraint("pk_drafts", type_="primary")
        drafts.create_primary_key("pk_drafts", list(columns))


def _keep_newest(bind):
    """The earlier desk has one draft for each form."""
    drafts = sa.table("drafts", *map(sa.column, ("person_id", "path", "page", "saved_at")))
    seen = set()
    order = drafts.c.saved_at.desc(), drafts.c.page
    for row in bind.execute(sa.select(drafts).order_by(*order)).fetchall():
        if (row.person_id, row.path) in seen:
            bind.execute(
                drafts.delete().where(*(drafts.c[name] == row._mapping[name] for name in ("person_id", "path", "page")))
            )
        seen.add((row.person_id, row.path))
