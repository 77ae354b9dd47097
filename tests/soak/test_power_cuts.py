"""20 power cuts of a desk that people work with: every acknowledged ticket, reply and file is there after each."""

import hashlib
import http.client
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

import config
from app import create_app
from helpdesk.accounts import people
from helpdesk.db import migrations, transactions
from models import Attachment, Message, Ticket, db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc, parents
from tests.soak.test_kills import read_form
from tests.support.browser import Browser
from tests.support.cast import person
from tests.support.databases import empty_folder
from tests.support.servers import power_cut
from tests.support.servers.desks import migrate
from tests.support.servers.live import LiveDesk

TROUBLE = power_cut.why_not()
pytestmark = [pytest.mark.soak, needs_proc, pytest.mark.once, pytest.mark.skipif(bool(TROUBLE), reason=TROUBLE)]

CUTS, POSTERS, SECONDS = 20, 4, 30
DICE = random.Random(20)


class RecordedDesk(LiveDesk):
    """The whole desk as run.py runs it, with every write and sync of all its processes recorded."""

    def __init__(self, folder, record):
        limits = {setting.name: "0" for setting in config.SETTINGS if setting.name.startswith("LIMIT_")}
        settings = SETTINGS | limits | {"DATABASE_URL": f"sqlite:///{folder}/desk.db", "WEB_WORKERS": "2"}
        super().__init__(**settings, WEB_THREADS="4", LIVE_STREAMS="4")
        self.env |= {"PUBLIC_URL": self.url, "HOME": str(record.parent), "XDG_RUNTIME_DIR": str(record.parent)}
        self.record = record

    def start(self):
        command = [*power_cut.recorder(self.record), sys.executable, "run.py"]
        self.log = open(self.record.parent / "log", "w")
        self.web = subprocess.Popen(
            command, cwd=config.HERE, env=self.env, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True
        )
        self.wait_until_up(60)

    def stop(self):
        """strace ends when what it follows has ended."""
        for pid, parent in parents().items():
            if parent == self.web.pid:
                subprocess.run(["kill", "-TERM", str(pid)])
        try:
            self.web.wait(60)
        except subprocess.TimeoutExpired:
            self.web.send_signal(signal.SIGKILL)
        self.log.close()


@pytest.fixture
def folder():
    with empty_folder() as name:
        yield Path(name)


def test_power_cuts_lose_nothing_that_was_acknowledged(folder, tmp_path):
    (folder / "desk").mkdir()
    cookies = prepare(folder / "desk")
    disk = power_cut.Disk(folder / "desk")
    desk = RecordedDesk(folder / "desk", folder / "record")
    try:
        desk.start()
        over = time.monotonic() + SECONDS
        with ThreadPoolExecutor(POSTERS) as pool:
            outcomes = list(pool.map(lambda cookie: Poster(desk, cookie).work(over), cookies))
    finally:
        desk.stop()
    acknowledged = [act for acts in outcomes for act in acts]
    report(acknowledged, replay(disk, folder, acknowledged))


def prepare(folder):
    """People who can sign in, written and closed before the record begins. Returns a cookie for each."""
    app = create_app(SETTINGS | {"DATABASE_URL": f"sqlite:///{folder}/desk.db"})
    with app.app_context():
        migrate()
        with transactions.writing():
            posters = [person(f"Poster{number} Soak", "agent") for number in range(POSTERS)]
            people.add("Eve Adeyemi", "eve@example.com", role="admin")
        cookies = [Browser(app).sign_in(poster).client.get_cookie("desk").value for poster in posters]
        db.session.remove()
        db.engine.dispose()
    return cookies


# ---- work


class Poster:
    """Raises tickets and answers them, some with a file. `acts` are what the desk has acknowledged, and when."""

    def __init__(self, desk, cookie):
        self.desk, self.cookie, self.acts = desk, cookie, []

    def work(self, until):
        self.cookie, self.csrf = read_form(self.desk, self.cookie)
        while time.monotonic() < until:
            subject = f"Ticket {secrets.token_hex(8)}"
            fields = {"subject": subject, "description": "Words " * 50, "type": "incident", "category": ""}
            number = self.post("/tickets/new", fields | {"priority": "normal", "form_token": secrets.token_urlsafe(18)})
            self.note("ticket", subject)
            for _reply in range(2):
                content = secrets.token_bytes(DICE.choice([0, 100, 300_000])) if DICE.random() < 0.5 else None
                body, name = f"Reply {secrets.token_hex(8)}", f"{secrets.token_hex(8)}.bin"
                sent = {"body": body, "form_token": secrets.token_urlsafe(18)}
                self.post(f"/tickets/{number}/reply", sent, name, content)
                self.note("reply", body)
                if content:
                    self.note("file", name, hashlib.sha256(content).hexdigest())
        return self.acts

    def note(self, *act):
        self.acts.append((time.time(), act))

    def post(self, path, fields, name="", content=None):
        body, kind = multipart(fields | {"csrf_token": self.csrf}, name, content)
        line = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=60)
        try:
            line.request("POST", path, body, {"Cookie": f"desk={self.cookie}", "Content-Type": kind})
            answer = line.getresponse()
            page = answer.read().decode()
        finally:
            line.close()
        assert answer.status == 303, f"{answer.status}: {page[:500]}"
        return re.search(r"/tickets/(\d+)", answer.headers["Location"])[1]


def multipart(fields, name, content):
    edge = secrets.token_hex(16)
    parts = [(f'name="{field}"', value.encode()) for field, value in fields.items()]
    if content:
        parts.append((f'name="files"; filename="{name}"', content))
    written = [f"--{edge}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value for head, value in parts]
    return b"\r\n".join([*written, f"--{edge}--\r\n".encode()]), f"multipart/form-data; boundary={edge}"


# ---- cuts


def replay(disk, folder, acknowledged):
    """Cut at random places after the first acknowledgement. Returns what was wanted and found at each."""
    begin = min(at for at, _act in acknowledged)
    times = [call.at for call in recorded(folder)]
    places = {*DICE.sample([number for number, at in enumerate(times) if at > begin], CUTS)}
    outcomes = []
    for number, call in enumerate(recorded(folder)):
        if number in places:
            target = folder / f"after-{number}"
            target.mkdir()
            chance = DICE.choice([0, 0.1, 0.5, 0.9, 1])
            unsafe = disk.after_cut(target, DICE, chance)
            wanted = [act for at, act in acknowledged if at < call.at]
            outcomes.append((chance, unsafe, len(wanted), missing(target, wanted)))
        disk.apply(call)
    print(f"\n{len(times)} writes, syncs and changes of names were recorded.")
    return outcomes


def recorded(folder):
    return power_cut.calls(folder / "record", str(folder / "desk"))


def missing(folder, wanted):
    """What is wrong with the desk in this folder."""
    app = create_app(SETTINGS | {"DATABASE_URL": f"sqlite:///{folder}/desk.db"})
    with app.app_context():
        try:
            if db.session.scalar(text("PRAGMA integrity_check")) != "ok" or not migrations.current():
                return ["the database is damaged"]
            there = found(folder)
        except DBAPIError as error:
            return [f"the database cannot be read: {error.orig}"]
        finally:
            db.session.remove()
            db.engine.dispose()
    return [act for act in wanted if act not in there]


def found(folder):
    there = {("ticket", subject) for subject in db.session.scalars(select(Ticket.subject))}
    there |= {("reply", body) for body in db.session.scalars(select(Message.body))}
    belongs = Attachment.message_id.is_not(None)
    for name, key in db.session.execute(select(Attachment.name, Attachment.key).where(belongs)).all():
        path = folder / "files" / key
        if path.is_file():
            there.add(("file", name, hashlib.sha256(path.read_bytes()).hexdigest()))
    return there


def report(acknowledged, outcomes):
    count = {kind: sum(act[0] == kind for _at, act in acknowledged) for kind in ("ticket", "reply", "file")}
    print(f"{time.strftime('%Y-%m-%d')}: {count['ticket']} tickets, {count['reply']} replies and {count['file']} files")
    print(f"were acknowledged, {sum(wanted for _chance, _unsafe, wanted, _missing in outcomes)} before the cuts.")
    for chance, unsafe, wanted, lost in outcomes:
        print(f"  {unsafe:5} changes not safe, each there with {chance:.0%}: {wanted - len(lost)} of {wanted} found")
    assert len(outcomes) == CUTS and outcomes[-1][2] > 100
    assert not [lost for _chance, _unsafe, _wanted, lost in outcomes if lost]
