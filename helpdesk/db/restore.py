"""The rows of a backup into an empty database, with the tables of the version that made it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import JSON, Connection, MetaData, TableClause, column, delete, insert, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import AddConstraint, DropConstraint

from helpdesk.db import dump, migrations
from helpdesk.db.archive import Reader
from helpdesk.errors import Refused
from models import db

ROWS_AT_ONCE = 1000
# What a desk writes down before anybody has used it.
MACHINE_TABLES = {"alembic_version", "desk_facts", "attempts"}

Progress = Callable[[int], None]


def refuse_unknown(revision: str | None) -> None:
    """Raises Refused for tables that this version of the desk does not know."""
    if revision not in migrations.known():
        why = _("This backup was made by another version of the desk: its tables are of revision %(no)s, which is not")
        raise Refused(
            why % {"no": revision} + " " + _("known here. Install that version, or a newer one, and try again.")
        )


def refuse_full(connection: Connection) -> None:
    """Raises Refused where the database holds anything but the empty tables of a desk, of whatever version."""
    names = {*inspect(connection).get_table_names()}
    if "alembic_version" in names and dump.revision(connection) in migrations.known() | {None}:
        used = {name for name in names - MACHINE_TABLES if _has_rows(connection, name)}
    else:
        used = names
    connection.rollback()
    if used:
        why = _("The database is not empty: it holds %(tables)s.", tables=", ".join(sorted(used)[:5]))
        raise Refused(why + " " + _("Make an empty one, and name it in DATABASE_URL."))


def _has_rows(connection: Connection, name: str) -> bool:
    return connection.execute(select(text("1")).select_from(table(name)).limit(1)).first() is not None


def fill(connection: Connection, archive: Reader, progress: Progress, *, place: str | None) -> None:
    """Fill a database that refuse_full() lets pass; where `place` is given, the files lie there now.

    All rows come in one transaction: a restore that is killed can be run again. Raises Refused.
    """
    manifest = archive.manifest
    _drop_tables(connection)
    migrations.upgrade(connection, manifest["revision"])
    _check_columns(connection, manifest["tables"])
    _count_from(connection, manifest["tables"])
    with _foreign_keys_off(connection):
        loaded = _load(connection, archive, place, progress)
        if wrong := [name for name, known in manifest["tables"].items() if known["rows"] != loaded.get(name, 0)]:
            raise Refused(_("The backup does not hold all rows of %(tables)s.", tables=", ".join(wrong)))
    connection.commit()


def _drop_tables(connection: Connection) -> None:
    """Those of a desk that nobody has used, or that a killed restore has left half made."""
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    connection.commit()


def _check_columns(connection: Connection, tables: dict[str, Any]) -> None:
    for name, known in tables.items():
        there = {item["name"] for item in inspect(connection).get_columns(name)} if _has(connection, name) else set()
        if not {*known["columns"]} <= there:
            raise Refused(_("The backup does not fit its own version: table %(name)s differs.", name=name))
    connection.rollback()


def _has(connection: Connection, name: str) -> bool:
    return inspect(connection).has_table(name)


def _load(connection: Connection, archive: Reader, place: str | None, progress: Progress) -> dict[str, int]:
    """Returns how many rows came into each table."""
    tables, loaded = archive.manifest["tables"], dict[str, int]()
    for name in reversed(list(tables)):
        connection.execute(delete(table(name)))
    for part, source in archive.parts("tables/"):
        name = part.split("/")[0]
        if name not in tables:
            raise Refused(_("The backup holds a table %(name)s that its manifest does not name.", name=name))
        rows = dump.unpack(source.read(), list(tables[name]["columns"].values()))
        for batch in _batches(rows, list(tables[name]["columns"]), {"place": place} if place else {}):
            _insert(connection, name, tables[name]["columns"], batch)
            loaded[name] = loaded.get(name, 0) + len(batch)
            progress(len(batch))
    return loaded


def _batches(rows: Iterator[list[Any]], columns: list[str], now: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    now = {name: value for name, value in now.items() if name in columns}
    while batch := [dict(zip(columns, row)) | now for row in itertools.islice(rows, ROWS_AT_ONCE)]:
        yield batch


def _insert(connection: Connection, name: str, columns: dict[str, str], rows: list[dict[str, Any]]) -> None:
    try:
        connection.execute(insert(_as_table(name, columns)), rows)
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise Refused(_("Table %(name)s could not be filled: %(why)s", name=name, why=why)) from error


def _as_table(name: str, columns: dict[str, str]) -> TableClause:
    """As it was when the backup was made, which may be another than that of today's models."""
    types = dump.KINDS | {"json": lambda: JSON(none_as_null=True)}
    return table(name, *(column(key, types[kind]()) for key, kind in columns.items()))


# ---- what each database does in its own way


@contextmanager
def _foreign_keys_off(connection: Connection) -> Iterator[None]:
    """Rows come in any order; that each points to a row is asked at the end, within the transaction."""
    kind = connection.dialect.name
    yield from {"sqlite": _off_on_sqlite, "postgresql": _off_on_postgres}.get(kind, _off_on_mysql)(connection)


def _off_on_sqlite(connection: Connection) -> Iterator[None]:
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    yield
    if connection.execute(text("PRAGMA foreign_key_check")).first():
        raise Refused(_("The backup holds rows that point to rows it does not hold."))


def _off_on_postgres(connection: Connection) -> Iterator[None]:
    """Only an administrator of the server may switch the checks off, so the keys are removed and made anew."""
    found = MetaData()
    found.reflect(connection)
    keys = [key for item in found.tables.values() for key in item.foreign_key_constraints]
    for key in keys:
        connection.execute(DropConstraint(key))
    yield
    for key in keys:
        connection.execute(AddConstraint(key))


def _off_on_mysql(connection: Connection) -> Iterator[None]:
    """What the desk's own checks have let in is not asked again: MariaDB has nothing to ask with."""
    connection.execute(text("SET SESSION foreign_key_checks = 0"))
    yield
    connection.execute(text("SET SESSION foreign_key_checks = 1"))


def _count_from(connection: Connection, tables: dict[str, Any]) -> None:
    """New ids begin after the highest that was ever given, before the rows come."""
    setters = {"sqlite": _count_on_sqlite, "postgresql": _count_on_postgres}
    for name, known in tables.items():
        if known["last_id"]:
            setters.get(connection.dialect.name, _count_on_mysql)(connection, name, int(known["last_id"]))
    connection.commit()


def _count_on_sqlite(connection: Connection, name: str, last: int) -> None:
    """Tables without a counter of their own count from their highest row."""
    counts = "SELECT 1 FROM sqlite_master WHERE name = :name AND sql LIKE '%AUTOINCREMENT%'"
    if connection.scalar(text(counts), {"name": name}):
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": name})
        added = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"
        connection.execute(text(added), {"name": name, "last": last})


def _count_on_postgres(connection: Connection, name: str, last: int) -> None:
    key = next(iter(db.metadata.tables[name].primary_key.columns)).name if name in db.metadata.tables else "id"
    moved = "SELECT setval(pg_get_serial_sequence(:name, :key), :last)"
    connection.execute(text(moved), {"name": name, "key": key, "last": last})


def _count_on_mysql(connection: Connection, name: str, last: int) -> None:
    quoted = connection.dialect.identifier_preparer.quote(name)
    connection.execute(text(f"ALTER TABLE {quoted} AUTO_INCREMENT = {last + 1:d}"))
