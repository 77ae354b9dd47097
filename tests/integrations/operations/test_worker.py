"""The worker: several at once, killed at the worst moment, stopped, met by an error; and what it does by the clock."""

import signal
import socket
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from helpdesk.accounts import one_time_links, sessions
from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from helpdesk.notifications import deliveries
from helpdesk.reports import daily_counts
from helpdesk.tickets import drafts, tickets
from jobs import worker
from models import Attempt, Delivery, DeskFact, Draft, Event, OneTimeLink, Session, Ticket, db
from tests.conftest import SETTINGS
from tests.support.builders import act, ticket
from tests.support.servers.live import LiveDesk


@pytest.fixture
def process(app, database_url, mailbox):
    """A worker in a process of its own; more settings can be given."""
    started = []

    def start(**settings):
        post = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(mailbox.port), "MAIL_FROM": "it@desk.test"}
        desk = LiveDesk(**SETTINGS | {"DATABASE_URL": database_url} | post | settings)
        desk.start_worker()
        started.append(desk)
        return desk.worker

    yield start
    for desk in started:
        desk.stop()


def wait_until(true, seconds=15):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        db.session.rollback()
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def states():
    return [state for (state,) in db.session.query(Delivery.state).order_by(Delivery.id)]


def test_three_workers_at_once_send_each_mail_once(cast, mailbox, _sending_desk):
    for _ in range(40):
        ticket(cast.ada)
    db.session.rollback()
    several = [threading.Thread(target=_work_off, args=(_sending_desk,)) for _ in range(3)]
    for one in several:
        one.start()
    for one in several:
        one.join()
    assert states() == ["sent"] * 40
    assert len({mail["Message-ID"] for mail in mailbox.messages}) == len(mailbox.messages) == 40


def _work_off(desk):
    for _ in range(5):
        worker.run_once(desk)


def test_a_worker_killed_after_the_mail_was_taken_sends_it_again_with_the_same_message_id(
    cast, mailbox, process, monkeypatch, work
):
    keep = mailbox.handle_DATA

    async def keep_and_kill(server, session, envelope):
        kept = await keep(server, session, envelope)
        running.kill()
        running.wait()
        return kept

    monkeypatch.setattr(mailbox, "handle_DATA", keep_and_kill, raising=False)
    ticket(cast.ada)
    running = process()
    mailbox.wait_for("ada@example.com")
    wait_until(lambda: running.poll() is not None)
    monkeypatch.undo()
    work()
    assert len(mailbox.messages) == 1 and states() == ["sending"], "as long as the lease lasts, nobody touches it"
    _end_the_lease()
    work()
    first, second = mailbox.messages
    assert first["Message-ID"] == second["Message-ID"] and states() == ["sent"]


def test_a_worker_process_sends_within_a_moment_and_stops_within_a_second(cast, mailbox, process):
    running = process()
    ticket(cast.ada)
    mailbox.wait_for("ada@example.com")
    wait_until(lambda: states() == ["sent"])
    running.send_signal(signal.SIGTERM)
    assert running.wait(15) == 0 and worker.GRACE < 1


def test_a_worker_that_waits_for_a_silent_mail_server_stops_all_the_same(cast, mailbox, process, work):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(30)
        ticket(cast.ada)
        running = process(MAIL_PORT=str(silent.getsockname()[1]))
        line, _address = silent.accept()
        running.send_signal(signal.SIGINT)
        assert running.wait(15) == 0, "the server has 20 s to answer"
        line.close()
    assert states() == ["waiting"]
    work()
    assert len(mailbox.messages) == 1


def _end_the_lease():
    """As if the time of the lease, and that for taking over its mail, were over."""
    over = {"lease": deliveries.LAPSED, "leased_until": transactions.now() - timedelta(seconds=1)}
    db.session.query(Delivery).update(over)
    db.session.commit()


def test_an_error_in_one_job_is_logged_and_does_not_stop_the_others(cast, mailbox, _sending_desk):
    def explode():
        raise RuntimeError("out of cheese")

    ticket(cast.ada)
    db.session.rollback()
    broken = worker.Job("broken", explode, 1)
    worker.run_once(_sending_desk, (broken, *worker.JOBS, broken))
    assert len(mailbox.messages) == 1


def test_a_worker_outlives_a_database_that_fails_for_a_while(cast, mailbox, work):
    ticket(cast.ada)
    _rename("deliveries", "away")
    try:
        work()
    finally:
        _rename("away", "deliveries")
    assert mailbox.messages == []
    work()
    assert len(mailbox.messages) == 1


def _rename(old, new):
    db.session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
    db.session.commit()


def test_a_resolved_ticket_closes_after_its_days_and_not_before(cast, mailbox, work):
    early, late = ticket(cast.ada, subject="Early"), ticket(cast.ada, subject="Late")
    now = transactions.now()
    act(tickets.set_status, early, "resolved", by=cast.cleo, at=now - timedelta(days=7, minutes=1))
    act(tickets.set_status, late, "resolved", by=cast.cleo, at=now - timedelta(days=6, hours=23))
    work()
    assert (early.status, late.status) == ("closed", "resolved")
    event = db.session.query(Event).filter_by(kind="closed").one()
    assert event.ticket_id == early.id and event.actor is None
    work()
    assert db.session.query(Event).filter_by(kind="closed").count() == 1


def test_the_trash_is_emptied_after_its_days_with_all_that_belongs_to_it(cast, work):
    old, young = ticket(cast.ada), ticket(cast.ada)
    numbers = old.id, young.id
    now = transactions.now()
    act(tickets.trash, old, by=cast.eve, at=now - timedelta(days=31))
    act(tickets.trash, young, by=cast.eve, at=now - timedelta(days=29))
    work()
    assert [number for (number,) in db.session.query(Ticket.id)] == [numbers[1]]
    assert db.session.query(Event).filter_by(ticket_id=numbers[0]).count() == 0
    assert db.session.query(Event).filter_by(kind="purged").one().facts == {"number": numbers[0]}


def test_what_nobody_needs_any_more_is_forgotten(cast, work):
    long_ago = transactions.now() - timedelta(days=70)
    with transactions.writing():
        ada = db.session.merge(cast.ada)
        one_time_links.make(ada, "reset", at=long_ago)
        one_time_links.make(ada, "reset")
        sessions.start(ada, keep=True, ip="", user_agent="", at=long_ago)
        sessions.start(ada, keep=True, ip="", user_agent="")
        drafts.keep(ada, "/tickets/new", {"subject": "old"}, long_ago)
        drafts.keep(ada, "/tickets/1/messages", {"body": "new"})
    rate_limits.count(rate_limits.RESET_CLIENT, "10.0.0.1", long_ago)
    rate_limits.count(rate_limits.RESET_CLIENT, "10.0.0.1")
    work()
    for table in (OneTimeLink, Session, Draft, Attempt):
        assert db.session.query(table).count() == 1, table.__tablename__


def test_the_worker_counts_for_the_dashboard_of_a_large_desk(app, cast, monkeypatch):
    monkeypatch.setattr(daily_counts, "LARGE", 1)
    ticket(cast.ada)
    worker.run_once(app)
    assert db.session.get(DeskFact, daily_counts.FACT) is not None
