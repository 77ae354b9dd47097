"""A reply is written, looked at beside its field, and sent as it was shown; by keyboard."""

import pytest
from playwright.sync_api import expect

from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [1280, 360])
def test_what_the_preview_shows_is_what_is_sent(window, cast, width):
    number = builders.ticket(cast.ada).id
    ada = window(width=width)
    steps.sign_in(ada, "ada@example.com")
    ada.goto(f"/tickets/{number}")
    field = ada.get_by_label("Reply", exact=True)
    field.fill("Path \\\\fs01\\projects and **bold**")
    preview = ada.get_by_role("button", name="Preview").first
    preview.focus()
    ada.keyboard.press("Enter")
    pane = ada.get_by_role("region", name="Preview").first
    expect(pane.locator("strong")).to_have_text("bold")
    shown = pane.inner_text().strip()
    assert shown == "Path \\\\fs01\\projects and bold"
    expect(field).to_have_value("Path \\\\fs01\\projects and **bold**")
    ada.get_by_role("button", name="Send reply").click()
    steps.wait_for_success(ada)
    assert ada.locator(".msg .text").last.inner_text().strip() == shown
