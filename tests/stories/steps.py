"""What people do in the desk, step by step, by the labels and roles they see."""

import re
import time

from models import ReadMark, db
from tests.support.cast import PASSWORD
from tests.support.servers.mailbox import text_of


def sign_in(page, email, password=PASSWORD):
    page.goto("/login")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="My tickets").wait_for()


def register(page, mailbox, name, email, password=PASSWORD):
    """Create an account and confirm it by the mailed link."""
    page.goto("/register")
    page.get_by_label("Full name").fill(name)
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Create account").click()
    page.get_by_text("mail").first.wait_for()
    link = re.search(r"http://\S+/confirm/\S+", text_of(mailbox.wait_for(email)[0])).group(0)
    page.goto(link)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def raise_ticket(page, subject, description):
    """Raise a ticket; returns its number."""
    page.get_by_role("link", name="Raise a ticket").first.click()
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Description").fill(description)
    page.get_by_role("button", name="Submit ticket").click()
    return number_of(page)


def number_of(page):
    page.wait_for_url(re.compile(r"/tickets/\d+"))
    return int(re.search(r"/tickets/(\d+)", page.url).group(1))


def until_read(number, person, seconds=5):
    """Wait until the desk has written down that they opened the ticket: it does so when the page is on its way."""
    until = time.monotonic() + seconds
    while db.session.get(ReadMark, (person.id, number)) is None:
        assert time.monotonic() < until, "the ticket still counts as never opened"
        time.sleep(0.02)
        db.session.rollback()


def wait_for_success(page):
    """Wait for the sentence that says what was done."""
    page.locator(".alert-success").wait_for()


def reply(page, text, button="Send reply"):
    if page.get_by_role("link", name="Write a reply").count():
        page.get_by_role("link", name="Write a reply").click()
    page.get_by_label("Reply", exact=True).fill(text)
    page.get_by_role("button", name=button).click()
    wait_for_success(page)


def note(page, text):
    page.get_by_text("Write an internal note", exact=True).click()
    page.get_by_label("Internal note", exact=True).fill(text)
    page.get_by_role("button", name="Add note").click()
    wait_for_success(page)


def set_facts(page, **facts):
    """Choose by label: set_facts(page, Status="Resolved")."""
    for label, value in facts.items():
        page.get_by_label(label, exact=True).select_option(label=value)
    page.get_by_role("button", name="Save changes").click()
    wait_for_success(page)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    wait_for_success(page)
