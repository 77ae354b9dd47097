"""Empty databases for tests, on the server that TEST_DATABASE_URL names (default: SQLite files), gone afterwards."""

import os
import secrets
import shutil
import tempfile
from contextlib import contextmanager

from sqlalchemy import create_engine, make_url, text

import config


def on_server():
    """Whether the tests run on MariaDB or PostgreSQL, and not on SQLite files."""
    return bool(os.environ.get("TEST_DATABASE_URL"))


@contextmanager
def empty_database():
    """The address of a database of one's own. Parallel test processes never share one."""
    wanted = os.environ.get("TEST_DATABASE_URL")
    with _on_server(make_url(config.database(wanted))) if wanted else _in_a_file() as address:
        yield address


@contextmanager
def _in_a_file():
    with empty_folder() as folder:
        yield f"sqlite:///{folder}/desk.db"


@contextmanager
def empty_folder():
    """In memory where that can be had: on a disk each file that is made safe would cost its time."""
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="desk-", dir=in_memory)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _on_server(server):
    name = f"desk_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{secrets.token_hex(3)}"
    on_mysql = server.get_backend_name() == "mysql"
    _do(server, f"CREATE DATABASE {name}" + (" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if on_mysql else ""))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _do(server, f"DROP DATABASE {name}" + ("" if on_mysql else " WITH (FORCE)"))


def _do(server, statement):
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
