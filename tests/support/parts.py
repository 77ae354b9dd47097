"""What `make check` needs beyond Python packages: names each part that is missing, and fails if there is one."""

import os
import shutil
import sys
from collections.abc import Iterator

from sqlalchemy import create_engine
from sqlalchemy.exc import SQLAlchemyError

import config

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Where Chromium is, if it is installed. CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)


def vnu_jar() -> str | None:
    """The W3C's checker of pages, if `make check` has fetched it and there is a Java to run it."""
    path = config.HERE / ".venv/tools/node_modules/vnu-jar/build/dist/vnu.jar"
    return str(path) if shutil.which("java") and path.exists() else None


def missing() -> Iterator[str]:
    if not chromium():
        yield "Chromium is missing. Try: sudo apt install chromium"
    if not vnu_jar():
        yield "Java is missing, the checker of pages needs it. Try: sudo apt install default-jre-headless"
    if sys.platform == "linux" and not shutil.which("strace"):
        yield "strace is missing, the test of power cuts needs it. Try: sudo apt install strace"
    for name, variable in (("PostgreSQL", "TEST_POSTGRES_URL"), ("MariaDB", "TEST_MARIADB_URL")):
        if trouble := _cannot_reach(os.environ.get(variable, "")):
            yield f"{name} does not answer at {variable}: {trouble}"


def _cannot_reach(url: str) -> str:
    """Why no connection can be made, in one line; empty if it can."""
    try:
        engine = create_engine(config.database(url))
        with engine.connect():
            return ""
    except (SQLAlchemyError, ValueError) as error:
        return str(error).strip().splitlines()[0]


if __name__ == "__main__":
    sentences = list(missing())
    print("\n".join(sentences), end="\n" if sentences else "")
    sys.exit(bool(sentences))
