"""The backup of a SQLite desk: a whole copy, taken while people work."""

import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import make_url

from helpdesk import backup
from helpdesk.errors import Refused
from models import db
from tests import builders


@pytest.fixture
def url(app):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite is copied by the desk itself")
    return db.engine.url


def test_the_copy_holds_everything_in_one_private_file(url, cast, tmp_path):
    builders.ticket(cast.ada)
    target = backup.write(url, tmp_path / "new folder" / "copy.db")
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT subject FROM tickets").fetchall() == [("Printer on floor 3 prints blank pages",)]
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]


def test_a_change_that_is_not_finished_is_not_in_the_copy(url, cast, tmp_path):
    writer = sqlite3.connect(url.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE people SET name = 'Half done'")
    try:
        target = backup.write(url, tmp_path / "copy.db")
    finally:
        writer.execute("ROLLBACK")
        writer.close()
    with sqlite3.connect(target) as copy:
        assert copy.execute("SELECT count(*) FROM people WHERE name = 'Half done'").fetchone() == (0,)


def test_without_a_name_it_lies_beside_the_database_under_its_time(tmp_path):
    sqlite3.connect(tmp_path / "desk.db").execute("CREATE TABLE kept (id)")
    target = backup.write(make_url(f"sqlite:///{tmp_path}/desk.db"))
    assert target.parent == tmp_path / "backups" and target.name.startswith("desk-20")


def test_an_existing_file_is_never_overwritten(tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(Refused, match="is there already. Choose another name."):
        backup.write(make_url(f"sqlite:///{tmp_path}/desk.db"), tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_where_nothing_can_be_written_it_says_so_and_leaves_nothing(url):
    with pytest.raises(Refused, match="could not be written to"):
        backup.write(url, Path("/proc/copy.db"))


@pytest.mark.parametrize(
    "address, tool",
    [
        ("postgresql+psycopg://desk:secret@db/helpdesk", "pg_dump helpdesk"),
        ("mysql+pymysql://desk:secret@db/helpdesk", "mariadb-dump --single-transaction helpdesk"),
    ],
)
def test_for_another_database_its_own_tool_is_named(address, tool):
    with pytest.raises(Refused, match=f"Only SQLite is copied by this command. Use: {tool}") as refused:
        backup.write(make_url(address))
    assert "secret" not in str(refused.value)
