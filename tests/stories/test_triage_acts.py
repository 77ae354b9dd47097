"""A morning of an agent in real browsers: merging and bulk with second thoughts, and triage by the keyboard alone."""

import re
import time

import pytest
from playwright.sync_api import expect

from helpdesk.db import transactions
from helpdesk.tickets import merging, tickets
from jobs import bulk as job_loop
from models import BulkItem, Ticket, db
from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser


@pytest.fixture
def three(cast):
    return [builders.ticket(cast.ada, f"Number {n}").id for n in range(3)]


def rows(numbers, *names):
    db.session.rollback()
    db.session.expire_all()
    return [tuple(getattr(db.session.get(Ticket, number), name) for name in names) for number in numbers]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_two_tickets_are_merged_and_taken_apart_by_undo(window, cast, scripts):
    one, other = builders.ticket(cast.ada, "The printer"), builders.ticket(cast.ben, "Printer again")
    builders.reply(one, "Which floor is it on?", by=cast.cleo)
    cleo = window(scripts=scripts)
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto(f"/tickets/{one.id}")
    cleo.get_by_text("Spam, duplicate, merge").click()
    cleo.get_by_label("Merge into ticket number").fill(str(other.id))
    cleo.get_by_role("button", name="Merge").click()
    expect(cleo.get_by_text(f"Ben Adeyemi follows #{other.id} and will read everything")).to_be_visible()
    cleo.get_by_role("button", name="Merge").click()
    expect(cleo).to_have_url(re.compile(rf"/tickets/{other.id}$"))
    expect(cleo.get_by_text("Which floor is it on?")).to_be_visible()
    cleo.get_by_role("button", name="Undo").click()
    expect(cleo).to_have_url(re.compile(rf"/tickets/{one.id}$"))
    expect(cleo.get_by_text("Taken back. Nothing was mailed.")).to_be_visible()
    cleo.goto(f"/tickets/{other.id}")
    expect(cleo.get_by_text("Which floor is it on?")).to_have_count(0)
    assert rows([one.id], "status", "merged_into_id") == [("open", None)]


def test_an_open_page_of_the_merged_ticket_leads_on_by_itself_and_spares_who_is_writing(window, cast):
    one, other = builders.ticket(cast.ada, "The printer"), builders.ticket(cast.ben, "Printer again")
    reads, writes = window(), window()
    for page, email in ((reads, "dan@example.com"), (writes, "eve@example.com")):
        steps.sign_in(page, email)
        page.goto(f"/tickets/{one.id}")
    writes.get_by_label("Reply", exact=True).fill("Half a sentence")
    time.sleep(1)
    builders.act(merging.merge, one, other, by=cast.cleo, follow=False)
    expect(reads).to_have_url(re.compile(rf"/tickets/{other.id}$"))
    expect(writes.locator("#announcer")).to_have_text("This ticket was merged into another one.")
    expect(writes.get_by_label("Reply", exact=True)).to_have_value("Half a sentence")
    writes.get_by_role("button", name="Send reply").click()
    expect(writes.get_by_role("link", name=f"This ticket is part of #{other.id} now")).to_be_visible()
    expect(writes.get_by_label("Reply", exact=True)).to_have_value("Half a sentence")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_several_tickets_are_changed_at_once_and_taken_back(window, cast, three, scripts):
    cleo = window(scripts=scripts)
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=new&sort=age")
    bar = cleo.get_by_role("group", name="Change the selected tickets")
    expect(bar).to_be_hidden()
    for number in three[:2]:
        cleo.get_by_label(f"Select #{number}").check()
    expect(bar).to_be_visible()
    if scripts:
        expect(bar.get_by_text("2 selected")).to_be_visible()
    bar.get_by_label("Assign to").select_option(label="Dan Ruiz")
    bar.get_by_label("Priority").select_option(label="High")
    bar.get_by_role("button", name="Apply").click()
    expect(cleo.get_by_text("2 tickets are changed.")).to_be_visible()
    assert rows(three, "priority", "assignee_id") == [(3, cast.dan.id)] * 2 + [(2, None)]
    cleo.get_by_role("button", name="Undo").click()
    expect(cleo.get_by_text("2 tickets are as they were before.")).to_be_visible()
    assert rows(three, "priority", "assignee_id", "status") == [(2, None, "new")] * 3


def test_a_range_is_ticked_with_shift_and_stays_ticked_while_rows_change(window, cast, three):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=all&sort=age")
    cleo.get_by_label(f"Select #{three[0]}").click()
    cleo.get_by_label(f"Select #{three[2]}").click(modifiers=["Shift"])
    expect(cleo.get_by_text("3 selected")).to_be_visible()
    cleo.mouse.move(5, 5)
    builders.act(tickets.set_priority, db.session.get(Ticket, three[1]), "urgent", by=cast.dan)
    expect(cleo.locator(f'tr[data-ticket="{three[1]}"] .pr.urgent')).to_be_visible()
    expect(cleo.get_by_label(f"Select #{three[1]}")).to_be_checked()
    cleo.locator(".pick").first.uncheck()
    expect(cleo.get_by_text("2 selected")).to_be_visible()
    cleo.get_by_role("button", name="All on this page").click()
    expect(cleo.get_by_text("3 selected")).to_be_visible()


def test_a_long_change_shows_its_progress_until_it_is_done(window, cast, three):
    from helpdesk.bulk import jobs

    with transactions.writing():
        job = jobs._new({"delete": "1"}, db.session.merge(cast.eve), transactions.now())
        # Held back from the worker of the desk: it takes what is waiting, so the story lets it go by hand.
        job.state, job.total = "cancelled", 3
        db.session.add_all(BulkItem(job_id=job.id, ticket_id=number, state="waiting") for number in three)
        number = job.id
    eve = window()
    steps.sign_in(eve, "eve@example.com")
    eve.goto(f"/bulk/{number}")
    expect(eve.get_by_text("3 tickets were not reached.")).to_be_visible()
    with transactions.writing():
        db.session.get(type(job), number).state = "waiting"
    eve.reload()
    job_loop.work()
    expect(eve.get_by_text("3 tickets are changed.")).to_be_visible()
    expect(eve.get_by_role("progressbar")).to_have_count(0)
    eve.get_by_role("button", name="Take all of it back").click()
    expect(eve.get_by_text("3 tickets are as they were before.")).to_be_visible()


# ---- the keyboard


def test_a_queue_is_triaged_by_the_keyboard_alone(window, cast, three):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    key = cleo.keyboard.press
    key("g"), key("d")
    expect(cleo).to_have_url(re.compile("/dashboard"))
    key("g"), key("i")
    expect(cleo).to_have_url(re.compile("/triage"))
    cleo.goto("/triage?view=new&sort=age")
    key("j"), key("j")
    expect(cleo.locator(f'tr[data-ticket="{three[1]}"] .t')).to_be_focused()
    key("k"), key("k")
    expect(cleo.locator(f'tr[data-ticket="{three[0]}"] .t')).to_be_focused()
    key("x"), key("j"), key("x")
    expect(cleo.get_by_text("2 selected")).to_be_visible()
    key("a")
    expect(cleo.locator("#bulk-assignee")).to_be_focused()
    cleo.keyboard.type("Dan")
    key("Tab"), cleo.keyboard.type("Pend")
    key("Tab"), cleo.keyboard.type("ax and s and j are only letters here")
    key("Enter")
    expect(cleo.get_by_text("2 tickets are changed.")).to_be_visible()
    said = "ax and s and j are only letters here"
    assert rows(three, "assignee_id", "pending_reason") == [(cast.dan.id, said)] * 2 + [(None, None)]
    key("j"), key("Enter")
    expect(cleo).to_have_url(re.compile(rf"/tickets/{three[2]}$"))
    key("s")
    expect(cleo.get_by_label("Status", exact=True)).to_be_focused()
    cleo.locator("h1").click()
    key("n"), cleo.keyboard.type("A note")
    expect(cleo.get_by_label("Internal note", exact=True)).to_have_value("A note")
    cleo.locator("h1").click()
    key("r"), cleo.keyboard.type("A reply")
    expect(cleo.get_by_label("Reply", exact=True)).to_have_value("A reply")
    key("Tab"), key("Tab"), key("Enter")  # past "Attach files"
    steps.wait_for_success(cleo)
    key("c")
    expect(cleo.get_by_label("Subject")).to_be_visible()


def test_question_mark_lists_the_keys_and_gives_the_focus_back(window, cast, three):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=new&sort=age")
    cleo.keyboard.press("j")
    cleo.keyboard.press("?")
    dialog = cleo.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("Search tickets")).to_be_visible()
    cleo.keyboard.press("c")  # Nothing fires behind an open dialog.
    for _ in range(3):
        cleo.keyboard.press("Tab")
        inside = "!document.activeElement || document.activeElement === document.body"
        assert cleo.evaluate(f"() => {inside} || Boolean(document.activeElement.closest('#keys'))")
    cleo.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(cleo.locator(f'tr[data-ticket="{three[0]}"] .t')).to_be_focused()


def test_keys_that_were_switched_off_do_nothing_and_modifiers_belong_to_the_browser(window, cast, three):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=new&sort=age")
    cleo.keyboard.press("Control+c")
    cleo.keyboard.press("Alt+x")
    expect(cleo).to_have_url(re.compile("/triage"))
    cleo.goto("/profile")
    cleo.get_by_label("Single keys do things").uncheck()
    cleo.get_by_role("button", name="Save profile").click()
    steps.wait_for_success(cleo)
    cleo.keyboard.press("c")
    cleo.keyboard.press("?")
    cleo.keyboard.press("/")
    expect(cleo.get_by_role("dialog")).to_have_count(0)
    expect(cleo.get_by_label("Search tickets")).not_to_be_focused()
    expect(cleo).to_have_url(re.compile("/profile"))


def test_the_palette_leads_to_pages_views_and_tickets_opened_lately(window, cast, three):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto(f"/tickets/{three[0]}")
    steps.until_read(three[0], cast.cleo)
    cleo.get_by_label("Reply", exact=True).focus()
    cleo.keyboard.press("Control+k")
    field = cleo.get_by_role("combobox", name="Go to a page or a ticket")
    places = cleo.get_by_role("listbox").get_by_role("option")
    expect(field).to_be_focused()
    expect(cleo.get_by_role("option", name=f"#{three[0]} Number 0")).to_be_visible()
    cleo.keyboard.type("zzz")
    expect(cleo.get_by_text("Nothing of that name.")).to_be_visible()
    cleo.keyboard.press("Escape")
    expect(cleo.get_by_label("Reply", exact=True)).to_be_focused()
    cleo.keyboard.press("Control+k")
    cleo.keyboard.type("unas")
    expect(places).to_have_text(["Unassigned"])
    cleo.keyboard.press("Enter")
    expect(cleo).to_have_url(re.compile("view=unassigned"))
    cleo.keyboard.press("Control+k")
    cleo.keyboard.type(f"#{three[2]}")
    cleo.keyboard.press("Enter")
    expect(cleo).to_have_url(re.compile(rf"/tickets/{three[2]}$"))
    cleo.get_by_role("button", name="Cleo Hart").click()
    cleo.get_by_role("button", name="Go to").click()
    expect(places.first).to_have_attribute("aria-selected", "true")
    cleo.keyboard.press("ArrowDown")
    expect(places.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "place-1")
