"""A database that does not answer any more: pages say so in time, and the desk goes on when it is back."""

import fcntl
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

import config
from helpdesk.db import timeouts
from models import Ticket, db
from tests.support import builders
from tests.support.browser import Browser, text_of
from tests.support.servers.proxy import Proxy
from web.outages.outage_log import cause

HASTY = timeouts.Patience(statement=1, answer=2, lock=0, turn=0)
FORM = {"subject": "Beamer is dark", "description": "Words", "type": "incident", "category": "", "priority": "normal"}


@pytest.fixture
def proxy(app, database_url, monkeypatch):
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server that could freeze")
    monkeypatch.setattr(config, "CONNECT_SECONDS", 2)
    monkeypatch.setattr(timeouts, "IDLE_ANSWER", 1)
    monkeypatch.setattr(timeouts, "RETRY_SECONDS", 0.0)
    way = Proxy(database_url)
    yield way
    way.close()


@pytest.fixture
def desk(proxy, make_app):
    made = make_app(DATABASE_URL=proxy.url, WEB_THREADS="2")
    yield made
    proxy.thaw()
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def agent(desk, cast, browse):
    """Signed in on the desk behind the proxy."""
    browser = Browser(desk)
    with browse(cast.cleo).client.session_transaction() as known, browser.client.session_transaction() as cookie:
        cookie.update(known)
    assert browser.get("/triage").status_code == 200
    return browser


def test_a_frozen_server_is_a_503_with_a_time_to_come_back_and_work_goes_on_after_it(proxy, agent, monkeypatch):
    with timeouts.allow(HASTY):
        proxy.freeze()
        page = agent.get("/triage")
        assert page.status_code == 503 and page.headers["Retry-After"] == "30"
        assert "The database does not answer" in text_of(page)
        assert agent.get("/readyz").status_code == 503 and agent.get("/healthz").status_code == 200
        proxy.thaw()
        assert agent.get("/triage").status_code == 200


def test_while_a_server_is_frozen_pages_fail_at_once_and_one_at_a_time_asks_again(proxy, agent, monkeypatch):
    with timeouts.allow(HASTY):
        proxy.freeze()
        agent.get("/triage")
        monkeypatch.setattr(timeouts, "RETRY_SECONDS", 3600)
        before = proxy.opened
        assert [agent.get("/triage").status_code for _ in range(20)] == [503] * 20
        assert proxy.opened == before


def test_a_server_that_freezes_in_the_middle_of_a_page_is_given_up(proxy, desk):
    with timeouts.allow(HASTY), desk.app_context():
        db.session.execute(text("SELECT 1"))
        proxy.freeze()
        with pytest.raises(OperationalError) as caught:
            db.session.execute(text("SELECT 2"))
        assert caught.value.connection_invalidated
        db.session.rollback()


def test_a_statement_that_takes_too_long_is_stopped_by_the_server(app):
    slow = {"postgresql": "SELECT pg_sleep(20)", "mysql": "SELECT sleep(20)"}
    if db.engine.dialect.name not in slow:
        pytest.skip("SQLite has no server that could stop it")
    with timeouts.allow(HASTY), pytest.raises(OperationalError) as caught:
        db.session.execute(text(slow[db.engine.dialect.name]))
    assert cause(caught.value) == "slow", caught.value
    db.session.rollback()


def test_long_jobs_may_take_longer_than_pages(app):
    asked = {"postgresql": "SHOW statement_timeout", "mysql": "SELECT @@max_statement_time"}.get(db.engine.dialect.name)
    asked = asked or "PRAGMA busy_timeout"
    found = []
    for patience in (timeouts.PAGE, timeouts.JOB, timeouts.COMMAND, timeouts.PAGE):
        with timeouts.allow(patience):
            found.append(str(db.session.execute(text(asked)).scalar()))
            db.session.rollback()
    assert found[0] == found[3] and len(set(found)) == 3


@pytest.mark.once
def test_all_that_a_page_waits_for_is_less_than_30_seconds():
    engine = config.load({"APP_ENV": "development"})["SQLALCHEMY_ENGINE_OPTIONS"]
    to_connect = engine["pool_timeout"] + timeouts.IDLE_ANSWER + config.CONNECT_SECONDS
    assert to_connect <= 15 and timeouts.PAGE.answer <= 20 and timeouts.PAGE.turn + timeouts.PAGE.lock <= 20
    assert timeouts.PAGE.statement < timeouts.PAGE.answer, "the server gives up first, so the connection lives on"


# ---- SQLite: another program holds the lock


@pytest.fixture
def sqlite_file(app):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite is a file")
    return db.engine.url.database


def raise_ticket(browser):
    return browser.post("/tickets/new", FORM)


def test_while_another_program_locks_the_file_nothing_is_saved_and_tickets_are_read(sqlite_file, cast, browse):
    builders.ticket(cast.ada)
    ada = browse(cast.ada)
    token = ada.token()
    with timeouts.allow(HASTY), closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        page = ada.post("/tickets/new", FORM, csrf=token)
        assert page.status_code == 503 and page.headers["Retry-After"] == "30"
        assert "Another program keeps the database locked" in text_of(page) and "Beamer is dark" in page.text
        assert ada.get("/tickets").status_code == 200
        other.execute("ROLLBACK")
        assert raise_ticket(ada).status_code == 303


def test_a_process_that_keeps_the_turn_to_write_is_not_waited_for_without_end(sqlite_file, cast, browse):
    ada = browse(cast.ada)
    with timeouts.allow(HASTY):
        with open(f"{sqlite_file}.lock", "a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            assert raise_ticket(ada).status_code == 503
    db.session.rollback()
    assert raise_ticket(ada).status_code == 303, "who gave up waiting does not keep the turn"
    assert db.session.query(Ticket).count() == 1
