"""How Alembic runs our migrations: on the desk's own engine, one transaction each, SQLite's foreign keys off meanwhile."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from models import UtcTime, db


def _plain(kind, item, autogen):
    """Write our own column type as the plain types it stands for, so that a migration never needs today's models."""
    if kind == "type" and isinstance(item, UtcTime):
        autogen.imports.add("from sqlalchemy.dialects import mysql")
        return "sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql', 'mariadb')"
    return False


def run():
    engine = db.engine
    options = current_app.extensions["migrate"].configure_args
    with engine.connect() as connection:
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            # A batch migration rebuilds a table; with foreign keys on, dropping the old one would delete its children.
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transaction_per_migration=True,
            render_item=_plain,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if on_sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
            if broken:
                raise RuntimeError(f"rows point to rows that are gone: {broken[:5]}")


run()
