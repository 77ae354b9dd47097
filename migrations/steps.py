"""Makes every step of a migration ask whether it is already done, so that an upgrade that was killed can be run again.

MariaDB and MySQL commit each statement that changes a table. A migration that is killed in the middle leaves its first
statements behind, its revision is not written down, and the next upgrade runs it from its first statement. (SQLite and
PostgreSQL undo the whole migration.) The rules for whoever writes a migration:

1. Change tables with Alembic's own operations: `op.create_table`, `op.add_column`, `op.create_index`,
   `op.batch_alter_table` and so on. env.py imports this module, and from then on each of them first asks MariaDB or
   MySQL, and does nothing where the table, column, index or constraint is there already (or gone already). Nothing else
   has to be written. Every index and constraint needs a name.
2. A statement that you write yourself (`op.execute`, `bind.execute`) must do no harm when it runs twice, and must not
   fail when a later step of the same migration is done. INSERT only what is not there yet. UPDATE so that a second
   time gives the same rows. Where a later step drops what a statement reads, ask first: `if steps.has_table("old"):`.
3. Change a constraint or an index by dropping it and then creating it. Create a new index before you drop the old one
   that a foreign key needs.
4. Do not build a table anew by renaming a copy over it. Alter it instead.

tests/integrations/db/test_migrations.py interrupts every migration and fails where one cannot be finished.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from alembic.ddl.mysql import MySQLImpl
from sqlalchemy import Connection, inspect


def has_table(table: str) -> bool:
    return inspect(op.get_bind()).has_table(table)


def has_column(table: str, column: str) -> bool:
    return column in _columns(op.get_bind(), table)


def has_index(table: str, name: str) -> bool:
    return name in _indexes(op.get_bind(), table)


def _columns(bind: Connection, table: str) -> set[str]:
    asked = inspect(bind)
    return {column["name"] for column in asked.get_columns(table)} if asked.has_table(table) else set()


def _indexes(bind: Connection, table: str) -> set[str | None]:
    asked = inspect(bind)
    return {index["name"] for index in asked.get_indexes(table)} if asked.has_table(table) else set()


def _constraints(bind: Connection, table: str) -> set[str | None]:
    """Not the indexes: MariaDB lays one under a foreign key and gives both the same name."""
    asked = inspect(bind)
    if not asked.has_table(table):
        return set()
    kinds = (asked.get_unique_constraints, asked.get_foreign_keys, asked.get_check_constraints)
    return {item["name"] for get in kinds for item in get(table)}


class _Resumable(MySQLImpl):
    """Alembic's operations on MariaDB and MySQL, each of which does nothing where it is already done."""

    # Alembic looks a class up by the name of the dialect, and the last class with that name is the one it takes.
    __dialect__ = "mysql"

    def create_table(self, table: Any, **options: Any) -> None:
        if not inspect(self.connection).has_table(table.name):
            super().create_table(table, **options)
            return
        for index in table.indexes:
            self.create_index(index)

    def drop_table(self, table: Any, **options: Any) -> None:
        if inspect(self.connection).has_table(table.name):
            super().drop_table(table, **options)

    def rename_table(self, old_table_name: str, new_table_name: Any, schema: Any = None) -> None:
        if inspect(self.connection).has_table(old_table_name):
            super().rename_table(old_table_name, new_table_name, schema=schema)

    def add_column(self, table_name: str, column: Any, **options: Any) -> None:
        if column.name not in _columns(self.connection, table_name):
            super().add_column(table_name, column, **options)

    def alter_column(self, table_name: str, column_name: str, **options: Any) -> None:
        # A second time it changes nothing, unless the column was renamed or dropped since.
        if column_name in _columns(self.connection, table_name):
            super().alter_column(table_name, column_name, **options)

    def drop_column(self, table_name: str, column: Any, **options: Any) -> None:
        if column.name in _columns(self.connection, table_name):
            super().drop_column(table_name, column, **options)

    def create_index(self, index: Any, **options: Any) -> None:
        if index.name not in _indexes(self.connection, index.table.name):
            super().create_index(index, **options)

    def drop_index(self, index: Any, **options: Any) -> None:
        if index.name in _indexes(self.connection, index.table.name):
            super().drop_index(index, **options)

    def add_constraint(self, const: Any, **options: Any) -> None:
        if not self._has_constraint(const):
            super().add_constraint(const, **options)

    def drop_constraint(self, const: Any, **options: Any) -> None:
        if self._has_constraint(const):
            super().drop_constraint(const, **options)

    def _has_constraint(self, const: Any) -> bool:
        # The naming convention of the models may have its say, so the name is asked of whoever writes the SQL.
        name = self.dialect.identifier_preparer.format_constraint(const, _alembic_quote=False)
        if name is None:
            raise ValueError(f"A constraint on {const.table.name} needs a name.")
        return name in _constraints(self.connection, const.table.name)


class _ResumableMariaDB(_Resumable):
    __dialect__ = "mariadb"
