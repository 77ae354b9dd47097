"""The desk under test: a migrated database of our own, emptied before every test, and the cast of people in it.

TEST_DATABASE_URL chooses the server (default: a SQLite file); each parallel worker gets a database of its own there.
"""

import pytest
from flask import before_render_template
from flask_migrate import upgrade
from sqlalchemy import text

import config
from app import create_app
from helpdesk.db import transactions
from helpdesk.search import word_sample
from models import db
from tests.support.browser import Browser
from tests.support.cast import Cast
from tests.support.databases import empty_database, empty_folder, on_server
from web.fragment_cache import FragmentCache

SETTINGS = {
    "PUBLIC_URL": "http://desk.test",
    "SECRET_KEY": "a key that only the tests know, long enough",
    "APP_ENV": "development",
    "REGISTRATION": "open",
    "LOG_FORMAT": "readable",
    # Mails leave at once, unless a test is about taking something back.
    "UNDO_SECONDS": "0",
    # Counted in memory, which no test empties.
    "LIMIT_SEARCH": "0",
    "LIMIT_SUGGESTIONS": "0",
    "LIMIT_DRAFTS": "0",
    "LIMIT_PICTURES": "0",
}


# Parallel processes take one file after the other; a long one at the end would leave the others idle.
LONGEST_FILES = (
    "test_map.py",
    "test_plans.py",
    "test_migrations.py",
    "test_interrupted_migrations.py",
    "test_streams.py",
    "test_run.py",
    "test_start.py",
)


def pytest_collection_modifyitems(config, items):
    """Put the longest files first. On a server, leave out what depends on no database: it runs once, on SQLite."""
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)
    if on_server():
        again = [item for item in items if _asks_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(again)])
        items[:] = again


def _asks_the_database(item):
    if item.get_closest_marker("once"):
        return False
    return bool({"database_url", "empty_desk"} & {*item.fixturenames}) or hasattr(item.module, "empty_database")


@pytest.fixture(scope="session")
def database_url():
    with empty_database() as address:
        yield address


@pytest.fixture(scope="session")
def files_dir():
    """Where the desk under test keeps files, whatever its database is."""
    with empty_folder() as folder:
        yield f"{folder}/files"


@pytest.fixture(scope="session")
def make_app(database_url, files_dir):
    """Make a desk with other settings on the same database."""

    def make(**settings):
        app = create_app(SETTINGS | {"DATABASE_URL": database_url, "FILES_DIR": files_dir} | settings)
        app.jinja_env.extensions[FragmentCache.identifier].proven = True
        before_render_template.connect(_refuse_to_render_while_writing, app)
        return app

    return make


def _refuse_to_render_while_writing(_app, template, **_more):
    """A page or a mail takes long to write, and on SQLite everybody waits for whoever holds the turn to write."""
    assert not transactions.is_writing(), f"{template.name} is rendered while writing; see web/pages.py"


@pytest.fixture(scope="session")
def _desk(make_app):
    app = make_app()
    with app.app_context():
        upgrade(directory=str(config.HERE / "migrations"))
    return app


@pytest.fixture
def app(_desk):
    """The desk, empty. Inside the test an app context is open, so acts and queries can be called directly."""
    with _desk.app_context():
        _empty()
        yield _desk
        db.session.remove()


def _empty():
    word_sample.forget()
    with db.engine.connect() as connection:
        on_mysql = db.engine.dialect.name == "mysql"
        if on_mysql:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=0"))
        if db.engine.dialect.name == "sqlite":
            connection.execute(text("PRAGMA defer_foreign_keys=ON"))
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
        if on_mysql:
            connection.execute(text("SET FOREIGN_KEY_CHECKS=1"))
        connection.commit()


@pytest.fixture
def cast(app):
    """Ada and Ben ask, Cleo and Dan are agents, Eve is admin, Mel is only an address, Zoe is switched off."""
    return Cast.make()


@pytest.fixture
def browse(app):
    """Browsers by person: browse(ada) is signed in as Ada, browse() is anonymous."""
    return lambda person=None, desk=app: Browser(desk).sign_in(person) if person else Browser(desk)


@pytest.fixture
def in_development(app):
    """For what only a desk in development does."""
    if app.config["PRODUCTION"]:
        pytest.skip("a desk on another database than SQLite is always in production")
