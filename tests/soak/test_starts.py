"""Web processes that are asked for eight pages at once in their first moment: none answers 500, then or later."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import SETTINGS
from tests.soak.mixed_load import Visitor
from tests.support import builders
from tests.support.servers.listener import cookie_of
from tests.support.servers.live import LiveDesk

pytestmark = pytest.mark.soak

STARTS = 40
PAGES = ("/tickets", "/triage", "/search?q=printer", "/triage?q=printer", "/dashboard", "/notifications")


def test_no_start_under_load_leaves_a_process_that_answers_500(app, cast, database_url):
    pages = *PAGES, f"/tickets/{builders.ticket(cast.ada, subject='The printer is dark').id}"
    cookie = cookie_of(app, cast.cleo)
    with ThreadPoolExecutor(8) as pool:
        for _start in range(STARTS):
            desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url, "WEB_WORKERS": "1", "WEB_THREADS": "8"})
            try:
                desk.start_web()
                assert ask_at_once(desk, cookie, pool, pages) == {200}, "in the first moment"
                assert ask_at_once(desk, cookie, pool, pages) == {200}, "later"
                assert Visitor(desk.port, "", True, cookie).get("/readyz")[0] == 200
            finally:
                desk.stop()
    print(f"\n{STARTS} web processes were asked for eight pages at once, none answered 500.")


def ask_at_once(desk, cookie, pool, pages):
    gate = threading.Barrier(8)

    def ask(number):
        gate.wait(10)
        return Visitor(desk.port, "", True, cookie).get(pages[number % len(pages)])[0]

    return set(pool.map(ask, range(8)))
