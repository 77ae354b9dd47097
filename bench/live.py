"""Measures live news on this machine: how soon a change is seen, what streams cost, how a stop and a reload go.

    .venv/bin/python bench/live.py                       SQLite; other servers by TEST_DATABASE_URL, as for the tests
    .venv/bin/python bench/live.py --only seen           one part: seen, pages, many, stop, reload

It makes a database of its own and removes it. Only this machine is asked.
"""

import argparse
import http.client
import os
import re
import resource
import signal
import statistics
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

import config  # noqa: E402
from app import create_app  # noqa: E402
from bench.crowd import SHOWING, Crowd, be_a_crowd, fetch, ms, p  # noqa: E402
from helpdesk.db import transactions  # noqa: E402
from helpdesk.tickets import tickets  # noqa: E402
from models import db  # noqa: E402
from tests.conftest import SETTINGS  # noqa: E402
from tests.integrations.operations.test_run import parents  # noqa: E402
from tests.support import parts  # noqa: E402
from tests.support.builders import act  # noqa: E402
from tests.support.cast import person  # noqa: E402
from tests.support.databases import empty_database  # noqa: E402
from tests.support.servers.listener import Audience, cookie_of  # noqa: E402
from tests.support.servers.live import LiveDesk  # noqa: E402

PEOPLE, TICKETS = 200, 300
STREAMS, CHANGES, PAGES = 500, 60, 200
QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


class Bench:
    """A filled desk and its people, ready to be started with one number of streams or another."""

    def __init__(self, app, url):
        self.app, self.url = app, url
        with transactions.writing():
            self.agents = [person(f"Agent{number} Bench", "agent") for number in range(PEOPLE)]
        for number in range(TICKETS):
            act(tickets.raise_ticket, by=self.agents[number % PEOPLE], subject=f"Ticket {number}", description="Words")
        self.cookies = [cookie_of(app, agent) for agent in self.agents]

    def desk(self, streams=300):
        made = LiveDesk(**SETTINGS | {"DATABASE_URL": self.url, "WEB_WORKERS": "2", "LIVE_STREAMS": str(streams)})
        made.start_web()
        return made

    def crowd(self, desk, count, stay=120):
        """Streams held by another process, so that this one measures undisturbed."""
        crowd = Crowd(desk, self.cookies, count, stay)
        crowd.wait_until_open()
        return crowd


# ---- a change is seen in another browser


def seen(bench):
    desk = bench.desk()
    crowd = bench.crowd(desk, STREAMS)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=parts.chromium(), args=QUIET.split())
            context = browser.new_context(base_url=desk.url)
            context.add_cookies([{"name": "desk", "value": bench.cookies[-1], "url": desk.url}])
            page = context.new_page()
            page.goto("/triage?view=all")
            page.evaluate(WATCH)
            time.sleep(2)
            took = [_one_change(bench, desk, page, number) for number in range(CHANGES)]
            browser.close()
    finally:
        crowd.end()
        desk.stop()
    lost = took.count(None)
    took = [one for one in took if one is not None]
    opened = crowd.opened.split()[0]
    print(
        f"seen     {opened} streams, {SHOWING} fetch the list; {len(took)} changes, {lost} not seen in 5 s:"
        f" p50 {ms(took, 0.5)}, p95 {ms(took)}"
    )


# Notes when a row appears, by the browser's own clock, which is the machine's.
WATCH = """() => {
  window.changes = {};
  new MutationObserver(() => {
    const rows = document.querySelectorAll("tr[data-ticket] .t");
    for (const row of rows) window.changes[row.textContent.trim()] ??= Date.now() / 1000;
  }).observe(document.body, {subtree: true, childList: true});
}"""


def _one_change(bench, desk, page, number):
    """An agent raises a ticket through the desk itself; returns the seconds from sending it to seeing it."""
    subject = f"Changed {number} at {time.time()}"
    line = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=15)
    cookie = bench.cookies[number % 10]
    token = _token(line, cookie)
    began = time.time()
    fields = {"subject": subject, "description": "Words", "type": "incident", "priority": "normal", "category": ""}
    body = urlencode(fields | {"csrf_token": token})
    line.request("POST", "/tickets/new", body, _headers(cookie))
    answer = line.getresponse()
    answer.read()
    assert answer.status == 303, answer.status
    line.close()
    for _try in range(250):
        at = page.evaluate("subject => window.changes[subject]", subject)
        if at:
            time.sleep(0.55)
            return at - began
        time.sleep(0.02)
    return None


def _token(line, cookie):
    line.request("GET", "/tickets/new", headers={"Cookie": f"desk={cookie}"})
    answer = line.getresponse()
    page = answer.read().decode()
    fresh = re.search(r"desk=([^;]+)", answer.headers.get("Set-Cookie", ""))
    _SESSIONS[cookie] = fresh.group(1) if fresh else _SESSIONS.get(cookie, cookie)
    return re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)


_SESSIONS: dict[str, str] = {}


def _headers(cookie):
    return {"Cookie": f"desk={_SESSIONS[cookie]}", "Content-Type": "application/x-www-form-urlencoded"}


# ---- pages beside streams


def pages(bench):
    desk = bench.desk()
    without = _page_times(bench, desk)
    crowd = bench.crowd(desk, STREAMS)
    time.sleep(1)
    beside = _page_times(bench, desk)
    crowd.end()
    desk.stop()
    ratio = p(beside, 0.95) / p(without, 0.95)
    streams = crowd.opened.split()[0]
    print(f"pages    p95 {ms(without)} without, {ms(beside)} beside {streams} streams: {ratio:.2f} times")


def _page_times(bench, desk):
    line = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=15)
    for _warm in range(20):
        fetch(desk.port, "/triage?view=all", bench.cookies[0], line)
    return [fetch(desk.port, "/triage?view=all", bench.cookies[0], line) for _ in range(PAGES)]


# ---- two thousand


def many(bench):
    for share in (300, 1010):
        desk = bench.desk(share)
        before = _memory(desk)
        crowd = bench.crowd(desk, 2000)
        opened, refused, other = map(int, crowd.opened.split())
        grown = (_memory(desk) - before) / max(opened, 1)
        took = [fetch(desk.port, "/live/poll?since=1", bench.cookies[i % PEOPLE]) for i in range(50)]
        print(
            f"many     2000 asked with LIVE_STREAMS={share}: {opened} streams, {refused} told to poll, {other} failed;"
            f" {grown:.0f} KB a stream; a poll takes {ms(took)} (p95)"
        )
        crowd.end()
        desk.stop()


def _memory(desk):
    """What the web processes hold in memory, in KB."""
    workers = [pid for pid, parent in parents().items() if parent == desk.web.pid]
    found = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in workers]
    return sum(int(one.group(1)) for one in found if one)


# ---- stopping and reloading


def stop(bench):
    took = []
    for _again in range(3):
        desk = bench.desk()
        crowd = bench.crowd(desk, STREAMS)
        workers = {pid for pid, parent in parents().items() if parent == desk.web.pid}
        began = time.monotonic()
        os.kill(desk.web.pid, signal.SIGTERM)
        while workers & parents().keys() and time.monotonic() - began < 15:
            time.sleep(0.02)
        took.append(time.monotonic() - began)
        crowd.end()
        desk.stop()
    middle = statistics.median(took)
    print(
        f"stop     {crowd.opened.split()[0]} streams: workers gone after {min(took):.2f} s best, {middle:.2f} s median"
    )


def reload(bench):
    desk = bench.desk()
    audience, failed, done, over = Audience(), [], [], threading.Event()

    def load(cookie):
        line = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=15)
        while not over.is_set():
            try:
                done.append(fetch(desk.port, "/tickets", cookie, line))
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                line.close()  # Browsers too open another where a kept connection was closed, and ask again.
            except Exception as error:
                failed.append(repr(error))
                line.close()

    loads = [threading.Thread(target=load, args=(cookie,)) for cookie in bench.cookies[:4]]
    listening = [audience.open(desk.port, cookie) for cookie in bench.cookies]
    audience.wait(lambda: all(one.is_open for one in listening), 10)
    for one in loads:
        one.start()
    time.sleep(1)
    os.kill(desk.web.pid, signal.SIGHUP)
    back = _come_back(audience, desk, bench.cookies, listening)
    over.set()
    for one in loads:
        one.join()
    desk.stop()
    print(
        f"reload   {len(done)} pages, {len(failed)} failed; {len(back)} of {len(listening)} streams back after"
        f" {statistics.median(back):.2f} s median, {max(back):.2f} s longest {failed[:2] or ''}"
    )


def _come_back(audience, desk, cookies, listening):
    """Every stream that ends comes again after the time it was told; seconds from its end until it stands."""
    back, waiting = [], {}
    standing = dict(zip(listening, cookies))
    end = time.monotonic() + 20
    while len(back) < len(cookies) and time.monotonic() < end:
        audience.wait(seconds=0.02)
        now = time.monotonic()
        for one in [one for one in standing if one.ended]:
            pause = int(re.search(rb"retry: (\d+)", one.raw).group(1)) / 1000
            since = getattr(one, "since", now)
            waiting[one] = (now + pause, since, standing.pop(one))
        for one, (due, since, cookie) in list(waiting.items()):
            if now >= due:
                again = audience.open(desk.port, cookie)
                again.since = since
                standing[again] = cookie
                del waiting[one]
        for one in [one for one in standing if one.is_open and hasattr(one, "since")]:
            back.append(now - one.since)
            standing.pop(one)
    return back


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("--only", default="seen,pages,many,stop,reload")
    asked.add_argument("--crowd", nargs=4, type=int)
    given = asked.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(16384, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    if given.crowd:
        return be_a_crowd(*given.crowd)
    with empty_database() as url:
        app = create_app(SETTINGS | {"DATABASE_URL": url})
        with app.app_context():
            upgrade(directory=str(config.HERE / "migrations"))
            bench = Bench(app, url)
            date, load = time.strftime("%Y-%m-%d"), os.getloadavg()[0]
            print(f"{date} on {db.engine.dialect.name}, {os.cpu_count()} cores, load {load:.1f}")
            db.session.remove()
            for part in given.only.split(","):
                {"seen": seen, "pages": pages, "many": many, "stop": stop, "reload": reload}[part](bench)
                sys.stdout.flush()
            db.engine.dispose()


if __name__ == "__main__":
    main()
