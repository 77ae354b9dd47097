"""Two agents on one ticket see each other; bells, titles and pop-ups follow what happens, in every tab."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser

# Stands in for the browser's own pop-ups, which a test cannot see.
POPUPS = """
window.shown = [];
window.Notification = class {
  constructor(title, options) { window.shown.push([title, options.body]); }
  static permission = "granted";
  static requestPermission() { return Promise.resolve("granted"); }
};
"""
HIDE = "Object.defineProperty(document, 'hidden', {get: () => %s, configurable: true})"


def hide(page, hidden=True):
    """As if the tab went into the background, or came back."""
    page.evaluate(HIDE % str(hidden).lower())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def popped(*pages):
    return [popup for page in pages for popup in page.evaluate("window.shown")]


def bell(page):
    return page.locator(".bell")


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada, subject="The badge reader is dead")


def test_agents_see_who_looks_and_who_writes_and_who_is_gone(window, cast, ticket):
    ada, cleo, dan = window(), window(), window()
    for page, name in ((ada, "ada"), (cleo, "cleo"), (dan, "dan")):
        steps.sign_in(page, f"{name}@example.com")
        page.goto(f"/tickets/{ticket.id}")
    expect(cleo.locator(".present")).to_have_text("Dan is looking", timeout=3000)
    expect(dan.locator(".present")).to_have_text("Cleo is looking", timeout=3000)
    dan.get_by_label("Reply", exact=True).press_sequentially("We know")
    expect(cleo.locator(".present")).to_have_text("Dan is writing a reply", timeout=3000)
    assert "is looking" not in ada.content() and "is writing" not in ada.content()
    dan.get_by_label("Reply", exact=True).fill("")
    expect(cleo.locator(".present")).to_have_text("Dan is looking", timeout=3000)
    dan.goto("/triage")
    expect(cleo.locator(".present")).to_be_empty(timeout=3000)


def test_a_browser_that_dies_is_gone_within_half_a_minute(window, cast, ticket):
    cleo, dan = window(), window()
    for page, name in ((cleo, "cleo"), (dan, "dan")):
        steps.sign_in(page, f"{name}@example.com")
        page.goto(f"/tickets/{ticket.id}")
    expect(cleo.locator(".present")).to_have_text("Dan is looking", timeout=3000)
    dan.context.set_offline(True)
    died = time.monotonic()
    expect(cleo.locator(".present")).to_be_empty(timeout=30_000)
    assert time.monotonic() - died < 30


def test_a_second_tab_of_my_own_is_nobody_else_and_leaving_it_keeps_me_here(window, cast, ticket):
    cleo, dan = window(), window()
    for page, name in ((cleo, "cleo"), (dan, "dan")):
        steps.sign_in(page, f"{name}@example.com")
        page.goto(f"/tickets/{ticket.id}")
    second = dan.context.new_page()
    second.goto(f"/tickets/{ticket.id}")
    expect(dan.locator(".present")).to_have_text("Cleo is looking", timeout=3000)
    expect(second.locator(".present")).to_have_text("Cleo is looking", timeout=3000)
    second.close(run_before_unload=True)
    time.sleep(2)
    expect(cleo.locator(".present")).to_have_text("Dan is looking")


def test_the_bell_follows_in_every_tab_and_goes_out_once_the_ticket_is_read(window, cast, ticket):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/profile")
    other = ada.context.new_page()
    other.goto("/tickets")
    builders.reply(ticket, by=cast.cleo)
    for page in (ada, other):
        expect(bell(page)).to_have_accessible_name("Notifications, 1 unread", timeout=3000)
    bell(other).click()
    expect(other.get_by_text("Cleo Hart replied")).to_be_visible()
    other.get_by_role("link", name="The badge reader is dead").click()
    for page in (other, ada):
        expect(bell(page)).to_have_accessible_name("Notifications", timeout=3000)


def test_an_open_ticket_reads_its_news_only_while_it_is_looked_at(window, cast, ticket):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto(f"/tickets/{ticket.id}")
    hide(ada)
    builders.reply(ticket, "Answer in the background", by=cast.cleo)
    expect(ada.get_by_text("Answer in the background")).to_be_attached(timeout=8000)
    expect(bell(ada)).to_have_accessible_name("Notifications, 1 unread", timeout=3000)
    # The answer, and that the ticket is open now.
    expect(ada).to_have_title(re.compile(rf"^\(2\) #{ticket.id} The badge reader is dead"), timeout=3000)
    hide(ada, False)
    expect(bell(ada)).to_have_accessible_name("Notifications", timeout=3000)
    expect(ada).to_have_title(re.compile(rf"^#{ticket.id} The badge reader is dead"))


def test_a_browser_that_was_asked_shows_news_once_while_nobody_looks(window, cast, ticket):
    ada = window()
    ada.context.add_init_script(POPUPS)
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/profile")
    ada.get_by_role("button", name="Show notifications of this browser", exact=True).click()
    expect(ada.get_by_role("button", name="Stop showing notifications of this browser")).to_be_visible()
    ada.goto("/tickets")
    other = ada.context.new_page()
    other.goto("/tickets")
    hide(ada), hide(other)
    builders.reply(ticket, by=cast.cleo)
    expect(bell(ada)).to_have_accessible_name("Notifications, 1 unread", timeout=3000)
    time.sleep(1)
    assert popped(ada, other) == [[f"#{ticket.id} The badge reader is dead", "Cleo Hart replied"]]
    hide(other, False)
    builders.reply(ticket, "While somebody looks", by=cast.cleo)
    expect(bell(other)).to_have_accessible_name("Notifications, 2 unread", timeout=3000)
    time.sleep(1)
    assert len(popped(ada, other)) == 1
    other.goto("/profile")
    other.get_by_role("button", name="Stop showing notifications of this browser").click()
    hide(ada), hide(other)
    builders.reply(ticket, "After it was switched off", by=cast.cleo)
    expect(bell(ada)).to_have_accessible_name("Notifications, 3 unread", timeout=3000)
    time.sleep(1)
    assert len(popped(ada, other)) == 1


def test_with_scripts_off_everything_but_presence_is_there(window, cast, ticket):
    ada = window(scripts=False)
    steps.sign_in(ada, "ada@example.com")
    builders.reply(ticket, by=cast.cleo)
    ada.goto("/tickets")
    expect(bell(ada)).to_have_accessible_name("Notifications, 1 unread")
    bell(ada).click()
    ada.get_by_role("button", name="Mark all as read").click()
    expect(bell(ada)).to_have_accessible_name("Notifications")
    ada.goto("/profile")
    expect(ada.get_by_role("button", name="Show notifications of this browser")).to_have_count(0)
