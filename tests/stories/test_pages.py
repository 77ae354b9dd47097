"""Every page of the map as people meet it: accessible in both themes, valid for the W3C's checker, whole at 320 px."""

import json
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

from routes import ROUTES
from tests.stories import lived_in, steps
from tests.support import parts

pytestmark = pytest.mark.browser


@pytest.fixture
def addresses(cast):
    return lived_in.addresses(cast)


def pages_of(addresses):
    """Every address to look at. A page of the map that nobody thought of here is looked at under its own address."""
    found = [page for pages in addresses.values() for page in pages]
    for method, path, *_rest in ROUTES:
        if method == "GET" and path not in lived_in.NOT_PAGES and path not in addresses:
            assert "<" not in path, f"say in `addresses` what stands for the parts of {path}"
            found.append(path)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(window, addresses, theme):
    page = window(theme=theme, bypass_csp=True)
    steps.sign_in(page, "eve@example.com")
    found = []
    for address in pages_of(addresses):
        page.goto(address)
        for violation in Axe().run(page).response["violations"]:
            found.append((address, violation["id"], [node["html"][:200] for node in violation["nodes"][:3]]))
    assert not found, "\n".join(map(str, found))


def test_the_theme_of_the_profile_wins_over_the_system_and_paper_is_light(window, cast):
    page = window(theme="light")
    steps.sign_in(page, "eve@example.com")
    light = page.evaluate(COLOURS)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(COLOURS)
    assert not set(light) & set(dark)
    for theme, colours in (("dark", dark), ("light", light)):
        page.emulate_media(media="screen")
        page.goto("/profile")
        page.locator("[name=theme]").select_option(theme)
        page.get_by_role("button", name="Save profile").click()
        page.locator(f"html[data-bs-theme={theme}]").wait_for(state="attached")
        for system in ("light", "dark"):
            page.emulate_media(color_scheme=system, media="screen")
            assert page.evaluate(COLOURS) == colours, f"{theme} in the profile, {system} in the system"
            page.emulate_media(color_scheme=system, media="print")
            assert page.evaluate(COLOURS) == light, f"{theme} in the profile, {system} in the system, on paper"


def test_the_button_that_chooses_a_file_can_be_read_in_both_themes_of_the_system(window, cast):
    page = window(theme="light")
    steps.sign_in(page, "eve@example.com")
    page.goto("/imports")
    assert page.evaluate(FILE_BUTTON) == ["rgb(27, 36, 48)", "rgb(232, 242, 246)"]
    page.emulate_media(color_scheme="dark")
    page.reload()  # The change of its colours takes a moment.
    assert page.evaluate(FILE_BUTTON) == ["rgb(231, 235, 240)", "rgb(29, 44, 53)"]


# axe does not look at this part of a field.
FILE_BUTTON = """() => {
  const button = getComputedStyle(document.querySelector("input[type=file]"), "::file-selector-button");
  return [button.color, button.backgroundColor];
}"""
COLOURS = """() => [getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor,
  getComputedStyle(document.querySelector(".brand-mark")).backgroundColor]"""


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_every_page_fits_its_width(window, addresses, width):
    page = window(width=width)
    steps.sign_in(page, "eve@example.com")
    wide = []
    for address in pages_of(addresses):
        page.goto(address)
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            wide.append((address, needed))
    assert not wide, wide


def test_every_target_is_at_least_24_pixels(window, addresses):
    """WCAG 2.5.8: links in running text are excepted."""
    page = window()
    steps.sign_in(page, "eve@example.com")
    small = []
    for address in pages_of(addresses):
        page.goto(address)
        small += [(address, name) for name in page.evaluate(TOO_SMALL)]
    assert not small, small


TOO_SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
  .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.type !== "hidden")
  .filter(e => !e.closest("p, dd, .text, td, .skip, li, .msg-in") || e.tagName === "BUTTON")
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width > 0 && Math.min(box.height, box.width) < 23.5)
  .map(([e]) => e.outerHTML.slice(0, 120))"""


def test_the_w3c_checker_finds_nothing_on_any_page(window, addresses, tmp_path):
    if not parts.vnu_jar():
        pytest.fail("The W3C checker or Java is missing. `make check` fetches the one, apt-get the other.")
    page = window(scripts=False)
    steps.sign_in(page, "eve@example.com")
    names = {}
    for number, address in enumerate(pages_of(addresses)):
        answer = page.request.get(address)
        file = tmp_path / f"{number}.html"
        file.write_text(answer.text(), encoding="utf-8")
        names[file.name] = address
    command = ["java", "-Xss1024k", "-jar", parts.vnu_jar(), "--format", "json", "--exit-zero-always", str(tmp_path)]
    result = json.loads(subprocess.run(command, capture_output=True, text=True).stderr)
    found = [
        (names[message["url"].rsplit("/", 1)[1]], message["message"], message.get("extract", "")[:120])
        for message in result["messages"]
        if message["type"] != "info" or message.get("subType") == "warning"
    ]
    assert not found, "\n".join(map(str, found))
