"""Many browsers at once, in a process of their own, so that whoever measures is not disturbed by them."""

import http.client
import random
import re
import subprocess
import sys
import threading
import time

from tests.support.servers.listener import Audience

SHOWING = 20


class Crowd:
    """A process full of listeners; the first `SHOWING` also fetch the list again, as an open page would."""

    def __init__(self, desk, cookies, count, stay, showing=SHOWING):
        command = [sys.executable, sys.argv[0], "--crowd", str(desk.port), str(count), str(showing), str(stay)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(" ".join(cookies) + "\n")
        self.process.stdin.flush()
        self.opened = ""

    def wait_until_open(self):
        self.opened = self.process.stdout.readline().strip()

    def end(self):
        self.process.kill()
        self.process.wait()


def be_a_crowd(port, count, showing, stay):
    """What the other process does: open streams, say how many there are, listen, fetch."""
    cookies = sys.stdin.readline().split()
    audience = Audience()
    for number in range(count):
        audience.open(port, cookies[number % len(cookies)])
        if number % 25 == 24:
            audience.wait(seconds=0.05)
    audience.wait(lambda: all(one.status for one in audience.listeners), 60)
    statuses = [one.status for one in audience.listeners]
    refused = statuses.count(204)
    print(statuses.count(200), refused, count - statuses.count(200) - refused, flush=True)
    for one in audience.listeners[:showing]:
        threading.Thread(target=_show, args=(port, one, cookies[0]), daemon=True).start()
    audience.wait(seconds=stay)


def _show(port, listener, cookie):
    """An open page, until the desk is stopped."""
    try:
        _follow(port, listener, cookie)
    except OSError:
        pass


def _follow(port, listener, cookie):
    """After a hint, a moment that differs from page to page, then what has changed in the list."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=15)  # A browser keeps its connection.
    known, rows = 0, _rows(_open(port, "/triage?view=all", cookie, line)[1])
    while True:
        time.sleep(0.01)
        size = len(listener.raw)
        if size != known:
            told, known = re.findall(rb'"tickets": \[([^]]*)\]', listener.raw[known:size]), size
            if told:
                time.sleep(random.uniform(0, 0.05))
                changed = b",".join(told).decode().replace(" ", "").split(",")
                kept = ",".join(row for row in rows if row not in changed)
                rows = _rows(
                    _open(port, "/triage?view=all", cookie, line, {"X-Live-Keeps": kept, "X-Live-Bell": "no"})[1]
                )
                time.sleep(0.5)


def _rows(page):
    return re.findall(r'data-ticket="(\d+)"', page)


def fetch(port, path, cookie, line=None):
    """Returns the seconds it took; raises where it failed."""
    return _open(port, path, cookie, line)[0]


def _open(port, path, cookie, line=None, headers=()):
    own = line or http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    began = time.monotonic()
    own.request("GET", path, headers={"Cookie": f"desk={cookie}"} | dict(headers))
    answer = own.getresponse()
    page = answer.read().decode()
    took = time.monotonic() - began
    assert answer.status in (200, 204, 304), f"{path}: {answer.status}"
    if line is None:
        own.close()
    return took, page


def p(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def ms(seconds, part=0.95):
    return f"{p(seconds, part) * 1000:.0f} ms"
