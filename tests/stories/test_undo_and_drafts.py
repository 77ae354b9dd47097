"""Second thoughts and interruptions in real browsers: taking back what was done, finding what was half-written."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.stories import steps
from tests.support import builders
from tests.support.cast import PASSWORD

pytestmark = pytest.mark.browser
UNDO_SECONDS = 10


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_a_reply_is_taken_back_before_its_mail_leaves(window, cast, mailbox, scripts):
    made = builders.ticket(cast.ada)
    ada, cleo = window(scripts=scripts), window(scripts=scripts)
    steps.sign_in(ada, "ada@example.com")
    steps.sign_in(cleo, "cleo@example.com")
    mailbox.wait_for("ada@example.com")
    cleo.goto(f"/tickets/{made.id}")
    started = time.monotonic()
    steps.reply(cleo, "Dear Ben, your new password is in the safe.")
    ada.goto(f"/tickets/{made.id}")
    expect(ada.get_by_text("Dear Ben")).to_be_visible()
    cleo.get_by_role("button", name="Undo").click()
    expect(cleo.get_by_text("Taken back. Nothing was mailed.")).to_be_visible()
    withdrawn = cleo.locator(".msg.withdrawn")
    expect(withdrawn).to_contain_text("Dear Ben")
    assert "line-through" in withdrawn.locator(".text").evaluate("text => getComputedStyle(text).textDecoration")
    if not scripts:
        ada.reload()
    expect(ada.get_by_text("Dear Ben")).to_have_count(0)
    expect(ada.get_by_text("Cleo Hart took back a reply")).to_be_visible()
    # What was written is there to go on with.
    expect(cleo.get_by_label("Reply", exact=True)).to_have_value("Dear Ben, your new password is in the safe.")
    time.sleep(max(0, started + UNDO_SECONDS + 3 - time.monotonic()))
    assert len(mailbox.sent_to("ada@example.com")) == 1


def test_deleting_a_ticket_is_taken_back_and_the_button_goes_when_its_time_is_over(window, cast):
    made = builders.ticket(cast.ada)
    eve = window()
    steps.sign_in(eve, "eve@example.com")
    eve.goto(f"/tickets/{made.id}")
    steps.press(eve, "Delete ticket")
    expect(eve.get_by_text("This ticket is in the trash")).to_be_visible()
    eve.get_by_role("button", name="Undo").click()
    expect(eve.get_by_text("This ticket is in the trash")).to_have_count(0)
    eve.get_by_label("Priority").select_option(label="Urgent")
    eve.get_by_role("button", name="Save changes").click()
    expect(eve.get_by_role("button", name="Undo")).to_be_visible()
    expect(eve.get_by_role("button", name="Undo")).to_have_count(0, timeout=(UNDO_SECONDS + 3) * 1000)
    expect(eve.get_by_text("The changes are saved.")).to_be_visible()


def test_a_draft_outlives_its_tab_and_is_there_in_another_browser_until_it_is_sent(window, cast):
    made = builders.ticket(cast.ada)
    laptop, phone = window(), window(width=360)
    for device in (laptop, phone):
        steps.sign_in(device, "ada@example.com")
    laptop.goto(f"/tickets/{made.id}")
    with laptop.expect_response("**/drafts") as saving:
        laptop.get_by_label("Reply", exact=True).press_sequentially("The lamp blinks ")
        expect(laptop.get_by_text("Draft saved")).to_be_visible()
    assert saving.value.status == 204
    # The last words, and at once the tab is gone: no pause in which they could have been saved.
    laptop.get_by_label("Reply", exact=True).press_sequentially("orange")
    laptop.close(run_before_unload=True)
    time.sleep(0.5)
    phone.goto(f"/tickets/{made.id}")
    expect(phone.get_by_label("Reply", exact=True)).to_have_value("The lamp blinks orange")
    expect(phone.get_by_text(re.compile(r"Draft of \d\d:\d\d"))).to_be_visible()
    phone.get_by_role("button", name="Send reply").click()
    steps.wait_for_success(phone)
    phone.goto(f"/tickets/{made.id}")
    expect(phone.locator(".msg").get_by_text("The lamp blinks orange")).to_be_visible()
    expect(phone.get_by_label("Reply", exact=True)).to_have_value("")


def test_long_words_in_one_tab_outlive_short_ones_that_another_tab_sends(window, cast):
    made = builders.ticket(cast.ada)
    one = window()
    steps.sign_in(one, "ada@example.com")
    two, words = one.context.new_page(), "The lamp above door 4 blinks orange." * 12
    for tab in (one, two):
        tab.goto(f"/tickets/{made.id}")
    one.get_by_label("Reply", exact=True).fill(words)
    expect(one.get_by_text("Draft saved")).to_be_visible()
    two.get_by_label("Reply", exact=True).fill("Thanks")
    two.get_by_role("button", name="Send reply").click()
    steps.wait_for_success(two)
    one.close(run_before_unload=True)
    two.goto(f"/tickets/{made.id}")
    expect(two.get_by_label("Reply", exact=True)).to_have_value(words)


def test_a_draft_of_a_new_ticket_outlives_signing_out_and_is_discarded_without_scripts(window, cast):
    ada, plain = window(), window(scripts=False)
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").fill("The badge reader")
    ada.get_by_label("Description").fill("Door 4")
    expect(ada.get_by_text("Draft saved")).to_be_visible()
    ada.context.clear_cookies()
    ada.goto("/tickets/new")
    ada.get_by_label("Email address").fill("ada@example.com")
    ada.get_by_label("Password").fill(PASSWORD)
    ada.get_by_role("button", name="Sign in").click()
    expect(ada.get_by_label("Subject")).to_have_value("The badge reader")
    expect(ada.get_by_label("Description")).to_have_value("Door 4")
    steps.sign_in(plain, "ada@example.com")
    plain.goto("/tickets/new")
    expect(plain.get_by_label("Subject")).to_have_value("The badge reader")
    plain.get_by_role("button", name="Discard draft").click()
    steps.wait_for_success(plain)
    expect(plain.get_by_label("Subject")).to_have_value("")


def test_nothing_is_saved_while_nothing_is_typed_and_sending_leaves_no_draft_behind(window, cast):
    made = builders.ticket(cast.ada)
    ada, saved = window(), []
    ada.on("request", lambda request: saved.append(request.url) if request.url.endswith("/drafts") else None)
    steps.sign_in(ada, "ada@example.com")
    ada.goto(f"/tickets/{made.id}")
    ada.get_by_label("Reply", exact=True).focus()
    time.sleep(1.3)
    ada.goto(f"/tickets/{made.id}")
    assert saved == []
    ada.get_by_label("Reply", exact=True).press_sequentially("Quick")
    ada.get_by_role("button", name="Send reply").click()
    steps.wait_for_success(ada)
    time.sleep(1.3)
    assert saved == []
    expect(ada.get_by_label("Reply", exact=True)).to_have_value("")


def test_what_is_being_typed_is_never_overwritten_by_another_device(window, cast):
    made = builders.ticket(cast.ada)
    one, two = window(), window()
    for device in (one, two):
        steps.sign_in(device, "ada@example.com")
        device.goto(f"/tickets/{made.id}")
    one.get_by_label("Reply", exact=True).fill("Words on the first")
    expect(one.get_by_text("Draft saved")).to_be_visible()
    two.get_by_label("Reply", exact=True).fill("Words on the second")
    expect(two.get_by_text("Draft saved")).to_be_visible()
    builders.reply(made, "An answer that makes both pages look", by=cast.cleo)
    for device, words in ((one, "Words on the first"), (two, "Words on the second")):
        expect(device.get_by_text("An answer that makes both pages look")).to_be_visible()
        expect(device.get_by_label("Reply", exact=True)).to_have_value(words)
    one.reload()
    expect(one.get_by_label("Reply", exact=True)).to_have_value("Words on the second")
