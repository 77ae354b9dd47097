"""The bar of the selected rows: it covers nothing that has the focus, says how many it changes, makes way for news."""

import pytest
from playwright.sync_api import expect

from helpdesk.tickets import tickets
from models import Ticket, db
from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser

MORE_THAN_A_PAGE = 52

# Whether what has the focus, or the whole of its row, is seen at its upper and lower edge (WCAG 2.4.11).
IN_SIGHT = """(whole) => {
  const focused = document.activeElement, row = focused.closest("tr");
  const box = (whole ? row : focused).getBoundingClientRect();
  return [box.top + 3, box.bottom - 3].every((y) => document.elementFromPoint(box.left + 9, y)?.closest("tr") === row);
}"""

# How many pixels of its placeholder a field cuts off.
CUT_OFF = """(field) => {
  const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  return pen.measureText(field.placeholder).width - room;
}"""


@pytest.fixture
def many(cast):
    return [builders.ticket(cast.ada, f"Number {n}").id for n in range(MORE_THAN_A_PAGE)]


def open_list(page, email="cleo@example.com"):
    steps.sign_in(page, email)
    page.goto("/triage?view=all&sort=age")


@pytest.mark.parametrize("width, height", [(1280, 800), (900, 800), (360, 800), (640, 400)])
def test_the_bar_never_covers_the_row_that_has_the_focus(window, many, width, height):
    # The bar of an admin is the highest: it has one button more. Smooth scrolling would only be waited for.
    eve = window(width=width, reduced_motion="reduce")
    eve.set_viewport_size({"width": width, "height": height})
    open_list(eve, "eve@example.com")
    for _ in range(9):
        eve.keyboard.press("j")
    eve.keyboard.press("x")  # Low on the page: the bar appears above the row that is selected.
    assert eve.evaluate(IN_SIGHT, True)
    eve.locator("#bulk-status").select_option("pending")
    eve.locator(f'[href="/tickets/{many[8]}"]').focus()
    for number in range(12):
        eve.keyboard.press("j")
        assert eve.evaluate(IN_SIGHT, True), f"after j, {number}"
    for number in range(24):  # The box and the subject of twelve rows.
        eve.keyboard.press("Tab")
        assert eve.evaluate(IN_SIGHT, False), f"after Tab, {number}"
    for number in range(20):
        eve.keyboard.press("k")
        assert eve.evaluate(IN_SIGHT, True), f"after k, {number}"


def test_a_key_held_down_moves_without_delay(window, many):
    cleo = window()
    open_list(cleo)
    for _ in range(30):
        cleo.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }))")
    assert cleo.evaluate(IN_SIGHT, True)


def test_all_in_the_view_is_counted_and_goes_with_the_last_tick(window, many):
    cleo = window()
    open_list(cleo)
    bar = cleo.get_by_role("group", name="Change the selected tickets")
    first, third = (cleo.get_by_label(f"Select #{many[n]} ") for n in (0, 2))
    first.check()
    expect(bar.get_by_text("1 selected")).to_be_visible()
    every = bar.get_by_label(f"All {MORE_THAN_A_PAGE} in this view")
    every.check()
    expect(bar.get_by_text(f"{MORE_THAN_A_PAGE} selected")).to_be_visible()
    first.uncheck()
    expect(bar).to_be_hidden()
    third.check()
    expect(bar.get_by_text("1 selected")).to_be_visible()
    expect(every).not_to_be_checked()
    every.check()
    every.uncheck()
    expect(bar.get_by_text("1 selected")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_what_the_reason_of_pending_is_for_can_be_read(window, cast, width):
    number = builders.ticket(cast.ada).id
    cleo = window(width=width)
    open_list(cleo)
    cleo.get_by_label(f"Select #{number}").check()
    cleo.locator("#bulk-status").select_option("pending")
    assert cleo.get_by_label("What are they waiting for?").evaluate(CUT_OFF) <= 0


def test_a_list_that_empties_while_somebody_is_in_the_bar_follows_once_it_is_left(window, cast):
    made = builders.ticket(cast.ada, "The only one")
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=new")
    cleo.get_by_label(f"Select #{made.id}").check()
    cleo.locator("#bulk-priority").focus()
    cleo.mouse.move(5, 5)
    builders.act(tickets.set_status, db.session.get(Ticket, made.id), "resolved", by=cast.dan)
    expect(cleo.locator("[data-part=total]")).to_have_text("0 tickets")
    expect(cleo.get_by_role("row", name="The only one")).to_be_visible()
    cleo.keyboard.press("Tab")
    cleo.wait_for_timeout(700)
    expect(cleo.locator("#bulk-category")).to_be_focused()
    cleo.locator("h1").click()
    expect(cleo.get_by_text("Nothing here.")).to_be_visible()
