"""`python run.py`: one command from nothing to a running desk, and what it does when something is in the way."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

import config
import run
from tests.support.servers.live import LiveDesk

PAGE = "This is too much at once"


class Desk(LiveDesk):
    """The desk as run.py runs it, with an instance folder of its own."""

    def __init__(self, folder, **settings):
        super().__init__(DATABASE_URL=f"sqlite:///{folder}/desk.db", WEB_WORKERS="1", WEB_THREADS="2", **settings)
        self.folder = Path(folder)
        self.env.pop("PUBLIC_URL")
        self.env |= {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}

    def start(self):
        self.log = open(self.folder / "log", "w+")
        self.web = subprocess.Popen(
            [sys.executable, "run.py"],
            cwd=config.HERE,
            env=self.env,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.wait_until_up()
        return self

    def log_text(self):
        return (self.folder / "log").read_text()

    def restarts(self):
        """What the desk has written down of parts that were started again, the newest first."""
        with closing(sqlite3.connect(self.folder / "desk.db")) as database:
            row = database.execute("SELECT value FROM desk_facts WHERE name = 'restarts'").fetchone()
        return json.loads(row[0]) if row else []

    def children(self):
        """Process ids of gunicorn's master and the worker, in the order they were started."""
        return sorted(pid for pid, parent in parents().items() if parent == self.web.pid)


def parents():
    """Each process and its parent."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(entry.parent.name)] = int(fields[1])
    return found


needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="looks for processes in /proc")


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.stop()


def run_to_its_end(desk):
    return subprocess.run(
        [sys.executable, "run.py"], cwd=config.HERE, env=desk.env, capture_output=True, text=True, timeout=30
    )


def test_from_nothing_to_a_ready_desk_with_a_key_for_the_first_admin(desk):
    desk.start()
    first = re.search(r"this key: (\w+)", desk.log_text()).group(1)
    desk.stop()
    desk.start()
    assert urllib.request.urlopen(f"{desk.url}/readyz", timeout=5).status == 200
    log_text = desk.log_text()
    assert f"The desk: {desk.url}" in log_text
    key = re.search(rf"Open {desk.url}/setup and type this key: (\w+)", log_text).group(1)
    with sqlite3.connect(desk.folder / "desk.db") as database:
        (kept,) = database.execute("SELECT value FROM desk_facts WHERE name = 'first admin key'").fetchone()
    assert len(key) >= 16 and key not in kept and key != first
    assert not (desk.folder / "backups").exists(), "nothing was there to be copied"
    ours = {path: path.stat().st_mode for path in desk.folder.iterdir() if path.name != "log"}
    assert len(ours) >= 4 and not [path for path, mode in ours.items() if mode & 0o077], "for the desk's account alone"


@needs_proc
@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_ends_both_parts_quickly(desk, name):
    desk.start()
    both = desk.children()
    assert len(both) == 2
    began = time.monotonic()
    desk.web.send_signal(name)
    assert desk.web.wait(10) == 0
    assert time.monotonic() - began < 5
    assert not set(both) & set(parents())


@needs_proc
def test_a_part_that_ends_is_started_again_in_place_while_the_other_goes_on(desk):
    desk.start()
    web, worker = desk.children()
    for part, pid, other in (("worker", worker, web), ("web", web, None)):
        os.kill(pid, signal.SIGKILL)
        # A web process of a killed master may be a child of the desk for a moment. The log comes first.
        until(lambda: f"the part {part} has ended by signal 9. It is started again in 1 s" in desk.log_text())
        until(lambda: len(desk.children()) == 2 and pid not in desk.children())
        assert other is None or other in desk.children(), "the other part was left alone"
    desk.wait_until_up()
    until(lambda: len(desk.restarts()) == 2)
    assert [restart[:2] for restart in desk.restarts()] == [["web", -9], ["worker", -9]]
    assert desk.web.poll() is None


@needs_proc
def test_killed_it_leaves_nobody_behind_and_the_next_start_finds_its_port_free(desk):
    desk.start()
    everybody = {pid for pid, parent in parents().items() if parent in desk.children()} | {*desk.children()}
    assert len(everybody) >= 3, "gunicorn, its worker, and the worker"
    desk.web.kill()
    desk.web.wait()
    desk.start()
    assert not everybody & set(parents())
    assert "cannot listen" not in desk.log_text()


def until(true):
    """A guard against hanging, and no promise of how long it takes."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_stop_of_the_whole_group_as_by_ctrl_c_leaves_no_trace_of_an_error(desk):
    desk.start()
    os.killpg(desk.web.pid, signal.SIGINT)
    assert desk.web.wait(10) == 0
    assert "Traceback" not in desk.log_text()


def test_a_bad_setting_is_one_plain_line(desk):
    desk.env["PORT"] = "many"
    ended = run_to_its_end(desk)
    assert ended.returncode == 2
    assert re.fullmatch(r"PORT must be a whole number from 1 to 65535\b.*\n", ended.stderr)
    assert not (desk.folder / "desk.db").exists()


@pytest.mark.parametrize("command", ["gunicorn -c gunicorn.conf.py app:create_app()", "flask --app app worker"])
def test_a_bad_setting_stops_each_part_on_its_own_too(desk, command):
    name, *rest = command.split()
    desk.env["PORT"] = "many"
    ended = subprocess.run(
        [sys.executable, "-m", name, *rest], cwd=config.HERE, env=desk.env, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode != 0 and "PORT must be a whole number" in ended.stderr


def test_a_port_that_is_taken_is_said(desk):
    with socket.create_server(("127.0.0.1", desk.port)), pytest.raises(run.CannotStart) as no:
        run.check_port("127.0.0.1", desk.port, patience=0)
    assert f"cannot listen on 127.0.0.1 port {desk.port}" in str(no.value) and "PORT=" in str(no.value)


def test_it_waits_for_a_port_that_a_killed_desk_still_has(desk):
    before = socket.create_server(("127.0.0.1", desk.port))
    threading.Timer(0.3, before.close).start()
    run.check_port("127.0.0.1", desk.port, patience=20)


def test_a_database_that_does_not_answer_is_said_plainly(desk):
    desk.env |= {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "SECRET_KEY": "a key that only this test knows, long enough",
        "PUBLIC_URL": desk.url,
    }
    ended = run_to_its_end(desk)
    assert ended.returncode == 1
    assert ended.stderr == "The database does not answer. Check DATABASE_URL, and whether the server is running.\n"


# ---- what only the real web server shows


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    made = Desk(tmp_path_factory.mktemp("instance"))
    yield made.start()
    made.stop()


def post(running, body, **headers):
    line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    line.request("POST", "/login", body, headers, encode_chunked="Transfer-Encoding" in headers)
    answer = line.getresponse()
    return answer.status, answer.read().decode()


def test_somebody_who_sends_20_megabytes_gets_to_see_why_not(running):
    status, page = post(running, b"email=" + b"a" * 20 * 1024 * 1024)
    assert status == 413 and PAGE in page


def test_so_does_somebody_who_does_not_say_beforehand_how_much_it_will_be(running):
    pieces = (b"email=" + b"a" * 65536 for _ in range(320))
    status, page = post(running, pieces, **{"Transfer-Encoding": "chunked"})
    assert status == 413 and PAGE in page


def test_the_form_of_filters_can_send_the_longest_query_twice(running):
    words = urllib.parse.quote("印" * 400)
    answer = urllib.request.urlopen(f"{running.url}/search?q={words}&before={words}", timeout=5)
    assert answer.status == 200 and "/login" in answer.url


def test_nobody_can_say_by_a_header_where_the_desk_is_mounted(running):
    asked = urllib.request.Request(f"{running.url}/elsewhere/login", headers={"SCRIPT_NAME": "/elsewhere"})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(asked, timeout=5)
    assert answer.value.code == 404


def test_gunicorn_opens_no_socket_to_be_steered_by(running):
    assert not list(running.folder.rglob("*.ctl"))
