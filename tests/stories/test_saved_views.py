"""The views that agents keep: made, arranged, shared, changed and removed, by the keyboard and without scripts."""

import pytest
from playwright.sync_api import expect

from helpdesk.lists import saved_views
from models import db
from tests.stories import steps
from tests.support import builders

pytestmark = pytest.mark.browser
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])


@pytest.fixture
def tickets(cast):
    builders.ticket(cast.ada, "VPN drops every hour")
    builders.ticket(cast.ben, "VPN asks for a certificate")
    builders.ticket(cast.ben, "Printer is out of paper")


def tab_to(page, wanted):
    """On with Tab, as far as it takes."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def sidebar(page):
    return page.get_by_role("navigation", name="Views").get_by_role("link")


def names(page):
    """The views beside the list in their order, without counts and the link to arrange them."""
    return sidebar(page).locator("bdi").all_text_contents()


def test_a_search_becomes_a_view_by_the_keyboard_alone_and_its_count_stays_true(window, cast, tickets):
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.keyboard.press("/")
    cleo.keyboard.type("vpn")
    cleo.keyboard.press("Enter")
    tab_to(cleo, cleo.get_by_role("link", name="Show as a list in Triage"))
    cleo.keyboard.press("Enter")
    tab_to(cleo, cleo.get_by_role("button", name="Save as view"))
    cleo.keyboard.press("Enter")
    cleo.keyboard.press("Tab")
    expect(cleo.get_by_label("Name", exact=True)).to_be_focused()
    cleo.keyboard.type("Tunnels")
    cleo.keyboard.press("Enter")
    expect(cleo.get_by_text("The view Tunnels is saved.")).to_be_visible()
    expect(cleo.get_by_role("heading", level=1)).to_have_text("Triage: Tunnels")
    view = sidebar(cleo).filter(has_text="Tunnels")
    expect(view).to_have_text("Tunnels 2")
    expect(view).to_have_attribute("aria-current", "page")
    expect(cleo.get_by_role("link", name="Printer is out of paper")).to_have_count(0)
    builders.ticket(cast.ada, "VPN again")
    expect(view).to_have_text("Tunnels 3")
    expect(cleo.get_by_role("link", name="VPN again")).to_be_visible()


def test_views_are_arranged_by_the_keyboard_alone(window, cast, tickets):
    builders.act(saved_views.save, "Tunnels", "vpn", by=cast.cleo)
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto("/triage")
    assert names(cleo)[-2:] == ["All", "Tunnels"]
    tab_to(cleo, cleo.get_by_role("link", name="Arrange views"))
    cleo.keyboard.press("Enter")
    tab_to(cleo, cleo.get_by_role("button", name="Move Tunnels up"))
    for _ in range(2):
        with cleo.expect_navigation():
            cleo.keyboard.press("Enter")
        # The page is another one now, yet Tab goes on at the view that was moved.
        cleo.keyboard.press("Tab"), cleo.keyboard.press("Tab")
        expect(cleo.get_by_role("button", name="Move Tunnels up")).to_be_focused()
    tab_to(cleo, cleo.get_by_role("button", name="Hide Pending"))
    cleo.keyboard.press("Enter")
    expect(cleo.get_by_text("status:pending · hidden")).to_be_visible()
    cleo.goto("/triage")
    shown = names(cleo)
    assert shown[-3:] == ["Tunnels", "Closed", "All"] and "Pending" not in shown
    cleo.goto("/views")
    tab_to(cleo, cleo.get_by_role("button", name="Show Pending"))
    cleo.keyboard.press("Enter")
    expect(cleo.get_by_role("button", name="Hide Pending")).to_be_visible()
    cleo.goto("/triage")
    assert "Pending" in names(cleo)


@BOTH
def test_an_admin_shares_changes_and_removes_a_view_and_every_agent_sees_it(window, cast, tickets, scripts):
    eve, dan = window(scripts=scripts), window(scripts=scripts, width=360)
    for page, email in ((eve, "eve@example.com"), (dan, "dan@example.com")):
        steps.sign_in(page, email)
    eve.goto("/triage?q=vpn")
    eve.get_by_role("button", name="Save as view").click()
    eve.get_by_label("Name", exact=True).fill("Tunnels")
    eve.get_by_label("For all agents").check()
    eve.get_by_role("button", name="Save view").click()
    expect(eve.get_by_text("The view Tunnels is saved.")).to_be_visible()

    dan.goto("/triage")
    sidebar(dan).filter(has_text="Tunnels").click()
    expect(dan.get_by_role("heading", level=1)).to_have_text("Triage: Tunnels")
    expect(dan.get_by_role("link", name="VPN drops every hour")).to_be_visible()
    dan.goto("/views")
    expect(dan.get_by_text("vpn · for all agents")).to_be_visible()
    expect(dan.get_by_role("link", name="Change Tunnels")).to_have_count(0)
    expect(dan.get_by_role("button", name="Remove Tunnels")).to_have_count(0)

    eve.goto("/views")
    eve.get_by_role("link", name="Change Tunnels").click()
    eve.get_by_label("Name", exact=True).fill("Paper")
    eve.get_by_label("Query").fill("status:nwe")
    eve.get_by_role("button", name="Save view").click()
    expect(eve.get_by_text("Did you mean").first).to_be_visible()
    expect(eve.get_by_label("Name", exact=True)).to_have_value("Paper")
    eve.get_by_label("Query").fill("paper")
    eve.get_by_role("button", name="Save view").click()
    expect(eve.get_by_text("The view Paper is changed.")).to_be_visible()
    dan.goto("/triage")
    if scripts:
        expect(sidebar(dan).filter(has_text="Paper")).to_have_text("Paper 1")
    sidebar(dan).filter(has_text="Paper").click()
    expect(sidebar(dan).filter(has_text="Paper")).to_have_text("Paper 1")
    dan.goto("/triage")

    eve.goto("/views")
    eve.get_by_role("button", name="Remove Paper", exact=True).click()
    expect(eve.get_by_text("Remove the view Paper for everybody?")).to_be_visible()
    eve.get_by_role("button", name="Remove Paper now").click()
    expect(eve.get_by_text("The view Paper is removed.")).to_be_visible()
    dan.reload()
    expect(sidebar(dan).filter(has_text="New")).to_be_visible()
    expect(sidebar(dan).filter(has_text="Paper")).to_have_count(0)
    assert db.session.query(saved_views.SavedView).count() == 0
