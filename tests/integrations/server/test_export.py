"""The export as production serves it: the request that asked for it is over before the first row leaves."""

import csv
import io
import urllib.request

import pytest
from python_calamine import CalamineWorkbook

from tests.conftest import SETTINGS
from tests.support import builders
from tests.support.servers.listener import cookie_of
from tests.support.servers.live import LiveDesk


@pytest.fixture
def fetch(app, database_url, cast):
    """What Cleo gets from a desk that is served."""
    desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url, "PUBLIC_URL": "http://127.0.0.1"})
    cookie = cookie_of(app, cast.cleo)
    desk.start_web()

    def fetched(path):
        asked = urllib.request.Request(f"{desk.url}{path}", headers={"Cookie": f"desk={cookie}"})
        return urllib.request.urlopen(asked, timeout=10).read()

    yield fetched
    desk.stop()


def test_an_export_arrives_whole(fetch, cast):
    for number in range(3):
        builders.ticket(cast.ada, subject=f"Printer {number}")
    for chosen in ("view=all", "view=unassigned", "q=printer"):
        text = fetch(f"/triage/export?format=csv&{chosen}").decode()
        assert len(list(csv.reader(io.StringIO(text)))) == 4, chosen
        book = io.BytesIO(fetch(f"/triage/export?format=xlsx&{chosen}"))
        assert len(CalamineWorkbook.from_filelike(book).get_sheet_by_index(0).to_python()) == 4, chosen
