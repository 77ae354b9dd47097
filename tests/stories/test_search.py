"""Finding a ticket again: with the keyboard alone, with scripts off, and on a phone."""

import pytest
from playwright.sync_api import expect

from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser


@pytest.fixture
def tickets(cast):
    builders.category("Hardware")
    made = builders.ticket(cast.ada, "Projector in room 5 flickers", "The café projector too.")
    builders.ticket(cast.ben, "Projector bulb", "Order one")
    return made


def offered(page):
    return page.get_by_role("listbox", name="What could come next").get_by_role("option")


def test_a_query_is_completed_and_sent_by_keyboard_alone(window, tickets):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.keyboard.press("/")
    box = cleo.get_by_role("combobox", name="Search tickets")
    expect(box).to_be_focused()
    cleo.keyboard.type("cafe sta")
    expect(offered(cleo).filter(has_text="status:")).to_be_visible()
    cleo.keyboard.press("ArrowDown")
    cleo.keyboard.press("Enter")
    expect(offered(cleo).filter(has_text="pending")).to_be_visible()
    cleo.keyboard.type("ne")
    expect(offered(cleo)).to_have_count(1)
    cleo.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "search-choice-0")
    cleo.keyboard.press("Enter")
    expect(box).to_have_value("cafe status:new ")
    cleo.keyboard.press("Enter")
    expect(cleo.get_by_role("link", name="Projector in room 5 flickers")).to_be_visible()
    expect(cleo.locator("mark").get_by_text("café")).to_be_visible()
    expect(cleo.get_by_role("link", name="Projector bulb")).to_have_count(0)


def test_the_shortcut_never_fires_while_somebody_types(window, tickets):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").press_sequentially("and/or")
    expect(ada.get_by_label("Subject")).to_have_value("and/or")
    expect(ada.get_by_label("Subject")).to_be_focused()


def test_escape_closes_what_is_offered_and_keeps_what_is_typed(window, tickets):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.get_by_label("Search tickets").press_sequentially("prio")
    expect(offered(ada)).to_have_count(1)
    ada.keyboard.press("Escape")
    expect(offered(ada)).to_have_count(0)
    expect(ada.get_by_label("Search tickets")).to_have_value("prio")


@pytest.mark.parametrize("width", [1280, 320])
def test_filters_work_without_scripts_on_any_screen(window, tickets, width):
    cleo = window(scripts=False, width=width)
    steps.sign_in(cleo, "cleo@example.com")
    cleo.get_by_label("Search tickets").fill("projector")
    cleo.get_by_label("Search tickets").press("Enter")
    expect(cleo.get_by_text("2 tickets")).to_be_visible()
    cleo.get_by_text("Filters", exact=True).click()
    cleo.locator("#filter-requester").fill("Ada")
    cleo.get_by_role("button", name="Apply filters").click()
    expect(cleo.get_by_label("Search tickets")).to_have_value("projector requester:ada")
    expect(cleo.get_by_text("1 ticket", exact=True)).to_be_visible()
    cleo.get_by_role("link", name="Show as a list in Triage").click()
    expect(cleo.get_by_role("link", name="Projector in room 5 flickers")).to_be_visible()
    assert cleo.evaluate("document.documentElement.scrollWidth") <= width


def test_while_a_subject_is_typed_own_tickets_that_look_the_same_are_offered(window, tickets):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").press_sequentially("projector flick")
    expect(ada.get_by_text("Is it this one?")).to_be_visible()
    ada.get_by_role("link", name="Projector in room 5 flickers").click()
    expect(ada.get_by_role("heading", level=1)).to_contain_text("Projector in room 5 flickers")


def test_similar_tickets_appear_beside_a_ticket(window, tickets, cast):
    later = builders.ticket(cast.ben, "Projector in room 5 flickers still", "x")
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto(f"/tickets/{later.id}")
    expect(cleo.get_by_role("heading", name="Similar tickets")).to_be_visible()
    expect(cleo.get_by_role("link", name=f"#{tickets.id} Projector in room 5 flickers")).to_be_visible()
