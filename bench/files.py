"""Measures uploads on this machine: what twenty large files at once cost the desk, and what others notice of them.

    .venv/bin/python bench/files.py                      SQLite; other servers by TEST_DATABASE_URL, as for the tests
    .venv/bin/python bench/files.py --kind picture       photos, which are drawn anew, instead of archives

It makes a database and a folder of its own and removes them. Only this machine is asked.
"""

import argparse
import http.client
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image  # noqa: E402
from flask_migrate import upgrade  # noqa: E402

import config  # noqa: E402
from app import create_app  # noqa: E402
from bench.crowd import ms, p  # noqa: E402
from helpdesk.db import transactions  # noqa: E402
from models import Attachment, db  # noqa: E402
from tests.conftest import SETTINGS  # noqa: E402
from tests.support import builders  # noqa: E402
from tests.support.browser import Browser  # noqa: E402
from tests.support.cast import person  # noqa: E402
from tests.support.databases import empty_database  # noqa: E402
from tests.support.files import picture  # noqa: E402
from tests.support.servers.listener import cookie_of  # noqa: E402
from tests.support.servers.live import LiveDesk  # noqa: E402

UPLOADS, SIZE, PAGES = 20, 25_000_000, 200


def main():
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--kind", choices=["archive", "picture"], default="archive")
    kind = given.parse_args().kind
    with empty_database() as url, tempfile.TemporaryDirectory() as folder:
        settings = SETTINGS | {"DATABASE_URL": url, "FILES_DIR": f"{folder}/files"}
        app = create_app(settings)
        logging.disable(logging.INFO)
        with app.app_context():
            upgrade(directory=str(config.HERE / "migrations"))
            desk = LiveDesk(**settings, WEB_WORKERS="2")
            desk.start_web()
            try:
                measure(app, desk, content(kind), folder)
            finally:
                desk.stop()


def content(kind):
    """25 MB: noise, which no machine can make smaller; as a photo it has 48 million pixels."""
    if kind == "archive":
        return b"\x1f\x8b" + os.urandom(SIZE - 2)
    made = io.BytesIO()
    Image.effect_noise((8000, 6000), 60).convert("RGB").save(made, "JPEG", quality=76)
    return made.getvalue()


def measure(app, desk, body, folder):
    with transactions.writing():
        people = [person(f"Sender{number} Bench", "user") for number in range(UPLOADS)]
        agent = person("Agent Bench", "agent")
    for number in range(100):
        builders.ticket(people[number % UPLOADS], f"Ticket {number}")
    Path(folder, "body").write_bytes(body)
    signed = [_signed_in(app, who) for who in people]
    cookie = cookie_of(app, agent)
    fetch_pages(desk, cookie, 60)
    quiet = fetch_pages(desk, cookie, PAGES)
    _warm_up(desk, folder, signed)
    sender = _sender(desk, folder, signed)
    watch, started = Watch(desk.web.pid), time.monotonic()
    sender.stdin.write("go\n")
    sender.stdin.flush()
    busy = fetch_pages(desk, cookie, PAGES, until=lambda: sender.poll() is not None)
    seconds, peaks = time.monotonic() - started, watch.end()
    statuses = sender.stdout.read().split()
    db.session.rollback()
    kept = db.session.query(Attachment).filter(Attachment.size > 10**6).count()
    show(len(body), statuses, kept, seconds, peaks, quiet, busy)


def _signed_in(app, who):
    browser = Browser(app).sign_in(who)
    token = browser.token()
    return browser.client.get_cookie("desk").value, token


def _warm_up(desk, folder, signed):
    """Small uploads first, so that what both processes load once is not taken for what large ones cost."""
    Path(folder, "body").rename(f"{folder}/later")
    Path(folder, "body").write_bytes(picture())
    sender = _sender(desk, folder, signed)
    print("warmed up:", sender.communicate("go\n")[0].strip())
    Path(folder, "later").rename(f"{folder}/body")


def _sender(desk, folder, signed):
    """The uploads come from a process of their own, so that what is measured is the desk."""
    command = [sys.executable, str(Path(__file__).with_name("send_files.py")), str(desk.port), f"{folder}/body"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write("".join(f"{cookie} {token}\n" for cookie, token in signed) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def fetch_pages(desk, cookie, count, until=None):
    """How long the triage page took each time; at least `count` times, and until `until` holds."""
    times = []
    line = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=60)
    while len(times) < count and until is None or until is not None and not until():
        started = time.monotonic()
        line.request("GET", "/triage", headers={"Cookie": f"desk={cookie}"})
        assert line.getresponse().read() is not None
        times.append(time.monotonic() - started)
        time.sleep(0.02)
    return times


class Watch:
    """How much memory the desk's processes hold, 50 times a second: gunicorn's, and those that draw pictures."""

    def __init__(self, number):
        self.number, self.stopped = number, threading.Event()
        self.before = _memory(number)[0]
        self.serving = self.drawing = 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.stopped.wait(0.02):
            serving, drawing = _memory(self.number)
            self.serving = max(self.serving, serving - self.before)
            self.drawing = max(self.drawing, drawing)

    def end(self):
        self.stopped.set()
        self.thread.join()
        return self.serving, self.drawing


def _memory(number):
    """Bytes of the machine's memory that gunicorn and its workers hold, and what is held by those they start."""
    workers = _children(number)
    return sum(map(_resident_bytes, [number, *workers])), sum(
        map(_resident_bytes, [one for worker in workers for one in _children(worker)])
    )


def _children(number):
    found = []
    try:
        for task in Path(f"/proc/{number}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def _resident_bytes(number):
    try:
        return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * 4096
    except (FileNotFoundError, ProcessLookupError):
        return 0


def show(size, statuses, kept, seconds, peaks, quiet, busy):
    served, drew = (f"{peak / 2**20:.0f} MB" for peak in peaks)
    times = f"{ms(quiet)}, {ms(busy)}: {p(busy, 0.95) / p(quiet, 0.95):.2f}"
    print(f"{UPLOADS} uploads of {size / 1e6:.1f} MB: {statuses.count('201')} taken, {kept} kept, in {seconds:.1f} s")
    print("| what | target | measured |")
    print("|---|---|---|")
    print(f"| the desk's memory grows by | 32 MB | {served} |")
    print(f"| and beside it, for drawing pictures | stated | {drew} |")
    print(f"| a page, p95 without and beside them | 2 times | {times} |")
    print(f"| a page, p50 without and beside them | | {ms(quiet, 0.5)}, {ms(busy, 0.5)} ({len(busy)} pages) |")


if __name__ == "__main__":
    main()
