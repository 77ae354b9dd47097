"""From an account to a closed ticket: the whole journey in real browsers, with scripts and without."""

import re

import pytest
from playwright.sync_api import expect

from tests.stories import steps
from tests.support.servers.mailbox import text_of

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_register_raise_take_note_answer_resolve_close_delete_restore(window, cast, mailbox, scripts):
    mia, cleo = window(scripts=scripts), window(scripts=scripts)
    steps.register(mia, mailbox, "Mia Novak", "mia@example.com")
    steps.sign_in(mia, "mia@example.com")
    number = steps.raise_ticket(mia, "VPN drops every ten minutes", "Since this morning's update 🙈")
    expect(mia.get_by_role("heading", level=1)).to_contain_text(f"#{number} VPN drops every ten minutes")
    received = mailbox.wait_for("mia@example.com", count=2)[-1]
    assert f"/tickets/{number}" in text_of(received) and f"#{number}" in received["Subject"]

    steps.sign_in(cleo, "cleo@example.com")
    cleo.get_by_role("link", name="Triage").click()
    cleo.get_by_role("link", name="VPN drops every ten minutes").click()
    steps.press(cleo, "Take it")
    steps.note(cleo, "Secret suspicion about the 5.2 client")
    expect(cleo.get_by_text("Secret suspicion")).to_be_visible()
    before = _what_mia_sees(mia, number)
    assert "Cleo Hart" in before and "Secret suspicion" not in before and "note" not in before.lower()

    mia.goto("/tickets")
    steps.reply(cleo, "We are rolling the update back.")
    answer = mailbox.wait_for("mia@example.com", count=3)[-1]
    assert "We are rolling the update back." in text_of(answer) and "Secret" not in answer.as_string()
    if not scripts:
        mia.reload()
    expect(mia.get_by_role("row", name="VPN drops every ten minutes")).to_contain_text("unread")
    mia.get_by_role("link", name="VPN drops every ten minutes").click()
    expect(mia.get_by_text("We are rolling the update back.")).to_be_visible()
    steps.reply(mia, "It works again, thank you.")

    cleo.reload()
    expect(cleo.get_by_text("It works again, thank you.")).to_be_visible()
    steps.set_facts(cleo, Status="Resolved")
    mia.reload()
    expect(mia.get_by_text("It closes by itself after 7 days")).to_be_visible()
    steps.press(mia, "My problem is solved")
    expect(mia.get_by_text("This ticket is closed.")).to_be_visible()
    assert "Secret" not in _what_mia_sees(mia, number)

    eve = window(scripts=scripts)
    steps.sign_in(eve, "eve@example.com")
    eve.goto(f"/tickets/{number}")
    steps.press(eve, "Delete ticket")
    assert mia.goto(f"/tickets/{number}").status == 404
    eve.goto("/trash")
    eve.get_by_role("link", name="VPN drops every ten minutes").click()
    steps.press(eve, "Restore")
    assert mia.goto(f"/tickets/{number}").status == 200
    expect(mia.get_by_text("We are rolling the update back.")).to_be_visible()


def _what_mia_sees(page, number):
    page.goto(f"/tickets/{number}")
    return page.content()


def test_a_form_sent_after_the_session_ended_comes_back_filled_after_signing_in(window, cast):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").fill("The badge reader is dead")
    ada.get_by_label("Description").fill("Door 4, since noon. A long story that must not be lost.")
    ada.context.clear_cookies()
    ada.get_by_role("button", name="Submit ticket").click()
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible()
    ada.get_by_label("Email address").fill("ada@example.com")
    ada.get_by_label("Password").fill("correct horse 9 battery")
    ada.get_by_role("button", name="Sign in").click()
    expect(ada.get_by_label("Subject")).to_have_value("The badge reader is dead")
    expect(ada.get_by_label("Description")).to_have_value(re.compile("must not be lost"))
    ada.get_by_role("button", name="Submit ticket").click()
    steps.number_of(ada)
    ada.goto("/tickets/new")
    expect(ada.get_by_label("Subject")).to_have_value("")


def test_the_whole_desk_can_be_used_by_keyboard_alone(window, cast):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets")
    ada.keyboard.press("Tab")
    expect(ada.get_by_role("link", name="Skip to the content")).to_be_focused()
    _tab_to(ada, "Raise a ticket")
    ada.keyboard.press("Enter")
    expect(ada.get_by_label("Subject")).to_be_focused()
    ada.keyboard.type("Keyboard only")
    ada.keyboard.press("Tab")
    ada.keyboard.type("No mouse at all")
    _tab_to(ada, "Submit ticket")
    ada.keyboard.press("Enter")
    number = steps.number_of(ada)
    expect(ada.get_by_role("heading", level=1)).to_contain_text(f"#{number} Keyboard only")
    _tab_to(ada, "Ada Okafor")
    ada.keyboard.press("Enter")
    _tab_to(ada, "Sign out")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible()


def _tab_to(page, name, most=40):
    """Press Tab until the element with this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.ariaLabel || document.activeElement.textContent.trim()")
        if focused == name:
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_two_clicks_on_submit_make_one_ticket(window, cast):
    ada = window()
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").fill("Clicked twice")
    ada.get_by_label("Description").fill("By a nervous finger")
    ada.get_by_role("button", name="Submit ticket").dblclick()
    steps.number_of(ada)
    ada.goto("/tickets")
    expect(ada.get_by_role("link", name="Clicked twice")).to_have_count(1)
