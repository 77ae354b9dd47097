"""Choosing the columns of a list in a browser, for once and for good, while the list stays live."""

import re

import pytest
from playwright.sync_api import expect

from helpdesk.tickets import tickets
from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada, "The VPN drops", category=builders.category("Network"))


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_columns_are_chosen_seen_kept_and_the_usual_ones_come_back(window, ticket, cast, scripts, width):
    cleo = window(scripts=scripts, width=width)
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage?view=new&sort=quiet")
    row = cleo.get_by_role("row", name="The VPN drops")
    expect(row).to_contain_text("Network")
    press(cleo, "Columns")
    cleo.get_by_role("checkbox", name="Category").uncheck()
    cleo.get_by_role("checkbox", name="Raised").check()
    press(cleo, "Show")
    expect(row).to_contain_text("Raised")
    expect(row).not_to_contain_text("Network")
    expect(cleo).to_have_url(re.compile("sort=quiet.*columns=ticket"))
    assert "csrf" not in cleo.url
    press(cleo, "Columns")
    press(cleo, "Keep for all my lists")
    expect(cleo.get_by_text("Your lists show these columns now.")).to_be_visible()
    cleo.goto("/triage?view=all")
    expect(row).not_to_contain_text("Network")
    press(cleo, "Columns")
    cleo.get_by_role("link", name="Usual columns").click()
    expect(row).to_contain_text("Network")


def test_an_open_list_keeps_its_columns_while_others_are_kept_for_all_lists(window, ticket, cast):
    cleo, elsewhere = window(), window()
    for page in (cleo, elsewhere):
        steps.sign_in(page, "cleo@example.com")
    cleo.goto("/triage?view=all")
    elsewhere.goto("/triage?view=all&columns=status")
    press(elsewhere, "Columns")
    press(elsewhere, "Keep for all my lists")
    expect(elsewhere.get_by_text("Your lists show these columns now.")).to_be_visible()
    cleo.mouse.move(5, 5)
    builders.act(tickets.take, ticket, by=cast.dan)
    for page, seen in ((cleo, True), (elsewhere, False)):
        row = page.get_by_role("row", name="The VPN drops")
        expect(row).to_contain_text("Open")
        expect(row.get_by_text("Dan Ruiz")).to_have_count(int(seen))
        expect(row.get_by_role("cell")).to_have_count(5 if seen else 3)
