"""Files in real browsers: pasted, dropped, chosen, by keyboard, without scripts, on a phone."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import expect

from models import Attachment, db
from tests.stories import steps
from tests.support import builders, files

pytestmark = pytest.mark.browser

# What a browser does with what lies on the clipboard or is dropped: the same event, with the files in it.
GIVE = """([kind, selector, sent]) => {
  const held = new DataTransfer();
  for (const [name, type, bytes] of sent) held.items.add(new File([new Uint8Array(bytes)], name, { type }));
  const place = document.querySelector(selector);
  const more = { bubbles: true, cancelable: true };
  if (kind === "paste") return place.dispatchEvent(new ClipboardEvent("paste", { clipboardData: held, ...more }));
  place.dispatchEvent(new DragEvent("dragover", { dataTransfer: held, ...more }));
  return place.dispatchEvent(new DragEvent("drop", { dataTransfer: held, ...more }));
}"""


GIVE_LARGE = """(size) => {
  const held = new DataTransfer();
  held.items.add(new File([new Uint8Array(size)], "big.bin"));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
}"""


def give(page, kind, selector, *sent):
    page.evaluate(GIVE, [kind, selector, [[name, type, list(content)] for name, type, content in sent]])


def chosen(name, content=b"all lines", type="text/plain"):
    return {"name": name, "mimeType": type, "buffer": content}


SCREEN = ("image.png", "image/png", files.picture(400, 300))
LOG = ("vpn.log", "text/plain", b"all lines")


@pytest.fixture
def ada(window, cast):
    page = window()
    steps.sign_in(page, "ada@example.com")
    return page


def rows():
    db.session.rollback()
    return db.session.query(Attachment).order_by(Attachment.id).all()


def test_a_screenshot_is_pasted_described_and_sent_and_seen_by_it_at_once(window, cast, ada):
    ada.goto("/tickets/new")
    ada.get_by_label("Subject").fill("The screen is red")
    ada.get_by_label("Description").fill("Look:")
    give(ada, "paste", "textarea", SCREEN)
    expect(ada.locator("[role=status]").get_by_text("is attached.")).to_be_attached()
    ada.get_by_label(re.compile("What does screenshot .*png show")).fill("A red screen")
    ada.get_by_role("button", name="Submit ticket").click()
    number = steps.number_of(ada)
    picture = ada.get_by_role("img", name="A red screen")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 400
    assert re.fullmatch(r"screenshot \d\d\.\d\d\.\d\d\.png", rows()[0].name)
    cleo = window()
    steps.sign_in(cleo, "cleo@example.com")
    cleo.goto(f"/tickets/{number}")
    give(ada, "paste", "#reply-body", SCREEN)
    ada.get_by_role("button", name=re.compile("^Remove screenshot")).wait_for()
    steps.reply(ada, "And another one")
    expect(cleo.locator(".pictures img")).to_have_count(2)


def test_files_are_dropped_anywhere_and_removed_before_sending(ada, cast):
    ada.goto(f"/tickets/{builders.ticket(cast.ada).id}")
    give(ada, "drop", "h1", LOG, SCREEN, ("setup.exe", "application/x-msdownload", files.EXE))
    expect(ada.locator(".wrong", has_text="setup.exe is refused")).to_be_visible()
    ada.get_by_role("button", name="Dismiss setup.exe").click()
    expect(ada.locator(".wrong")).to_have_count(0)
    expect(ada.locator("[data-remove]")).to_have_count(2)
    ada.get_by_role("button", name="Remove vpn.log").click()
    expect(ada.locator("[data-remove]")).to_have_count(1)
    # A tab that is closed loses nothing of it.
    ada.reload()
    expect(ada.locator(".attached")).to_have_count(1)
    steps.reply(ada, "One picture")
    expect(ada.locator(".pictures img")).to_have_count(1)
    expect(ada.locator(".attached")).to_have_count(0)


def wait_until(true, page):
    for _try in range(100):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("not within 5 seconds")


def test_everything_works_by_keyboard_alone(ada, cast):
    choosers = []
    ada.on("filechooser", lambda chooser: choosers.append(chooser))
    ada.goto(f"/tickets/{builders.ticket(cast.ada).id}")
    ada.get_by_label("Reply", exact=True).focus()
    ada.keyboard.type("By keyboard")
    ada.keyboard.press("Tab")
    assert ada.evaluate("document.activeElement.type") == "file"
    ada.keyboard.press("Enter")
    wait_until(lambda: choosers, ada)
    choosers[0].set_files([chosen("vpn.log"), chosen("red.png", files.picture(400, 300), "image/png")])
    expect(ada.locator("[data-remove]")).to_have_count(2)
    ada.get_by_role("button", name="Remove vpn.log").focus()
    ada.keyboard.press("Enter")
    expect(ada.locator("[data-remove]")).to_have_count(1)
    # The focus is not lost with the line it was in.
    assert "red.png" in ada.evaluate("document.activeElement.textContent")
    ada.get_by_label("What does red.png show?").focus()
    ada.keyboard.type("All red")
    ada.keyboard.press("Enter")
    assert "/reply" not in ada.url and len(rows()) == 2
    ada.get_by_role("button", name="Send reply").focus()
    ada.keyboard.press("Enter")
    steps.wait_for_success(ada)
    picture = ada.locator("a[data-large]")
    picture.focus()
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("dialog").get_by_role("img", name="All red")).to_be_visible()
    ada.keyboard.press("Escape")
    expect(ada.get_by_role("dialog")).to_have_count(0)
    expect(picture).to_be_focused()


def test_pictures_are_leafed_through_and_closed_beside_them(ada, cast):
    ticket = builders.ticket(cast.ada)
    for _number in range(2):
        builders.file(ticket)
    ada.goto(f"/tickets/{ticket.id}")
    ada.locator("a[data-large]").first.click()
    first = ada.locator("#large img").get_attribute("src")
    ada.keyboard.press("ArrowRight")
    assert ada.locator("#large img").get_attribute("src") != first
    ada.keyboard.press("ArrowLeft")
    assert ada.locator("#large img").get_attribute("src") == first
    ada.mouse.click(5, 5)
    expect(ada.locator("#large")).to_be_hidden()


def test_without_scripts_an_ordinary_field_does_it_all(window, cast):
    ada = window(scripts=False)
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    ada.get_by_label("Description").fill("No subject yet")
    ada.get_by_label("Attach files").set_input_files([chosen("vpn.log"), chosen("too.txt", b"much")])
    ada.get_by_role("button", name="Submit ticket").click()
    ada.get_by_text("Please use at least").or_(ada.get_by_text("Please fill in")).first.wait_for()
    ada.get_by_label("Send this file too.txt").uncheck()
    ada.get_by_label("Subject").fill("Now with a subject")
    ada.get_by_label("Attach files").set_input_files([chosen("red.png", files.picture(), "image/png")])
    ada.get_by_role("button", name="Submit ticket").click()
    steps.number_of(ada)
    expect(ada.get_by_role("link", name="vpn.log")).to_be_visible()
    expect(ada.get_by_text("too.txt")).to_have_count(0)
    ada.get_by_role("link", name="Picture red.png").click()
    expect(ada).to_have_url(re.compile(r"/tickets/\d+/files/\d+$"))
    assert ada.evaluate("document.images[0].naturalWidth") == 120


def test_a_form_that_is_sent_waits_for_its_files(window, cast, ada):
    ada.goto(f"/tickets/{builders.ticket(cast.ada).id}")
    ada.route("**/files", lambda route: (ada.wait_for_timeout(700), route.continue_()))
    ada.get_by_label("Reply", exact=True).fill("Sent too early")
    ada.locator("#reply-files").set_input_files([chosen("vpn.log")])
    ada.get_by_role("button", name="Send reply").click()
    steps.wait_for_success(ada)
    assert rows()[0].message_id is not None


def test_an_upload_is_cancelled_and_one_that_fails_says_so(ada, cast):
    ada.goto("/tickets/new")
    ada.route("**/files", lambda route: route.abort() if b"fails" in route.request.post_data_buffer else None)
    ada.locator("#files").set_input_files([chosen("fails.txt", b"fails"), chosen("hangs.txt")])
    expect(ada.locator(".wrong", has_text="fails.txt could not be sent.")).to_be_visible()
    ada.get_by_role("button", name="Cancel hangs.txt").click()
    expect(ada.locator(".attached", has_text="hangs.txt")).to_have_count(0)
    assert rows() == []


def test_too_large_and_too_many_are_told_before_anything_is_sent(ada, cast):
    asked = []
    ada.on("request", lambda request: asked.append(request.url) if request.url.endswith("/files") else None)
    ada.goto("/tickets/new")
    ada.evaluate(GIVE_LARGE, 26 * 1024 * 1024)
    expect(ada.locator(".wrong", has_text="big.bin is too large. A file can have at most 25 MB.")).to_be_visible()
    assert asked == []
    ada.locator("#files").set_input_files([chosen(f"{number}.txt", b"x") for number in range(11)])
    expect(ada.locator(".wrong", has_text="At most 10 files can be attached.")).to_be_visible()
    expect(ada.locator("[data-remove]")).to_have_count(10)


def test_all_files_are_downloaded_as_one_zip(ada, cast):
    ticket = builders.ticket(cast.ada)
    for name in ("one.txt", "two.txt"):
        builders.file(ticket, name, name.encode())
    ada.goto(f"/tickets/{ticket.id}")
    with ada.expect_download() as download:
        ada.get_by_role("link", name="Download all (2)").click()
    assert download.value.suggested_filename == f"ticket-{ticket.id}-files.zip"
    with zipfile.ZipFile(io.BytesIO(open(download.value.path(), "rb").read())) as archive:
        assert archive.read("two.txt") == b"two.txt"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg"])
def test_a_page_among_the_files_is_never_opened(ada, cast, name):
    ticket = builders.ticket(cast.ada)
    builders.file(ticket, name, files.HTML if name.endswith("html") else files.SVG)
    ada.goto(f"/tickets/{ticket.id}")
    with ada.expect_download() as download:
        ada.get_by_role("link", name=name).click()
    assert download.value.suggested_filename == name


def test_on_a_phone_nothing_is_wider_than_the_screen(window, cast):
    ada = window(width=320, has_touch=True, is_mobile=True)
    steps.sign_in(ada, "ada@example.com")
    ada.goto("/tickets/new")
    long = "a-very-long-name-without-any-blank-in-it-" * 4 + ".log"
    sent = [
        chosen(long),
        chosen("red.png", files.picture(1200, 300), "image/png"),
        chosen("x" * 60 + ".exe", files.EXE),
    ]
    ada.locator("#files").set_input_files(sent)
    expect(ada.locator("[data-remove]")).to_have_count(2)
    assert ada.evaluate("document.documentElement.scrollWidth") == 320
    ada.get_by_label("Subject").fill("From my phone")
    ada.get_by_label("Description").fill("See")
    ada.get_by_role("button", name="Submit ticket").tap()
    steps.number_of(ada)
    assert ada.evaluate("document.documentElement.scrollWidth") == 320
    ada.locator("a[data-large]").tap()
    expect(ada.locator("#large img")).to_be_visible()
    assert ada.evaluate("document.documentElement.scrollWidth") == 320
