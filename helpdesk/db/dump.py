"""The rows of every table as one moment saw them, in a form that every kind of database can read."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    cast,
    func,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from models import UtcTime, db

# A part of a table holds about so many bytes of text before it is packed.
PART = 4 * 1024 * 1024
ROWS_AT_ONCE = 500

# The kinds of values, by what SQLAlchemy calls them. The first that fits counts: a Float is a Numeric too.
KINDS: dict[str, type[TypeEngine[Any]]] = {
    "time": UtcTime,
    "json": JSON,
    "boolean": Boolean,
    "integer": Integer,
    "bytes": LargeBinary,
    "date": Date,
    "float": Float,
    "decimal": Numeric,
    "text": String,
}
ENCODERS: dict[str, Callable[[Any], Any]] = {
    "time": lambda value: value.isoformat(timespec="microseconds"),
    # Each database writes the same JSON with other blanks.
    "json": lambda value: json.dumps(json.loads(value), ensure_ascii=False),
    "bytes": lambda value: base64.b64encode(value).decode(),
    "date": lambda value: value.isoformat(),
    "decimal": str,
}
DECODERS: dict[str, Callable[[Any], Any]] = {
    "time": datetime.fromisoformat,
    # The text "null" is a value of its own, beside NULL.
    "json": lambda value: JSON.NULL if value == "null" else json.loads(value),
    "bytes": base64.b64decode,
    "date": lambda value: datetime.fromisoformat(value).date(),
    "decimal": Decimal,
}


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is now, however long it reads and whatever others write meanwhile."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        if engine.dialect.name == "mysql":
            connection.execute(text("START TRANSACTION WITH CONSISTENT SNAPSHOT"))
        yield connection


def tables() -> list[Table]:
    """Every table, those before that others point to."""
    return list(db.metadata.sorted_tables)


def kind_of(column: Column[Any]) -> str:
    """Raises TypeError for a type of column that no backup has held yet. Give it a kind above."""
    for kind, known in KINDS.items():
        if isinstance(column.type, known):
            return kind
    raise TypeError(f"{column} is a {column.type!r}, which helpdesk/db/dump.py does not know")


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def describe(connection: Connection) -> dict[str, dict[str, Any]]:
    """For each table its columns with their kinds, how many rows it holds, and the highest id it has given."""
    return {
        table.name: {
            "columns": {column.name: kind_of(column) for column in _stored(table)},
            "rows": connection.scalar(select(func.count()).select_from(table)),
            "last_id": _last_id(connection, table),
        }
        for table in tables()
    }


def _stored(table: Table) -> list[Column[Any]]:
    """Not what the database computes by itself."""
    return [column for column in table.columns if column.computed is None]


def _last_id(connection: Connection, table: Table) -> int | None:
    """No id is given twice, so the highest may be that of a row that is gone."""
    column = table.autoincrement_column
    if column is None:
        return None
    given = {"sqlite": _given_on_sqlite, "postgresql": _given_on_postgres}.get(connection.dialect.name, _given_on_mysql)
    return max(connection.scalar(select(func.max(column))) or 0, given(connection, table.name, column.name) or 0)


def _given_on_sqlite(connection: Connection, table: str, _column: str) -> int | None:
    found = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table})
    return None if found is None else int(found)


def _given_on_postgres(connection: Connection, table: str, column: str) -> int | None:
    named = {"name": table, "column": column}
    sequence = connection.scalar(text("SELECT pg_get_serial_sequence(:name, :column)"), named)
    if sequence is None:
        return None
    given = connection.scalar(text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}"))
    return None if given is None else int(given)


def _given_on_mysql(connection: Connection, table: str, _column: str) -> int | None:
    counter = (
        "SELECT auto_increment FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name"
    )
    following = connection.scalar(text(counter), {"name": table})
    return None if following is None else int(following) - 1


# ---- rows


def parts(connection: Connection, table: Table, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The rows of a table, a JSON array a line, in packed parts of about PART bytes."""
    lines: list[str] = []
    size = 0
    for line in _lines(connection, table):
        lines.append(line)
        size += len(line)
        progress(1)
        if size >= PART:
            yield _pack(lines)
            lines, size = [], 0
    if lines:
        yield _pack(lines)


def _lines(connection: Connection, table: Table) -> Iterator[str]:
    columns = _stored(table)
    encoders = [ENCODERS.get(kind_of(column)) for column in columns]
    wanted = select(*map(_as_stored, columns)).order_by(*table.primary_key.columns)
    for row in connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)):
        values = [value if value is None or code is None else code(value) for value, code in zip(row, encoders)]
        yield json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def _as_stored(column: Column[Any]) -> Any:
    """JSON as its text, so that a null in it is not taken for no value at all."""
    return cast(column, Text) if isinstance(column.type, JSON) else column


def _pack(lines: list[str]) -> bytes:
    return gzip.compress("".join(lines).encode("utf-8", "surrogatepass"), compresslevel=1, mtime=0)


def unpack(part: bytes, kinds: list[str]) -> Iterator[list[Any]]:
    """The rows of a part as Python values."""
    decoders = [DECODERS.get(kind) for kind in kinds]
    for line in gzip.decompress(part).decode("utf-8", "surrogatepass").rstrip("\n").split("\n"):
        values = json.loads(line)
        yield [value if value is None or code is None else code(value) for value, code in zip(values, decoders)]
