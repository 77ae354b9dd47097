"""Many rows at once into one of the three databases, each by the way it is quickest at."""

import tempfile
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

CHECKS_OFF = {
    "sqlite": ["PRAGMA synchronous=OFF", "PRAGMA cache_size=-200000"],
    "mysql": ["SET foreign_key_checks=0, unique_checks=0"],
    "postgresql": ["SET session_replication_role = replica", "SET maintenance_work_mem = '512MB'"],
}
# The index of words, left out meanwhile and made in one go, as migrations/versions/0004_search.py has it. MariaDB keeps
# its own: made anew on a table that had one, it stays empty.
WITHOUT_WORDS = {"sqlite": "DROP TRIGGER search_texts_added", "postgresql": "DROP INDEX ix_search_texts_words"}
WITH_WORDS = {
    "sqlite": "INSERT INTO search_index(search_index) VALUES ('rebuild')",
    "postgresql": "CREATE INDEX ix_search_texts_words ON search_texts USING gin (words)",
}
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class Loader:
    """`rows(table, columns, rows)` adds rows of plain values; moments are texts, as SQLite keeps them."""

    def __init__(self, url):
        own = {"mysql": {"local_infile": True}}
        self.engine = create_engine(url, connect_args=own.get(make_url(url).get_backend_name(), {}))
        self.kind = self.engine.dialect.name
        self.connection = None

    def rows(self, table, columns, rows):
        {"sqlite": self._many, "postgresql": self._copy, "mysql": self._infile}[self.kind](table, columns, rows)

    def commit(self):
        self.connection.commit()

    @contextmanager
    def bulk(self, tables):
        """Without checks and secondary indexes meanwhile: they are made in one go at the end."""
        with self.engine.connect() as self.connection:
            self._run(*CHECKS_OFF[self.kind])
            indexes = [index for table in tables for index in sorted(table.indexes, key=lambda one: one.name)]
            for index in indexes:
                index.drop(self.connection)
            added = self._added()
            self._must(WITHOUT_WORDS.get(self.kind))
            self.commit()
            yield
            for index in indexes:
                index.create(self.connection)
            self._must(WITH_WORDS.get(self.kind), added)
            self._count_on(tables)
            self.commit()
        self._analyze(tables)
        self.engine.dispose()

    def _added(self):
        """SQLite's trigger that lets the index follow, to be made again."""
        wanted = "SELECT sql FROM sqlite_master WHERE name = 'search_texts_added'"
        return self.connection.exec_driver_sql(wanted).scalar() if self.kind == "sqlite" else None

    def _must(self, *commands):
        for command in filter(None, commands):
            self.connection.exec_driver_sql(command)

    def _run(self, *commands):
        for command in commands:
            try:
                self.connection.exec_driver_sql(command)
            except DBAPIError:  # PostgreSQL lets only a superuser leave out the checks; others wait longer.
                self.connection.rollback()
            self.commit()

    def _count_on(self, tables):
        """PostgreSQL does not notice ids that were given by hand."""
        for table in tables if self.kind == "postgresql" else ():
            if "id" in table.c:
                last = f"(SELECT max(id) FROM {table.name})"
                self._run(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), {last})")

    def _analyze(self, tables):
        """What the servers do by themselves within minutes; SQLite never does."""
        names = ", ".join(table.name for table in tables)
        command = {"mysql": f"ANALYZE TABLE {names}", "postgresql": "VACUUM ANALYZE"}.get(self.kind)
        if command:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(command))

    def _many(self, table, columns, rows):
        marks = ", ".join("?" * len(columns))
        insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        self.connection.connection.driver_connection.executemany(insert, rows)

    def _copy(self, table, columns, rows):
        cursor = self.connection.connection.driver_connection.cursor()
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write(_lines(rows))

    def _infile(self, table, columns, rows):
        with tempfile.NamedTemporaryFile("wb") as file:
            file.write(_lines(rows))
            file.flush()
            load = f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {table} CHARACTER SET utf8mb4"
            self.connection.exec_driver_sql(f"{load} ({', '.join(columns)})")


def _lines(rows):
    """Tabs between, \\N for nothing: the format that COPY and LOAD DATA share."""
    return "".join("\t".join([_cell(value) for value in row]) + "\n" for row in rows).encode()


def _cell(value):
    if value is None:
        return "\\N"
    return value.translate(ESCAPED) if isinstance(value, str) else str(int(value))
