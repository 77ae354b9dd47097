"""An admin imports tickets in the browser: what was taken wrongly is put right, and the whole is taken back."""

import os
import re

import pytest
from playwright.sync_api import expect

from models import Ticket, db
from tests.stories import steps

pytestmark = pytest.mark.browser

FOREIGN = """Nr;Titel;Text;Datum
T-1;Printer jams;Since Monday;03/04/2026 10:00
T-2;;No title;04/04/2026 11:00
T-3;VPN drops;Each hour;05/04/2026 12:00
"""
KNOWN = """Issue key,Summary,Status
J-1,Printer jams,To Do
J-2,VPN drops,In Arbeit
"""


def bring(page, content):
    steps.sign_in(page, "eve@example.com")
    page.goto("/imports")
    take_picture(page, "list")
    file = {"name": "old.csv", "mimeType": "text/csv", "buffer": content.encode()}
    page.get_by_label("Tickets", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()


def take_picture(page, name):
    """A picture of the page, where SHOTS names a folder for them."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}-{page.viewport_size['width']}.png", full_page=True)


def test_columns_and_dates_are_put_right_and_the_rows_left_out_are_a_file(window, cast):
    eve = window()
    bring(eve, FOREIGN)
    expect(eve.get_by_text("These columns are needed and not found: Number or id, Subject")).to_be_visible()
    take_picture(eve, "columns")
    for theirs, ours in {"Nr": "Number or id", "Titel": "Subject", "Text": "Description", "Datum": "Raised at"}.items():
        eve.get_by_label(theirs, exact=True).select_option(label=ours)
    eve.get_by_role("button", name="Look again").click()
    eve.get_by_label("Day first: 03/04/2026 10:00 is 3 April 2026").check()
    take_picture(eve, "dates")
    eve.get_by_role("button", name="Look again").click()
    expect(eve.get_by_text("line 3: subject is empty.")).to_be_visible()
    take_picture(eve, "trial")
    eve.get_by_role("button", name="Import 2 tickets").click()
    expect(eve.get_by_text("2 tickets were imported.")).to_be_visible()
    take_picture(eve, "result")
    with eve.expect_download() as saved:
        eve.get_by_role("link", name="Download them with the reasons").click()
    assert '"line 3: subject is empty.","T-2","","No title"' in saved.value.path().read_text("utf-8-sig")
    eve.get_by_role("link", name="See them in a list").click()
    expect(eve.get_by_role("link", name="VPN drops")).to_be_visible()
    db.session.rollback()
    assert {f"{ticket.created_at:%d.%m.%Y}" for ticket in db.session.query(Ticket)} == {"03.04.2026", "05.04.2026"}


def test_without_scripts_a_status_is_given_its_meaning_and_the_import_is_taken_back(window, cast):
    eve = window(scripts=False, width=360, theme="dark")
    bring(eve, KNOWN)
    until(eve, "1 ticket would be imported.")
    eve.get_by_label("Status “In Arbeit” means").select_option(label="Pending")
    take_picture(eve, "values")
    eve.get_by_role("button", name="Look again").click()
    until(eve, "2 tickets would be imported.")
    eve.get_by_role("button", name="Import 2 tickets").click()
    until(eve, "2 tickets were imported.")
    eve.get_by_role("link", name="Take this import back").click()
    take_picture(eve, "take-back")
    eve.get_by_role("button", name="Take it back").click()
    until(eve, "2 tickets were removed again.")
    take_picture(eve, "undone")
    db.session.rollback()
    assert db.session.query(Ticket).count() == 0


def until(page, text):
    """Without scripts the page has a link to look at it again."""
    for _look in range(40):
        if page.get_by_text(text).count():
            break
        page.wait_for_timeout(250)
        page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text(re.compile(re.escape(text)))).to_be_visible()
