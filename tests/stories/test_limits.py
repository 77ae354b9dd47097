"""What a page does where the desk says "not now": it keeps what it has and tries again by itself."""

import re

import pytest
from playwright.sync_api import expect

from models import Attachment, Draft, db
from tests.stories import steps
from tests.support import files

pytestmark = pytest.mark.browser


@pytest.fixture
def ada(window, cast):
    page = window()
    steps.sign_in(page, "ada@example.com")
    page.goto("/tickets/new")
    return page


@pytest.fixture
def refuse_once():
    """Let the desk's own answer to the first request be "in a second", in its place."""

    def refuse(page, path, seconds=1):
        refused = []

        def answer(route):
            if refused:
                return route.continue_()
            refused.append(1)
            return route.fulfill(status=429, headers={"Retry-After": str(seconds)}, json={"why": "Not now."})

        page.route(re.compile(f"{path}$"), answer)
        return refused

    return refuse


def test_a_picture_that_the_desk_has_no_turn_for_is_sent_again_by_itself(ada, refuse_once):
    refused = refuse_once(ada, "/files")
    ada.set_input_files("input[type=file]", {"name": "red.png", "mimeType": "image/png", "buffer": files.picture()})
    expect(ada.locator("[role=status]").get_by_text("red.png is attached.")).to_be_attached()
    assert refused and ada.get_by_text("Not now.").count() == 0
    assert db.session.query(Attachment).one().name == "red.png"


def test_a_file_that_has_to_wait_for_long_is_refused_by_its_name(ada, refuse_once):
    refuse_once(ada, "/files", 1800)
    ada.set_input_files("input[type=file]", {"name": "a.txt", "mimeType": "text/plain", "buffer": b"lines"})
    expect(ada.locator(".attached").get_by_text("a.txt: Not now.")).to_be_visible()


def test_a_draft_that_is_saved_too_often_is_saved_later_and_the_page_says_so(ada, refuse_once):
    refused = refuse_once(ada, "/drafts")
    ada.get_by_label("Subject").fill("Half written")
    expect(ada.get_by_text("Draft not saved yet. It is tried again soon.")).to_be_visible()
    expect(ada.get_by_text("Draft saved", exact=True)).to_be_visible()
    assert refused and db.session.query(Draft).one().fields["subject"] == "Half written"
