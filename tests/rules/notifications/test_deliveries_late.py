"""Deliveries when time goes wrong: leases that end, a clock that is set back, a mail server that is away for days."""

from datetime import timedelta

import pytest

from helpdesk.db import transactions
from helpdesk.notifications import deliveries
from models import Delivery, db


def test_a_worker_that_could_not_write_has_a_moment_to_say_that_the_mail_is_sent(number, row):
    now = transactions.now()
    slow = deliveries.claim(number, now)
    ended = now + timedelta(hours=1)
    assert deliveries.due(ended) == [], "the database works again, and nobody takes the mail at once"
    deliveries.lapse(ended)
    assert deliveries.claim(number, ended) is None
    deliveries.finish(slow, ended)
    assert row(number).state == "sent" and deliveries.due(ended + timedelta(hours=1)) == []


def test_a_mail_that_the_server_took_is_sent_whoever_has_the_lease_by_now(number, row):
    now = transactions.now()
    slow = deliveries.claim(number, now)
    deliveries.lapse(now + timedelta(hours=1))
    quick = deliveries.claim(number, now + timedelta(hours=2))
    deliveries.finish(slow)
    deliveries.fail(quick, "451 try later")
    assert (row(number).state, row(number).last_error) == ("sent", None)


# ---- a clock that is set back


def test_after_the_clock_was_set_back_no_mail_waits_longer_than_its_wait(number):
    now = transactions.now()
    ahead = now + timedelta(hours=6)
    deliveries.fail(deliveries.claim(number, ahead), "451 busy", at=ahead)
    assert deliveries.due(now) == [] and deliveries.correct_clock(now) == 1
    assert deliveries.due(now) == [number] and deliveries.correct_clock(now) == 0


def test_a_new_mail_of_a_clock_that_was_ahead_is_due(number):
    now = transactions.now()
    db.session.query(Delivery).update({"due_at": now + timedelta(hours=3)})
    db.session.commit()
    deliveries.correct_clock(now)
    assert deliveries.due(now) == [number]


@pytest.mark.parametrize("tries", range(1, len(deliveries.WAITS) + 1))
def test_a_wait_that_is_as_long_as_it_should_be_stays(number, tries):
    now = transactions.now()
    db.session.query(Delivery).update({"attempts": tries - 1})
    db.session.commit()
    deliveries.fail(deliveries.claim(number, now), "451 busy", at=now)
    assert deliveries.correct_clock(now) == 0
    assert deliveries.correct_clock(now - timedelta(minutes=6)) == 1


def test_the_undo_window_of_a_new_mail_stays(number):
    now = transactions.now()
    db.session.query(Delivery).update({"due_at": now + timedelta(seconds=120)})
    db.session.commit()
    assert deliveries.correct_clock(now) == 0


def test_a_lease_from_a_clock_that_was_ahead_ends(number):
    now = transactions.now()
    deliveries.claim(number, now + timedelta(hours=5))
    deliveries.lapse(now)
    assert deliveries.due(now + deliveries.TAKEOVER + timedelta(seconds=1)) == [number]


def test_a_takeover_from_a_clock_that_was_ahead_does_not_wait_either(number):
    now = transactions.now()
    deliveries.claim(number, now)
    deliveries.lapse(now + timedelta(hours=5))
    assert deliveries.due(now) == [number]


# ---- a mail server that takes no mails


def test_a_mail_that_was_not_tried_after_all_has_no_try_counted(number, row):
    claim = deliveries.claim(number)
    deliveries.release(claim, "The mail server could not be reached")
    assert (row(number).state, row(number).attempts) == ("waiting", 0)
    assert row(number).last_error == "The mail server could not be reached"


def test_mails_wait_for_a_server_as_long_as_for_all_tries_together_and_are_then_given_up(number, row):
    now = transactions.now()
    deliveries.note_outage([number], "away", now + deliveries.LONGEST_OUTAGE - timedelta(hours=1))
    assert (row(number).state, row(number).last_error) == ("waiting", "away")
    deliveries.note_outage([number], "still away", now + deliveries.LONGEST_OUTAGE + timedelta(hours=1))
    assert (row(number).state, row(number).last_error) == ("failed", "still away")
