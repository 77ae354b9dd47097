"""The export of a view: who gets it, under which name, and that it is written down."""

import io
import re

import pytest
from python_calamine import CalamineWorkbook

from models import Event, db
from tests.support import builders


def exported():
    return [event.facts for event in db.session.query(Event).filter_by(kind="exported")]


def test_the_triage_page_offers_the_view_as_a_file(browse, cast):
    builders.ticket(cast.ada, subject="The VPN drops")
    cleo = browse(cast.cleo)
    page = cleo.get("/triage?view=unassigned")
    links = re.findall(r'href="(/triage/export[^"]+)" download', page.text)
    assert links == ["/triage/export?format=csv&amp;view=unassigned", "/triage/export?format=xlsx&amp;view=unassigned"]
    answer = cleo.get(links[0].replace("&amp;", "&"))
    assert re.fullmatch(
        r"attachment; filename=tickets-unassigned-\d{4}-\d\d-\d\d\.csv", answer.headers["Content-Disposition"]
    )
    assert answer.mimetype == "text/csv" and "The VPN drops" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_workbook_opens(browse, cast):
    builders.ticket(cast.ada, subject="The VPN drops")
    answer = browse(cast.cleo).get("/triage/export?format=xlsx&view=all")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert sheet[0][2] == "subject" and sheet[1][2] == "The VPN drops"


def test_who_took_what_is_written_down(browse, cast):
    cleo = browse(cast.cleo)
    cleo.get("/triage/export?format=csv&view=open")
    assert exported() == [{"view": "open", "format": "csv"}]
    cleo.open(cleo.client.head, "/triage/export?format=csv&view=open")
    assert len(exported()) == 1, "a look at the headers takes nothing away"


@pytest.mark.parametrize("path", ["/triage/export?format=pdf", "/triage/export?format=csv&view=secret"])
def test_what_is_not_offered_is_not_there(path, browse, cast):
    assert browse(cast.cleo).get(path).status_code == 404
    assert exported() == []


def test_users_get_no_export(browse, cast):
    assert browse(cast.ada).get("/triage/export?format=csv").status_code == 403
