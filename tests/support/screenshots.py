"""Takes the pictures of docs/screenshots anew, of the demo company: `python -m tests.support.screenshots`."""

import os
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

import config
from tests.stories.conftest import QUIET
from tests.support import parts
from tests.support.servers.live import LiveDesk

FOLDER = config.HERE / "docs" / "screenshots"
AGENT, ASKS = "ines.carvalho@marlow-bikes.example", "joel.sandberg@marlow-bikes.example"
SHOTS = (
    ("sign-in", None, "/login"),
    ("triage", AGENT, "/triage?view=open"),
    ("ticket", AGENT, "/tickets/119"),
    ("dashboard", AGENT, "/dashboard"),
    ("raise", ASKS, "/tickets/new"),
    ("my-tickets", ASKS, "/tickets?show=finished"),
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        desk = LiveDesk(
            DATABASE_URL=f"sqlite:///{folder}/desk.db", SECRET_KEY="only for pictures" * 3, DESK_NAME="Marlow Bikes IT"
        )
        for chore in (("db", "upgrade"), ("demo",)):
            command = [sys.executable, "-m", "flask", "--app", "app", *chore]
            said = subprocess.run(command, cwd=config.HERE, env=desk.env, check=True, capture_output=True, text=True)
        password = next(line for line in said.stdout.splitlines() if line.startswith(AGENT)).split()[-1]
        try:
            desk.start_web()
            with sync_playwright() as playwright:
                take(
                    playwright.chromium.launch(executable_path=parts.chromium(), args=QUIET.split()), desk.url, password
                )
        finally:
            desk.stop()


def take(chromium, url, password):
    os.makedirs(FOLDER, exist_ok=True)
    for width, height, theme in ((1280, 860, "light"), (360, 780, "light"), (1280, 860, "dark")):
        pages = {}
        for name, email, address in SHOTS:
            if email not in pages:
                size = {"width": width, "height": height}
                context = chromium.new_context(base_url=url, viewport=size, color_scheme=theme)
                pages[email] = signed_in(context.new_page(), email, password)
            page = pages[email]
            page.goto(address)
            page.screenshot(path=FOLDER / f"{name}-{width}{'-dark' if theme == 'dark' else ''}.png")


def signed_in(page, email, password):
    if email:
        page.goto("/login")
        page.get_by_label("Email address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="My tickets").wait_for()
    return page


if __name__ == "__main__":
    main()
