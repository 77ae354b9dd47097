"""A mail server whose mood changes at random, and one that is slow: no mail is lost, and nothing else waits for it."""

import random
import threading
import time
from collections import Counter

import pytest

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from integrations.mail import smtp
from jobs import worker
from models import BulkItem, BulkJob, Delivery, Ticket, db
from tests.integrations.mail.test_mail_moods import BROKEN, FOR_GOOD, FOR_NOW, MAILS, WITHOUT_END
from tests.support.builders import ticket
from tests.support.servers.moody_server import MoodyServer, wait_until

pytestmark = pytest.mark.soak

COUNT, WORKERS = 600, 3
TICKETS = 1530
SEED = 2026
# How often a step goes wrong, and how much of that is final: the others are tried again up to ten times.
WRONG, FINAL = 0.06, 0.1


class Moods:
    """What the server does is drawn anew for each step, and counted."""

    def __init__(self):
        self.dice, self.met, self.lock = random.Random(SEED), Counter(), threading.Lock()

    def __call__(self, step, count):
        with self.lock:
            if self.dice.random() > WRONG:
                return None
            mood = self.dice.choice(
                FOR_GOOD if self.dice.random() < FINAL else FOR_NOW + BROKEN + WITHOUT_END + ["lost"] * 2
            )
            self.met[mood.partition(" ")[0]] += 1
            return mood


def test_a_moody_mail_server_loses_no_mail_and_no_mail_pays_for_another(cast, make_app, monkeypatch):
    monkeypatch.setattr(smtp, "LONGEST", 0.5)
    for _ in range(COUNT):
        ticket(cast.ada)
    db.session.rollback()
    began = time.monotonic()
    with MoodyServer(moods := Moods()) as server:
        desk = make_app(**server.settings, MAIL_FROM="it@desk.test")
        desk.config["MAIL_TIMEOUT"] = 0.2
        rounds = work_off(desk)
    check(server)
    report(server, moods, rounds, time.monotonic() - began)


def work_off(desk):
    """Several workers at once, until nothing waits; each wait for another try is over at once."""
    for number in range(1, 1000):
        several = [threading.Thread(target=worker.run_once, args=(desk, MAILS)) for _ in range(WORKERS)]
        for one in several:
            one.start()
        for one in several:
            one.join()
        db.session.rollback()
        if not db.session.query(Delivery).filter(Delivery.state.in_(("waiting", "sending"))).count():
            return number
        db.session.query(Delivery).filter_by(state="waiting").update({"due_at": Delivery.created_at})
        db.session.commit()
    raise AssertionError("mails still wait after a thousand rounds")


def check(server):
    taken = set(server.taken)
    for mail in db.session.query(Delivery):
        if mail.state == "sent":
            assert f"<{mail.message_id}@desk.test>" in taken
        else:
            assert mail.state == "failed" and any(answer in mail.last_error for answer in FOR_GOOD), mail.last_error
    assert len(taken) <= COUNT, "a repetition has the Message-ID of the mail it repeats"


def report(server, moods, rounds, took):
    ended = states(Delivery)
    tries = db.session.query(db.func.max(Delivery.attempts)).scalar()
    arrived = Counter(server.taken)
    met = ", ".join(f"{count} x {mood}" for mood, count in sorted(moods.met.items()))
    print(f"\n{time.strftime('%Y-%m-%d')} on {db.engine.dialect.name}, seed {SEED}: {COUNT} mails, {WORKERS} workers.")
    print(f"{moods.met.total()} moods ({met}), {server.connections} connections, {rounds} rounds, {took:.0f} s.")
    print(f"{ended['sent']} sent, {ended['failed']} given up after a final refusal, at most {tries} tries for a mail.")
    print(f"{sum(count > 1 for count in arrived.values())} arrived more than once, each with its own Message-ID.")


def test_a_mail_server_that_takes_8_seconds_a_mail_holds_up_no_bulk_change(cast, make_app):
    for _ in range(TICKETS):
        ticket(cast.ada)
    with transactions.writing():
        numbers = [number for (number,) in db.session.query(Ticket.id)]
        jobs.start_with(numbers, {"priority": "high"}, by=db.session.merge(cast.cleo))
    with MoodyServer(lambda step, count: time.sleep(8) if step == "dot" else None) as server:
        working = worker.Worker(make_app(**server.settings, MAIL_FROM="it@desk.test"))
        began = time.monotonic()
        working.start()
        try:
            wait_until(lambda: states(BulkJob) == {"done": 1}, seconds=300)
            took, mails = time.monotonic() - began, states(Delivery)
        finally:
            working.stop()
    print(f"\n{TICKETS} tickets were changed in {took:.1f} s, while {mails['sent']} mails were sent at 8 s each.")
    assert mails["waiting"] > 0 and states(BulkItem) == {"done": TICKETS}


def states(table):
    db.session.rollback()
    return Counter(state for (state,) in db.session.query(table.state))
