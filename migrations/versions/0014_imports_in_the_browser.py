"""Imports in the browser: where their files lie, what was found and answered, how far the worker is"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0014"
down_revision = "0013"

MOMENT = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def columns():
    """Made anew each time: a column belongs to one table."""
    return [
        sa.Column("state", sa.String(length=10), nullable=False, server_default="done"),
        sa.Column("version", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("place", sa.String(length=10)),
        sa.Column("file_key", sa.String(length=80)),
        sa.Column("replies_key", sa.String(length=80)),
        sa.Column("left_out_key", sa.String(length=80)),
        sa.Column("sha256", sa.String(length=64)),
        sa.Column("answers", sa.JSON()),
        sa.Column("findings", sa.JSON()),
        sa.Column("report", sa.JSON()),
        sa.Column("lines", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lines_done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("removed", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("claimed_by", sa.String(length=40)),
        sa.Column("claimed_until", MOMENT),
        sa.Column("tries", sa.Integer(), nullable=False, server_default="0"),
    ]


def upgrade():
    for column in columns():
        op.add_column("imports", column)
    op.execute("UPDATE imports SET state = 'undone' WHERE taken_back_at IS NOT NULL")
    op.create_index("ix_imports_state_id", "imports", ["state", "id"])


def downgrade():
    op.drop_index("ix_imports_state_id", "imports")
    if op.get_bind().dialect.name == "mysql":
        # Columns that were dropped at once still count in each row (MariaDB: error 1118) until the table is rebuilt.
        op.execute("ALTER TABLE imports FORCE")
    for column in reversed(columns()):
        op.drop_column("imports", column.name)
