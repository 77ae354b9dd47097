"""What is brought to be imported and is no table, too large, broken, too much, or brought by somebody who may not."""

import pytest

from helpdesk.import_export import import_jobs
from models import Import, db
from tests.support.browser import text_of
from tests.support.imports_of import HEADING, address, bring

RUBBISH = {
    "empty": (b"", "is empty"),
    "blank": (b" \n\n", "is empty"),
    "pdf": (b"%PDF-1.7 and so on", "is no table"),
    "picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is no table"),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "old form of Excel"),
}


@pytest.mark.parametrize("kind", RUBBISH)
def test_what_is_no_table_is_refused_at_once_with_what_to_do(eve, stored, kind):
    content, why = RUBBISH[kind]
    page = bring(eve, content, follow=False, system="jira")
    assert page.status_code == 422 and why in text_of(page) and 'value="jira" selected' in page.text
    assert db.session.query(Import).count() == 0 and not stored()


BROKEN = {
    "a workbook cut short": (b"PK\x03\x04 and then nothing", "not a workbook that can be read"),
    "packed, cut short": (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", "is damaged"),
    "another table": (b"a,b\n1,2\n", "needed and not found"),
    "a heading alone": (HEADING.encode(), "0 tickets would be imported"),
    "one endless line": (b"x" * 4_100_000, "so it is no table"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_cannot_be_read_is_said_by_the_page_and_imports_nothing(eve, kind):
    content, why = BROKEN[kind]
    page = bring(eve, content)
    assert why in text_of(page) and "incoming" not in page.text and f"{address()}/start" not in page.text


def test_without_a_file_and_with_one_that_is_too_large_the_page_says_so(make_app, browse, cast):
    eve = browse(cast.eve, make_app(MAX_IMPORT_MB="1"))
    page = eve.post("/imports", {"system": "jira"}, content_type="multipart/form-data")
    assert page.status_code == 422 and "Choose a file first." in text_of(page)
    page = bring(eve, b"x" * (1024 * 1024 + 1), follow=False)
    assert page.status_code == 422 and "is too large. An import takes at most 1 MB" in text_of(page)


def test_files_that_nobody_imports_do_not_fill_the_disk(eve, stored, monkeypatch):
    monkeypatch.setattr(import_jobs, "OPEN_MOST", 1)
    bring(eve, HEADING, "P-1;One;a;")
    page = bring(eve, HEADING, "P-2;Two;a;", follow=False)
    assert page.status_code == 409 and "wait to be imported" in text_of(page) and len(stored()) == 1


def test_an_agent_cannot_bring_a_file_and_nothing_of_it_is_kept(cast, browse, stored):
    page = bring(browse(cast.cleo), HEADING, "P-1;One;a;", follow=False)
    assert page.status_code == 403 and not stored()
