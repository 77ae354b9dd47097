"""Files read by the import."""

import pytest

from helpdesk.import_export import importer
from helpdesk.import_export.import_file import examine


@pytest.fixture
def load(app, tmp_path):
    """Import the content of a file."""

    def load(content):
        path = tmp_path / "exported"
        path.write_bytes(content)
        return importer.run(examine(path), host="desk.test", progress=lambda lines: None)

    return load
