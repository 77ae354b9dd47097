"""How Alembic runs our migrations: on the desk's own engine, one transaction each, foreign keys off on SQLite.

On MariaDB and MySQL, which have no such transactions, each step asks whether it is done (migrations/steps.py).
helpdesk/db/migrations.py may hand in a connection to another database.
"""

from contextlib import nullcontext

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import text

from helpdesk.db import timeouts
from helpdesk.db.migrations import refuse_newer, sign
from helpdesk.errors import Refused
from migrations import steps  # noqa: F401  Its import makes the steps ask.
from models import UtcTime, db


def _plain(kind, item, autogen):
    """Write our own column type as the plain types it stands for, so that a migration never needs today's models."""
    if kind == "type" and isinstance(item, UtcTime):
        autogen.imports.add("from sqlalchemy.dialects import mysql")
        return "sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')"
    return False


def _ours(item, name, kind, reflected, _compare_to):
    """The search index is each database's own: a table with tables below it, a column, an index."""
    on_documents = kind == "column" and item.table.name == "search_texts" and name == "words"
    return not (reflected and (on_documents or (name or "").startswith(("search_index", "ix_search_texts"))))


def _check_keys(ctx, **_more):
    """Undo a migration on SQLite that leaves rows pointing to rows that are gone; the other databases see to it."""
    if ctx.dialect.name == "sqlite":
        broken = ctx.connection.execute(text("PRAGMA foreign_key_check")).fetchall()
        if broken:
            raise RuntimeError(f"rows point to rows that are gone: {broken[:5]}")


def _watch_keys(connection, watch):
    """A batch migration rebuilds a table; with foreign keys on, SQLite would delete its children with the old one."""
    if connection.dialect.name == "sqlite":
        connection.rollback()
        connection.connection.driver_connection.execute(f"PRAGMA foreign_keys={watch}")


def _run_migrations():
    """Alembic itself would only say that it cannot locate a revision."""
    try:
        context.run_migrations()
    except CommandError as error:
        try:
            refuse_newer()
        except Refused as why:
            raise CommandError(str(why)) from error
        raise


def run():
    applied = []
    given = context.config.attributes.get("connection")
    with timeouts.allow(timeouts.COMMAND), nullcontext(given) if given else db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transaction_per_migration=True,
            render_item=_plain,
            include_object=_ours,
            on_version_apply=(_check_keys, lambda **step: applied.append(step)),
            **current_app.extensions["migrate"].configure_args,
        )
        _watch_keys(connection, "OFF")
        try:
            with context.begin_transaction():
                _run_migrations()
            if applied:
                sign(connection)
            connection.commit()
        finally:
            _watch_keys(connection, "ON")


run()
