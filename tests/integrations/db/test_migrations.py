"""Migrations on the database under test: up, down and up again, with rows in every table."""

import shutil
from datetime import datetime, timezone
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Integer, func, inspect, select
from sqlalchemy.exc import IntegrityError

import config
from helpdesk.db import migrations, transactions
from models import UtcTime, db

# A later migration as it would be: it changes a table that others point to, in SQLite's way, by building it anew.
LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later", "{head}"

def upgrade():
    for table in ("people", "tickets"):
        with op.batch_alter_table(table, recreate="auto") as batch:
            batch.add_column(sa.Column("shoe_size", sa.Integer(), nullable=False, server_default="43"))
            batch.create_check_constraint("ck_" + table + "_shoe_size", "shoe_size < 100")

def downgrade():
    for table in ("people", "tickets"):
        with op.batch_alter_table(table, recreate="auto") as batch:
            batch.drop_constraint("ck_" + table + "_shoe_size", type_="check")
            batch.drop_column("shoe_size")
"""


@pytest.fixture
def folder(tmp_path):
    """Our migrations, in a folder where a test can add one."""
    shutil.copytree(config.HERE / "migrations", tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    return str(tmp_path / "migrations")


def test_up_down_and_up_again_leaves_nothing_behind_and_misses_nothing(empty_desk, folder):
    flask_migrate.upgrade(folder)
    fill_every_table()
    flask_migrate.downgrade(folder, revision="base")
    assert tables() == {"alembic_version"}
    flask_migrate.upgrade(folder)
    assert tables() == set(db.metadata.tables) | {"alembic_version"}
    # Which version has made the tables is written down in one row.
    assert {name: count for name, count in rows().items() if count} == {"desk_facts": 1}
    fill_every_table()


def test_the_migrations_make_exactly_the_tables_of_the_models(empty_desk, folder):
    flask_migrate.upgrade(folder)
    flask_migrate.check(folder)


def test_every_migration_keeps_every_row_of_every_table(empty_desk, folder):
    """Each is undone and done again on a full database, among them one that builds tables anew."""
    flask_migrate.upgrade(folder)
    fill_every_table()
    head = add_later(folder, LATER)
    before = rows()
    assert min(before.values()) >= 1
    for _ in range(2):
        flask_migrate.upgrade(folder)
        assert rows() == before
        assert "shoe_size" in columns("people") & columns("tickets")
        flask_migrate.downgrade(folder, revision=head)
        assert rows() == before
        assert "shoe_size" not in columns("people") | columns("tickets")


def test_a_migration_that_would_leave_rows_pointing_nowhere_fails_and_changes_nothing(empty_desk, folder):
    flask_migrate.upgrade(folder)
    fill_every_table()
    before = rows()
    add_later(folder, LATER.replace("def upgrade():", "def upgrade():\n    op.execute('DELETE FROM categories')"))
    with pytest.raises((SystemExit, IntegrityError)):
        flask_migrate.upgrade(folder)
    assert rows() == before
    assert "shoe_size" not in columns("people") | columns("tickets")


def test_the_desk_knows_whether_its_database_is_current(empty_desk, folder):
    assert not migrations.current()
    assert empty_desk.test_client().get("/readyz").status_code == 503
    flask_migrate.upgrade(folder)
    assert migrations.current()
    assert empty_desk.test_client().get("/readyz").status_code == 200


def add_later(folder, script):
    """Add a migration after ours. Returns the revision before it."""
    head = ScriptDirectory(folder).get_current_head()
    Path(folder, "versions", "9999_later.py").write_text(script.format(head=head))
    return head


def columns(table):
    return {column["name"] for column in inspect(db.engine).get_columns(table)}


def tables():
    """All but SQLite's search index, which is a table with tables below it."""
    return {name for name in inspect(db.engine).get_table_names() if not name.startswith("search_index")}


def rows():
    """How many rows each table holds."""
    with db.engine.connect() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table))
            for name, table in db.metadata.tables.items()
        }


def fill_every_table():
    """One row in every table, made from the columns, so that a new table is filled without anybody thinking of it."""
    with transactions.writing():
        for table in db.metadata.sorted_tables:
            db.session.execute(table.insert().values({column.name: value(column) for column in table.columns}))


def value(column):
    """Something that fits the column. Every key is 1, so every row points to the one row of the other table."""
    if isinstance(column.type, UtcTime):
        return datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Integer) or column.foreign_keys:
        return 1
    if isinstance(column.type, JSON):
        return {"subject": "ä€😀"}
    return CHECKED.get((column.table.name, column.name), "ä€😀")


# Columns that take only certain words, and names as they are folded: a migration that folds anew has nothing to do.
CHECKED = {
    ("people", "role"): "agent",
    ("people", "folded_name"): "a€😀",
    ("tags", "folded"): "a€😀",
    ("people", "theme"): "dark",
    ("one_time_links", "purpose"): "reset",
    ("tickets", "type"): "incident",
    ("tickets", "status"): "open",
    ("messages", "kind"): "note",
    ("deliveries", "state"): "waiting",
    ("ticket_links", "kind"): "blocks",
    ("bulk_jobs", "state"): "waiting",
    ("bulk_items", "state"): "waiting",
}
