"""The served desk on a server that freezes: everybody gets an answer in time, and it goes on by itself."""

import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.conftest import SETTINGS
from tests.support.servers.listener import cookie_of
from tests.support.servers.live import LiveDesk
from tests.support.servers.proxy import Proxy

pytestmark = pytest.mark.soak

PEOPLE, SECONDS, PROMISED = 60, 60, 30


@pytest.fixture
def proxy(app, database_url):
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server that could freeze: run with TEST_DATABASE_URL")
    way = Proxy(database_url)
    yield way
    way.close()


@pytest.fixture
def desk(proxy, files_dir):
    made = LiveDesk(
        **SETTINGS | {"DATABASE_URL": proxy.url, "FILES_DIR": files_dir, "PUBLIC_URL": "http://127.0.0.1"},
        WEB_WORKERS="1",
        WEB_THREADS="8",
    )
    made.start_web()
    yield made
    made.stop()


def ask(desk, path, cookie=""):
    """The status, and the seconds until it came."""
    began = time.monotonic()
    asked = urllib.request.Request(f"{desk.url}{path}", headers={"Cookie": f"desk={cookie}"})
    try:
        with urllib.request.urlopen(asked, timeout=90) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
    return status, time.monotonic() - began


def test_sixty_people_on_eight_threads_are_all_answered_in_time(app, proxy, desk, cast):
    cookie, found, probes = cookie_of(app, cast.cleo), [], []
    for _ in range(10):
        assert ask(desk, "/triage", cookie)[0] == 200
    proxy.freeze()
    over = time.monotonic() + SECONDS

    def person():
        while time.monotonic() < over:
            found.append(ask(desk, "/triage", cookie))
            time.sleep(0.5)

    people = [threading.Thread(target=person) for _ in range(PEOPLE)]
    for one in people:
        one.start()
    while time.monotonic() < over:
        probes.append(ask(desk, "/healthz"))
        time.sleep(1)
    for one in people:
        one.join()
    longest = max(seconds for _status, seconds in found)
    print(
        f"\n{len(found)} pages in {SECONDS} s of a frozen server: longest {longest:.1f} s;"
        f" {len(probes)} times /healthz: longest {max(seconds for _status, seconds in probes):.2f} s"
    )
    assert {status for status, _seconds in found} == {503} and {status for status, _seconds in probes} == {200}
    assert longest < PROMISED
    proxy.thaw()
    time.sleep(2)
    assert ask(desk, "/triage", cookie)[0] == 200
