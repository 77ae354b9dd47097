"""`flask restore` into PostgreSQL, MySQL and MariaDB: only where nobody has anything to lose."""

import pytest
from sqlalchemy import inspect, select, text

from helpdesk.db import migrations, transactions
from models import Category, Ticket, db
from tests.support.databases import empty_database, on_server
from tests.support.servers.desks import desk, migrate, run, small_backup

pytestmark = pytest.mark.skipif(not on_server(), reason="on SQLite the database from before is kept, whatever is in it")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return small_backup(tmp_path_factory.mktemp("saved"))


def subjects():
    return db.session.scalars(select(Ticket.subject)).all()


def test_on_a_server_only_an_empty_database_is_filled(saved, tmp_path):
    """The tables of a desk that nobody has used count as empty: Heroku makes them before anybody can restore."""
    with empty_database() as address, desk(address, tmp_path) as made:
        migrate()
        run(made, "first-key")
        with transactions.writing():
            db.session.add(Category(name="Hardware", position=1))
        done = run(made, "restore", saved)
        assert done.exit_code == 1 and "The database is not empty" in done.stderr
        assert db.session.query(Category).count() == 1 and not list((tmp_path / "files").glob("*/*"))
        with transactions.writing():
            db.session.query(Category).delete()
        assert run(made, "restore", saved).exit_code == 0
        assert subjects() == ["From the backup"]


def test_half_made_tables_that_a_killed_restore_has_left_are_made_anew(saved, tmp_path):
    """Among them may be tables that later versions have under another name."""
    with empty_database() as address, desk(address, tmp_path) as made:
        with db.engine.connect() as connection:
            migrations.upgrade(connection, "0001")
            assert inspect(connection).has_table("carried_forms")
        assert run(made, "restore", saved).exit_code == 0
        assert subjects() == ["From the backup"] and migrations.current()


def test_a_database_of_another_program_is_left_alone(saved, tmp_path):
    with empty_database() as address, desk(address, tmp_path) as made:
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE invoices (number INTEGER)"))
        done = run(made, "restore", saved)
        assert done.exit_code == 1 and "The database is not empty: it holds invoices." in done.stderr
        assert inspect(db.engine).get_table_names() == ["invoices"]
