"""Real Chromium, a real desk in processes of its own, a real mailbox: what a story needs."""

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import SETTINGS
from tests.support import parts
from tests.support.servers.live import LiveDesk
from tests.support.servers.mailbox import Mailbox

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture(scope="session")
def mailbox():
    box = Mailbox().start()
    yield box
    box.stop()


@pytest.fixture(scope="session")
def live(_desk, database_url, files_dir, mailbox):
    """The desk as it runs in production, on the suite's database, sending to the mailbox."""
    desk = LiveDesk(
        DATABASE_URL=database_url,
        FILES_DIR=files_dir,
        SECRET_KEY=SETTINGS["SECRET_KEY"],
        APP_ENV="development",
        REGISTRATION="open",
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=str(mailbox.port),
        WEB_WORKERS="2",
        WEB_THREADS="4",
    ).start()
    yield desk
    desk.stop()


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        if not parts.chromium():
            pytest.fail(
                "Chromium is missing. Install it (Debian: apt-get install chromium); .ci/run does it by itself."
            )
        browser = playwright.chromium.launch(executable_path=parts.chromium(), args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def window(app, live, chromium, mailbox):
    """Open a browser window of its own: window(scripts=False, width=360). It fails the test on a script error."""
    mailbox.messages.clear()
    opened, errors = [], []

    def open_window(*, scripts=True, width=1280, theme="light", **options):
        context = chromium.new_context(
            base_url=live.url,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            **options,
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" and _ours(line) else None)
        opened.append(context)
        return page

    yield open_window
    for context in opened:
        context.close()
    assert not errors, errors


def _ours(line):
    """Told on the console too, and no script error: a page that answers 4xx on purpose, and that Chromium may not
    style a picture that is opened alone, since its policy allows nothing at all.
    """
    return "Failed to load resource" not in line.text and "/files/" not in line.location["url"]
