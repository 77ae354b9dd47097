"""An upgrade that ends in the middle is finished by the next one, and no row is lost."""

import os
import random
import signal
from contextlib import contextmanager

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, event, inspect, select

import config
from models import db
from tests.integrations.db.test_migrations import fill_every_table

FOLDER = str(config.HERE / "migrations")
# What asks, and what only begins, ends or sets up a transaction or a connection.
CHANGES_NOTHING = ("SELECT", "SHOW", "PRAGMA", "SET", "BEGIN", "COMMIT", "ROLLBACK", "DESCRIBE")
# Tables that got another name: the rows are the same.
RENAMED = {"carried_forms": "drafts"}


class Killed(Exception):
    """Stands for the end of the process."""


def test_an_upgrade_or_downgrade_that_ends_after_any_statement_is_finished_by_the_next(empty_desk):
    """Each migration once each way, in places that differ from run to run. `make soak` has every place, by kill -9."""
    tables, statements = one_by_one()
    fill_every_table()
    for revision, earlier in reversed(revisions()):
        back = counted(flask_migrate.downgrade, earlier)
        rows = all_rows()
        ends_after(random.randint(1, statements[revision]), flask_migrate.upgrade, revision)
        assert all_tables() == tables[revision], revision
        assert_whole(rows, revision)
        ends_after(random.randint(1, back), flask_migrate.downgrade, earlier)
        assert all_tables() == tables[earlier], revision
        assert_whole(rows, earlier)


@pytest.mark.soak
def test_an_upgrade_killed_after_each_of_its_statements_is_finished_by_the_next(empty_desk):
    kills, (tables, statements) = 0, one_by_one()
    fill_every_table()
    for revision, earlier in reversed(revisions()):
        for after in range(1, statements[revision] + 1):
            flask_migrate.downgrade(FOLDER, revision=earlier)
            rows = all_rows()
            upgrade_and_be_killed(revision, after)
            flask_migrate.upgrade(FOLDER, revision=revision)
            assert all_tables() == tables[revision], f"{revision} after {after}"
            assert_whole(rows, revision)
            kills += 1
        flask_migrate.downgrade(FOLDER, revision=earlier)
    print(
        f"\n{kills} upgrades ended by kill -9 on {db.engine.dialect.name}: each finished by the next, every row there"
    )


def revisions():
    """Each migration with the one before it, the first of them first."""
    steps = ScriptDirectory(FOLDER).walk_revisions()
    return [(step.revision, step.down_revision or "base") for step in steps][::-1]


def one_by_one():
    """Upgrade an empty database. Returns what it is made of after each migration, and how many statements that took."""
    tables, statements = {"base": {}}, {}
    for revision, _earlier in revisions():
        statements[revision] = counted(flask_migrate.upgrade, revision)
        tables[revision] = all_tables()
    return tables, statements


def counted(migrate, revision):
    done = []
    with hearing(done.append):
        migrate(FOLDER, revision=revision)
    return len(done)


def ends_after(number, migrate, revision):
    """Let it end after so many statements, then run it again."""
    with pytest.raises(Killed), ending_after(number):
        migrate(FOLDER, revision=revision)
    migrate(FOLDER, revision=revision)


@contextmanager
def ending_after(number, end=None):
    """Raise Killed, or call `end`, after so many statements that change something."""
    left = iter(range(number - 1))

    def heard(_statement):
        if next(left, None) is None:
            if end:
                end()
            raise Killed

    with hearing(heard):
        yield


@contextmanager
def hearing(tell):
    def executed(_connection, _cursor, statement, *_more):
        # Alembic's own table of the version is no step of a migration.
        if not statement.lstrip().upper().startswith(CHANGES_NOTHING) and "alembic_version" not in statement:
            tell(statement)

    event.listen(db.engine, "after_cursor_execute", executed)
    try:
        yield
    finally:
        event.remove(db.engine, "after_cursor_execute", executed)


def upgrade_and_be_killed(revision, after):
    """In a process of its own, which ends as by kill -9: it closes nothing and takes nothing back."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if not child:
        try:
            with ending_after(after, end=lambda: os.kill(os.getpid(), signal.SIGKILL)):
                flask_migrate.upgrade(FOLDER, revision=revision)
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL, f"{revision} has no statement {after}"


# ---- what a database holds


def all_tables():
    """What each table is made of."""
    asked = inspect(db.engine)
    return {
        name: sorted(map(repr, parts(asked, name))) for name in asked.get_table_names() if name != "alembic_version"
    }


def parts(asked, table):
    for column in asked.get_columns(table):
        yield "column", column["name"], str(column["type"]), column["nullable"], column["default"]
    yield "key", asked.get_pk_constraint(table)["constrained_columns"]
    for key in asked.get_foreign_keys(table):
        yield "foreign key", key["name"], key["constrained_columns"], key["referred_table"], key["options"]
    for check in asked.get_check_constraints(table):
        yield "check", check["name"], check["sqltext"]
    keys = {key["name"] for key in asked.get_foreign_keys(table)}
    for index in asked.get_indexes(table):
        # MariaDB lays an index under a foreign key, and takes it away once another index serves.
        if index["name"] not in keys:
            yield "index", index["name"], index["column_names"], bool(index["unique"])


def all_rows():
    """Each row of each table, as a dictionary."""
    metadata = MetaData()
    metadata.reflect(db.engine)
    with db.engine.connect() as connection:
        return {
            name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for name, table in metadata.tables.items()
            if name != "alembic_version" and not name.startswith("search_index")
        }


def assert_whole(before, revision):
    """Each row that was there is there once, in every column that is still there."""
    now = all_rows()
    for name, rows in before.items():
        found = now[name if name in now else RENAMED[name]]
        assert len(found) == len(rows), f"{name} at {revision}"
        for row in rows:
            assert any(
                all(other.get(key, value) == value for key, value in row.items()) for other in found
            ), f"{name} at {revision}: {row} became {found}"
