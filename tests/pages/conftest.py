"""What tests of several pages need."""

from pathlib import Path

import pytest


@pytest.fixture
def eve(cast, browse):
    return browse(cast.eve)


@pytest.fixture
def stored(app):
    """Asks which files lie on the disk since the test began, by their modes."""

    def found():
        return {
            path: path.stat().st_mode & 0o777 for path in Path(app.config["FILES_DIR"]).rglob("*") if path.is_file()
        }

    before = found()
    return lambda: [mode for path, mode in found().items() if path not in before]
