"""Every page of the map as people meet it: accessible in both themes, valid for the W3C's checker, whole at 320 px."""

import json
import subprocess

import pytest
from axe_playwright_python.sync_playwright import Axe

from helpdesk import bulk, links, merging, messages, people, related, tags, tickets
from models import Delivery, db
from routes import ROUTES
from tests import builders, parts
from tests.stories import steps

pytestmark = pytest.mark.browser

# Not pages: machines ask for them, or they only lead on.
NOT_PAGES = {"/healthz", "/readyz", "/static/<path:filename>", "/bootstrap/<path:filename>", "/", "/setup"} | {
    "/notifications/count",
    "/search/completions",
    "/tickets/alike",
    "/tickets/<ticket>/presence",
    "/tickets/<ticket>/files",
    "/tickets/<ticket>/files/<file>",
    "/tickets/<ticket>/files/<file>/small",
    "/files/<upload>",
    "/files/<upload>/small",
    "/live",
    "/live/poll",
    "/palette",
    "/tags",
}
LONG = (
    "Everything about the meeting-room-booking-system-integration-with-the-calendar is broken again since Monday. " * 2
)


@pytest.fixture
def addresses(cast):
    """A lived-in desk, and for every page of the map the addresses that show it in its different states."""
    ticket = builders.ticket(cast.ada, category=builders.category())
    builders.act(tickets.take, ticket, by=cast.eve)
    builders.note(ticket, by=cast.eve)
    builders.reply(ticket, "Try `ipconfig`\n\n- one\n- two\n\n> quoted https://example.com", by=cast.eve)
    builders.reply(ticket, "It is still broken.", by=cast.ada)
    builders.act(tickets.set_status, ticket, "pending", reason="a part", by=cast.eve)
    builders.act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.eve)
    message = messages_of(ticket)[1]
    for name, content in (("screen.png", None), (f"{LONG}.log", b"lines"), ("other.log", b"lines")):
        builders.file(ticket, name, content)
        builders.file(ticket, name, content, message=message)
        for path in ("/tickets/new", f"/tickets/{ticket.id}/reply", f"/tickets/{ticket.id}/note"):
            builders.upload(cast.eve, path, name, content)
    builders.act(messages.correct, message, "Try `ip a`", by=cast.eve)
    long = builders.ticket(cast.eve, subject=LONG.strip()[:200], description=LONG * 5, priority="urgent")
    builders.act(tickets.set_status, long, "closed", by=cast.eve)
    gone = builders.ticket(cast.ben)
    builders.act(tickets.trash, gone, by=cast.eve)
    tokens = {p: builders.act(links.make, cast.ada, p) for p in ("confirm", "reset", "invitation", "address")}
    builders.act(people.set_role, cast.dan, "admin", by=cast.eve)
    delivery = db.session.query(Delivery).first()
    other, part = builders.ticket(cast.ben, subject="Calendar again"), builders.ticket(cast.ada, subject="Calendar")
    builders.act(tags.set_tags, other, ["calendar", "new starter"], by=cast.eve)
    builders.act(related.link, other, ticket, "blocked", by=cast.eve)
    builders.reply(part, "Besides, my chair squeaks.", by=cast.ada)
    wish = messages_of(part)[0]
    builders.act(merging.merge, builders.ticket(cast.ada, subject=LONG[:200]), other, by=cast.eve, follow=True)
    acts = {"assignee": str(cast.dan.id), "priority": "high"}
    done = builders.act(bulk.start_with, [long.id, gone.id, other.id], acts, by=cast.eve)
    return {
        "/tickets": ["/tickets", "/tickets?show=finished"],
        "/tickets/<ticket>": [
            f"/tickets/{ticket.id}",
            f"/tickets/{long.id}",
            f"/tickets/{gone.id}",
            f"/tickets/{other.id}",
        ],
        "/tickets/<ticket>/similar": [f"/tickets/{ticket.id}/similar", f"/tickets/{long.id}/similar"],
        "/tickets/<ticket>/edit": [f"/tickets/{ticket.id}/edit"],
        "/tickets/<ticket>/messages/<message>/edit": [f"/tickets/{ticket.id}/messages/{message.id}/edit"],
        "/triage": [
            "/triage?view=all",
            "/triage?view=new",
            "/triage?view=mine&sort=priority",
            "/triage?q=broken",
            "/triage?q=is:x",
        ],
        "/search": ["/search", "/search?q=broken+meeting", "/search?q=nowhere+status:open", "/search?q=status:opne"],
        "/tickets/<ticket>/merge": [f"/tickets/{part.id}/merge?into={other.id}", f"/tickets/{part.id}/merge?into=x"],
        "/tickets/<ticket>/messages/<message>/split": [f"/tickets/{part.id}/messages/{wish.id}/split"],
        "/bulk/<job>": [f"/bulk/{done.id}"],
        "/people": ["/people", "/people?q=nobody"],
        "/people/<person>": [f"/people/{cast.dan.id}", f"/people/{cast.zoe.id}"],
        "/mail": ["/mail", "/mail?state=failed"],
        "/mail/<delivery>": [f"/mail/{delivery.id}"],
        "/confirm/<string:token>": [f"/confirm/{tokens['confirm']}", "/confirm/worn-out"],
        "/reset/<string:token>": [f"/reset/{tokens['reset']}"],
        "/invitation/<string:token>": [f"/invitation/{tokens['invitation']}"],
        "/new-address/<string:token>": [f"/new-address/{tokens['address']}"],
        "an error page": ["/nothing-here"],
    }


def messages_of(ticket):
    from models import Message

    return db.session.query(Message).filter_by(ticket_id=ticket.id).order_by(Message.id).all()


def pages_of(addresses):
    """Every address to look at. A page of the map that nobody thought of here is looked at under its own address."""
    found = [page for pages in addresses.values() for page in pages]
    for method, path, *_rest in ROUTES:
        if method == "GET" and path not in NOT_PAGES and path not in addresses:
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
