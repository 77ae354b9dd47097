"""Desks on a database of their own, and a backup of a small one."""

from contextlib import contextmanager

from app import create_app
from helpdesk.db import migrations
from models import db
from tests.conftest import SETTINGS
from tests.support import builders
from tests.support.cast import Cast


@contextmanager
def desk(address, folder, **settings):
    """A desk of its own, on a database that may be empty."""
    given = SETTINGS | {"DATABASE_URL": address, "FILES_DIR": str(folder / "files")} | settings
    made = create_app(given)
    with made.app_context():
        try:
            yield made
        finally:
            db.session.remove()
            db.engine.dispose()


def run(made, *words):
    result = made.test_cli_runner().invoke(args=[str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    db.session.rollback()
    return result


def migrate():
    with db.engine.connect() as connection:
        migrations.upgrade(connection)


def small_backup(folder):
    """A backup of a desk with a ticket and a file."""
    with desk(f"sqlite:///{folder}/desk.db", folder) as made:
        migrate()
        builders.file(builders.ticket(Cast.make().ada, "From the backup"), "log.txt", b"all lines")
        assert run(made, "backup", folder / "backup.tar").exit_code == 0
    return folder / "backup.tar"
