"""kill -9 of web and worker while tickets are posted: what was acknowledged is there once, what is owed arrives."""

import http.client
import itertools
import os
import random
import re
import secrets
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from models import Delivery, Event, Ticket, db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc, parents
from tests.support.browser import Browser
from tests.support.cast import person
from tests.support.servers.live import LiveDesk
from tests.support.servers.mailbox import Mailbox

pytestmark = [pytest.mark.soak, needs_proc]

# How often a part of the desk is killed, and how many people post meanwhile, each about once in PAUSE seconds.
KILLS = int(os.environ.get("KILLS") or 50)
POSTERS, PAUSE = 8, 1.0
DICE = random.Random(500)


def test_kills_lose_no_ticket_and_no_mail(app, database_url):
    with transactions.writing():
        names = [f"Poster{number} Soak" for number in range(POSTERS)]
        posters = [person(name, "user") for name in names]
        people.add("Cleo Hart", "cleo@example.com", role="agent", wants_every_new=True)
    mailbox = Mailbox().start()
    desk = LiveDesk(
        **SETTINGS | {"DATABASE_URL": database_url, "WEB_WORKERS": "2", "WEB_THREADS": "4", "LIMIT_RAISE": "0"},
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=str(mailbox.port),
    )
    cookies = [Browser(app).sign_in(poster).client.get_cookie("desk").value for poster in posters]
    db.session.rollback()
    try:
        desk.start()
        killer = Killer(desk)
        began = time.monotonic()
        with ThreadPoolExecutor(POSTERS) as pool:
            work = [pool.submit(post_tickets, desk, cookie, number, killer) for number, cookie in enumerate(cookies)]
            killer.run()
            outcomes = [one.result() for one in work]
        took = time.monotonic() - began
        waited = wait_until_all_is_sent(mailbox)
    finally:
        desk.stop()
        mailbox.stop()
    check(outcomes, mailbox)
    report(outcomes, mailbox, killer.kills, took, waited)


def report(outcomes, mailbox, kills, took, waited):
    arrived = Counter(mail["Message-ID"] for mail in mailbox.messages)
    twice = sum(count > 1 for count in arrived.values())
    parts = ", ".join(f"{count} x {part}" for part, count in sorted(kills.items()))
    print(f"\n{time.strftime('%Y-%m-%d')} on {db.engine.dialect.name}, with {kills.total()} kills ({parts}):")
    tickets = sum(len(found) for found, _again in outcomes)
    print(f"{tickets} tickets in {took:.0f} s, {sum(again for _found, again in outcomes)} posts tried again.")
    print(f"All {tickets} are there once. {len(arrived)} of {2 * tickets} mails arrived, {twice} of them twice,")
    print(f"the last one {waited:.0f} s after the last post.")


class Killer:
    """Kills a part of the desk about once a second, and starts again what does not come back by itself."""

    def __init__(self, desk):
        self.desk, self.kills, self.over = desk, Counter(), threading.Event()

    def run(self):
        acts = [self.web_worker, self.web_worker, self.web_master, self.web_group, self.worker, self.worker]
        try:
            while self.kills.total() < KILLS and not self.over.wait(DICE.uniform(0.3, 1.2)):
                act = DICE.choice(acts)
                self.kills[act.__name__] += act()
        finally:
            self.over.set()

    def web_worker(self):
        """gunicorn's master starts a new one by itself. Just after a start there may be none yet."""
        workers = [pid for pid, parent in parents().items() if parent == self.desk.web.pid]
        if workers:
            os.kill(DICE.choice(workers), signal.SIGKILL)
        return bool(workers)

    def web_master(self):
        """Its orphans notice within a second and let go of the port."""
        os.kill(self.desk.web.pid, signal.SIGKILL)
        return self._web_again()

    def web_group(self):
        os.killpg(self.desk.web.pid, signal.SIGKILL)
        return self._web_again()

    def _web_again(self):
        group = self.desk.web.pid
        self.desk.web.wait()
        self._bring_up(self.desk.start_web)
        # What answered may have been an orphan; from here on it is not.
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._bring_up(self.desk.wait_until_up)
        return True

    def _bring_up(self, attempt):
        """An orphan that is still starting holds the port, and gunicorn may give up. A supervisor starts it again."""
        until = time.monotonic() + 180
        while True:
            try:
                return attempt()
            except AssertionError:
                if self.desk.web.poll() is None or time.monotonic() > until:
                    raise
                attempt = self.desk.start_web

    def worker(self):
        os.killpg(self.desk.worker.pid, signal.SIGKILL)
        self.desk.worker.wait()
        self.desk.start_worker()
        return True


def post_tickets(desk, cookie, poster, killer):
    """Post tickets until the last kill, each until it is acknowledged. Returns {subject: number} and posts in vain."""
    acknowledged, again, csrf = {}, 0, None
    for number in itertools.count(poster, POSTERS):
        if killer.over.wait(DICE.uniform(0, 2 * PAUSE)):
            break
        subject = f"Ticket {number} of the soak"
        fields = {"subject": subject, "description": "Words", "type": "incident", "category": "", "priority": "normal"}
        fields["form_token"] = secrets.token_urlsafe(18)
        until = time.monotonic() + 180
        while subject not in acknowledged:
            assert time.monotonic() < until, f"{subject} was not taken within three minutes"
            try:
                if csrf is None:
                    cookie, csrf = read_form(desk, cookie)
                acknowledged[subject] = post_once(desk, cookie, fields | {"csrf_token": csrf})
            except (OSError, http.client.HTTPException):
                again += 1
                time.sleep(0.1)
    return acknowledged, again


def read_form(desk, cookie):
    answer, page = ask(desk, "GET", "/tickets/new", cookie)
    fresh = re.search(r"desk=([^;]+)", answer.headers.get("Set-Cookie", ""))
    return fresh.group(1) if fresh else cookie, re.search(r'name="csrf_token" value="([^"]+)"', page).group(1)


def post_once(desk, cookie, fields):
    answer, page = ask(desk, "POST", "/tickets/new", cookie, urlencode(fields))
    assert answer.status == 303, f"{answer.status}: {page[:500]}"
    return int(answer.headers["Location"].rpartition("/")[2])


def ask(desk, method, path, cookie, body=None):
    line = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=15)
    try:
        headers = {"Cookie": f"desk={cookie}", "Content-Type": "application/x-www-form-urlencoded"}
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return answer, answer.read().decode()
    finally:
        line.close()


def wait_until_all_is_sent(mailbox, seconds=400):
    """A mail in the hand of a killed worker is sent again when its lease has ended, three minutes later."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if db.session.query(Delivery).filter(Delivery.state != "sent").count() == 0:
            db.session.rollback()
            return time.monotonic() - began
        db.session.rollback()
        time.sleep(0.5)
    raise AssertionError(Counter(state for (state,) in db.session.query(Delivery.state)))


def check(outcomes, mailbox):
    acknowledged = {subject: number for found, _again in outcomes for subject, number in found.items()}
    there = Counter(subject for (subject,) in db.session.query(Ticket.subject))
    assert there == Counter(acknowledged.keys()), "every acknowledged ticket is there exactly once"
    assert {subject: number for number, subject in db.session.query(Ticket.id, Ticket.subject)} == acknowledged
    assert db.session.query(Event).filter_by(kind="raised").count() == len(acknowledged)
    owed = {f"<{name}@desk.test>" for (name,) in db.session.query(Delivery.message_id)}
    assert len(owed) == 2 * len(acknowledged)
    assert {mail["Message-ID"] for mail in mailbox.messages} == owed, "every owed mail arrived"
