"""Whether the database has the tables this version of the desk expects, and which version made the ones it has."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask_babel import gettext as _
from sqlalchemy import Connection, delete, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from helpdesk.errors import Refused
from models import DeskFact, db

FOLDER = Path(__file__).resolve().parents[2] / "migrations"
FACT = "tables made by"


def current() -> bool:
    """Raises nothing: a database that does not answer has no tables either."""
    try:
        return set(_found()) == _wanted()
    except DBAPIError:
        return False


def revision() -> str | None:
    """What the tables of the database are, or None where it has none of ours. Raises DBAPIError."""
    return next(iter(_found()), None)


def newest() -> str:
    """The revision of this version of the desk."""
    return next(iter(_wanted()))


@cache
def known() -> frozenset[str]:
    """The revisions that this version of the desk can bring to its own."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


def is_newer() -> bool:
    """Whether a version that we do not know has made the tables. Raises DBAPIError."""
    return revision() not in known() | {None}


def check() -> None:
    """Raises Refused where the database does not have the tables of this version, and DBAPIError."""
    refuse_newer()
    if not current():
        raise Refused(_("The database does not have the tables of this version. Run: flask --app app db upgrade"))


def refuse_newer(copy: Path | None = None) -> None:
    """Raises Refused for tables of a newer version. `copy` is where one of this version's tables may be."""
    if not is_newer():
        return
    why = _(
        "A newer version of the desk has made the tables of this database: %(theirs)s%(maker)s. "
        "This version knows them up to %(ours)s. Nothing was changed.",
        theirs=revision(),
        maker=_maker(),
        ours=newest(),
    )
    raise Refused(f"{why}\n{_newer_advice(copy)}")


def _newer_advice(copy: Path | None) -> str:
    again = _("Start that version again, or a newer one.")
    if copy is not None and copy.exists():
        back = _(
            "To go back to this version, restore the copy that was made before the tables changed: "
            "flask --app app restore %(copy)s. What was done since then is lost.",
            copy=copy,
        )
    else:
        back = _("To go back to this version, restore a backup that was made before the tables changed.")
    return f"{again} {back}"


def _maker() -> str:
    """The commit of the version that made the tables, in brackets, where it is known."""
    try:
        value = db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))
        commit = json.loads(value)["commit"] if value else None
    except (DBAPIError, ValueError, KeyError):
        commit = None
    finally:
        db.session.rollback()
    return _(" (commit %(commit)s)", commit=commit) if commit else ""


def sign(connection: Connection) -> None:
    """Write down which version has just made the tables, for an older one that meets them."""
    if not inspect(connection).has_table(DeskFact.__tablename__):
        return
    connection.execute(delete(DeskFact).where(DeskFact.name == FACT))
    connection.execute(insert(DeskFact).values(name=FACT, value=json.dumps({"commit": _commit()})))


def _commit() -> str | None:
    """The commit that is checked out here and its day. None where there is no git."""
    asked = ("git", f"--git-dir={FOLDER.parent / '.git'}", "log", "-1", "--format=%h of %cs")
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def _found() -> tuple[str, ...]:
    try:
        return MigrationContext.configure(db.session.connection()).get_current_heads()
    finally:
        db.session.rollback()


@cache
def _wanted() -> set[str]:
    return set(_scripts().get_heads())


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def upgrade(connection: Connection, revision: str = "heads") -> None:
    """Bring a database of any kind to the revision, also one that is not the desk's own. Needs an app context."""
    command.upgrade(_config(connection), revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER))
    return config
