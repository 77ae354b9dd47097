"""Live news as production serves it: gunicorn with two workers, real connections, real signals."""

import os
import signal
import time
import urllib.request

import pytest
from sqlalchemy import text

from helpdesk.accounts import people, sessions
from helpdesk.db import transactions
from helpdesk.live import feed
from helpdesk.tickets import messages, tickets
from models import Session, db
from tests.conftest import SETTINGS
from tests.integrations.operations.test_run import needs_proc, parents
from tests.support import builders
from tests.support.builders import act
from tests.support.servers.listener import Audience, cookie_of
from tests.support.servers.live import LiveDesk
from web.live_cursors import sealed

ENDS_WITHIN = 5


@pytest.fixture(scope="module")
def start(_desk, database_url):
    """Start a desk with settings of its own; all are stopped in the end."""
    started = []

    def begin(**settings):
        desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url, "PUBLIC_URL": "http://127.0.0.1"} | settings)
        started.append(desk)
        desk.start_web()
        return desk

    yield begin
    for desk in started:
        desk.stop()


@pytest.fixture(scope="module")
def desk(start):
    return start(WEB_WORKERS="2", WEB_THREADS="2", LIVE_STREAMS="60")


@pytest.fixture
def audience():
    people_who_listen = Audience()
    yield people_who_listen
    people_who_listen.close()


@pytest.fixture
def listen(app, desk, audience):
    """An open stream of a person, in a session of their own."""

    def opened(person, **more):
        stream = audience.open(desk.port, cookie_of(app, person), **more)
        assert audience.wait(lambda: stream.is_open), stream.raw
        return stream

    return opened


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


# ---- who hears what


def test_nothing_of_notes_or_foreign_tickets_arrives_at_a_user(listen, audience, ticket, cast):
    foreign = builders.ticket(cast.ben)
    ada, cleo = listen(cast.ada), listen(cast.cleo)
    builders.note(ticket, by=cast.dan)
    assert audience.wait(lambda: cleo.tickets == [ticket.id])
    builders.reply(foreign, by=cast.dan)
    act(tickets.set_priority, foreign, "urgent", by=cast.dan)
    act(people.set_role, cast.ben, "agent", by=cast.eve)
    act(tickets.trash, foreign, by=cast.eve)
    assert audience.wait(lambda: foreign.id in cleo.tickets)
    builders.reply(ticket, by=cast.dan)
    assert audience.wait(lambda: ada.hints)
    assert ada.tickets == [ticket.id], "the first and only thing she hears is the reply"
    assert ada.raw.count(b"\ndata:") == 1


def test_a_user_hears_that_a_ticket_was_given_to_somebody_else_and_then_no_more(listen, audience, ticket, cast):
    ada, ben = listen(cast.ada), listen(cast.ben)
    act(tickets.change_requester, ticket, to=cast.ben, by=cast.cleo)
    assert audience.wait(lambda: ada.hints and ben.hints)
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: len(ben.hints) == 2)
    assert not audience.wait(lambda: len(ada.hints) > 1, seconds=0.5)


def test_a_user_hears_that_a_ticket_went_to_the_trash_and_came_back(listen, audience, ticket, cast):
    ada = listen(cast.ada)
    act(tickets.trash, ticket, by=cast.eve)
    assert audience.wait(lambda: len(ada.hints) == 1)
    act(tickets.restore, ticket, by=cast.eve)
    assert audience.wait(lambda: len(ada.hints) == 2)


# ---- who may listen no longer


def sign_out(person, eve):
    act(sessions.end_all, person)


def switch_off(person, eve):
    act(people.switch_off, person, by=eve)


def demote(person, eve):
    act(people.set_role, person, "user", by=eve)


@pytest.mark.parametrize("lose", [sign_out, switch_off, demote])
def test_whoever_loses_the_right_hears_nothing_from_that_moment_on(lose, listen, audience, ticket, cast):
    cleo, dan = listen(cast.cleo), listen(cast.dan)
    lose(cast.cleo, cast.eve)
    builders.note(ticket, by=cast.dan)
    assert audience.wait(lambda: dan.tickets and cleo.ended, ENDS_WITHIN)
    assert cleo.hints == []


@pytest.mark.parametrize("lose", [sign_out, switch_off, demote])
def test_a_stream_ends_within_five_seconds_though_nothing_else_happens(lose, listen, audience, cast):
    cleo = listen(cast.cleo)
    lose(cast.cleo, cast.eve)
    assert audience.wait(lambda: cleo.ended, ENDS_WITHIN)


def test_a_session_that_runs_out_ends_its_stream(listen, audience, cast):
    ada = listen(cast.ada)
    act(lambda: db.session.query(Session).update({"expires_at": transactions.now()}))
    assert audience.wait(lambda: ada.ended, ENDS_WITHIN)


def test_a_stream_is_for_those_who_are_signed_in(desk, audience, cast):
    for cookie in ("", "forged"):
        stream = audience.open(desk.port, cookie)
        assert audience.wait(lambda: stream.status)
        assert stream.status == 303 and b"/login" in stream.raw


# ---- coming back


def test_whoever_comes_back_is_told_what_they_missed_and_not_more(listen, audience, ticket, cast):
    foreign = builders.ticket(cast.ben)
    ada = listen(cast.ada)
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: ada.hints)
    ada.close()
    builders.reply(ticket, by=cast.cleo)
    builders.reply(foreign, by=cast.cleo)
    again = listen(cast.ada, last=ada.last_id)
    assert audience.wait(lambda: again.hints)
    assert set(again.tickets) == {ticket.id}, "and nothing of the foreign ticket"
    after = listen(cast.ada, last=again.last_id)
    assert not audience.wait(lambda: after.hints, seconds=0.5)


def test_what_happens_between_the_page_and_its_stream_is_told(listen, audience, ticket, cast):
    page = feed.cursor()
    builders.reply(ticket, by=cast.cleo)
    ada = listen(cast.ada, since=sealed(page))
    assert audience.wait(lambda: ada.hints)
    # The catch-up and the reader of the process may both tell it: a hint too many harms nothing.
    assert set(ada.tickets) == {ticket.id}


@pytest.mark.parametrize("last", ["word", "-1", "12", "9" * 18, "9" * 400, "١٢", "1;DROP TABLE events"])
def test_a_forged_last_event_id_is_taken_for_none(last, listen, audience, ticket, cast):
    ada = listen(cast.ada, last=last)
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: ada.hints)
    assert ada.tickets == [ticket.id]


def test_a_last_event_id_from_the_future_asks_for_the_whole_page(listen, audience, ticket, cast):
    ada = listen(cast.ada, last=sealed(feed.Cursor(10**17)))
    assert audience.wait(lambda: ada.hints)
    assert ada.hints == [{"tickets": [], "reload": True, "bell": True}]


# ---- how many


def test_one_person_has_a_dozen_streams_a_process_and_pages_go_on(app, start, audience, cast):
    desk = start(WEB_WORKERS="1", WEB_THREADS="1", LIVE_STREAMS="30")
    cookie = cookie_of(app, cast.ada)
    streams = [audience.open(desk.port, cookie) for _ in range(16)]
    assert audience.wait(lambda: all(stream.status for stream in streams))
    assert sorted(stream.status for stream in streams) == [200] * 12 + [204] * 4
    others = [audience.open(desk.port, cookie_of(app, cast.cleo)) for _ in range(12)]
    others += [audience.open(desk.port, cookie_of(app, cast.dan)) for _ in range(12)]
    assert audience.wait(lambda: all(stream.status for stream in others))
    assert sorted(stream.status for stream in others) == [200] * 18 + [204] * 6, "30 streams and no more"
    with urllib.request.urlopen(f"{desk.url}/login", timeout=5) as page:
        assert page.status == 200, "the one thread for pages is free"
    next(stream for stream in streams if stream.is_open).close()
    assert audience.wait(lambda: _gets_a_place(audience, desk, cookie), 3), "a page that is left frees its place"


def _gets_a_place(audience, desk, cookie):
    tried = audience.open(desk.port, cookie)
    audience.wait(lambda: tried.status)
    return tried.status == 200


def test_streams_hold_no_connection_to_the_database(listen, audience, ticket, cast):
    """Thirty of them on a pool of two a process: pages and news still come."""
    streams = [listen(person) for person in (cast.cleo, cast.dan, cast.eve) for _ in range(10)]
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: all(stream.hints for stream in streams))


def test_news_come_again_after_the_database_was_away(listen, audience, ticket, cast):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no connections that could be cut")
    ada = listen(cast.ada)
    _cut_connections()
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: ada.hints, 10)


def _cut_connections():
    with db.engine.connect() as own:
        if db.engine.dialect.name == "postgresql":
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            own.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            return
        rows = own.execute(
            text("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
        )
        for (number,) in rows.all():
            own.execute(text(f"KILL {number}"))


# ---- stopping and reloading


@needs_proc
def test_open_streams_do_not_hold_up_a_stop(app, start, audience, cast):
    desk = start(WEB_WORKERS="2", WEB_THREADS="2", LIVE_STREAMS="60")
    streams = [
        audience.open(desk.port, cookie_of(app, one)) for one in (cast.cleo, cast.dan, cast.eve) for _ in range(12)
    ]
    assert audience.wait(lambda: all(stream.is_open for stream in streams))
    began = time.monotonic()
    os.kill(desk.web.pid, signal.SIGTERM)
    desk.web.wait(10)
    assert time.monotonic() - began < 5, "on a busy machine; bench/live.py measures it"
    assert audience.wait(lambda: all(stream.ended for stream in streams))
    assert all(stream.raw.endswith(b"0\r\n\r\n") for stream in streams), "each ended properly, none was cut off"


@needs_proc
def test_a_reload_ends_streams_and_loses_nothing(app, start, audience, ticket, cast):
    desk = start(WEB_WORKERS="2", WEB_THREADS="2", LIVE_STREAMS="20")
    cookie = cookie_of(app, cast.ada)
    ada = audience.open(desk.port, cookie, since=sealed(feed.cursor()))
    assert audience.wait(lambda: ada.is_open)
    builders.reply(ticket, by=cast.cleo)
    assert audience.wait(lambda: ada.hints)
    before = {pid for pid, parent in parents().items() if parent == desk.web.pid}
    os.kill(desk.web.pid, signal.SIGHUP)
    act(messages.reply, ticket, "While nobody listened.", by=cast.cleo)
    assert audience.wait(lambda: ada.ended, 10)
    heard = len(ada.hints)
    while heard < 2:  # Like a browser, which comes again where it met a process that was about to end.
        again = audience.open(desk.port, cookie, last=ada.last_id)
        assert audience.wait(lambda: again.hints or again.ended, 20)  # The new processes have to start first.
        heard += len(again.hints)
    assert audience.wait(lambda: not before & parents().keys(), 12), "the old processes are gone"
