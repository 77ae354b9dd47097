"""Whether the database has the tables this version of the desk expects."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from models import db

FOLDER = Path(__file__).resolve().parent.parent / "migrations"


def current() -> bool:
    try:
        found = MigrationContext.configure(db.session.connection()).get_current_heads()
    except DBAPIError:
        return False
    finally:
        db.session.rollback()
    return set(found) == _wanted()


@cache
def _wanted() -> set[str]:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return set(ScriptDirectory.from_config(config).get_heads())
