"""How often somebody may try: counted in the database for all processes alike, and never a lock-out for good."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from models import Attempt, db
from tests.support.builders import act

LIMIT = rate_limits.Limit("tests", 3, timedelta(minutes=15))


def test_after_so_many_tries_one_has_to_wait_and_then_may_again(app):
    now = transactions.now()
    assert [rate_limits.count(LIMIT, "ada", now + timedelta(minutes=m)) for m in (0, 5, 10)] == [None] * 3
    assert rate_limits.count(LIMIT, "ada", now + timedelta(minutes=12)) == timedelta(minutes=3)
    assert rate_limits.count(LIMIT, "ada", now + timedelta(minutes=15, seconds=1)) is None


def test_refused_tries_do_not_make_the_wait_longer(app):
    now = transactions.now()
    for minute in range(14):
        rate_limits.count(LIMIT, "ada", now + timedelta(minutes=minute))
    assert rate_limits.count(LIMIT, "ada", now + timedelta(minutes=15, seconds=1)) is None


def test_others_and_other_acts_are_counted_apart(app):
    for _try in range(4):
        rate_limits.count(LIMIT, "ada")
    assert rate_limits.count(LIMIT, "ben") is None
    assert rate_limits.count(rate_limits.Limit("other", 3, timedelta(minutes=15)), "ada") is None


def test_tries_that_come_at_once_are_all_counted(app):
    def one_try(_number):
        with app.app_context():
            return rate_limits.count(LIMIT, "ada") is None

    with ThreadPoolExecutor(12) as pool:
        allowed = sum(pool.map(one_try, range(12)))
    assert allowed <= LIMIT.most
    assert db.session.query(Attempt).count() <= LIMIT.most


def test_the_right_password_clears_the_account_but_not_what_the_client_tried_on_others(app):
    for number in range(5):
        rate_limits.count_sign_in(f"person{number}@example.com", "192.0.2.1")
    rate_limits.count_sign_in("ada@example.com", "192.0.2.1")
    act(rate_limits.forget_sign_in, "ada@example.com", "192.0.2.1")
    assert db.session.query(Attempt).filter(Attempt.key.like("sign-in-client:%")).count() == 5
    assert db.session.query(Attempt).filter(Attempt.key.like("sign-in-account:%")).count() == 5


def test_guessing_from_one_place_does_not_keep_the_owner_out_who_is_elsewhere(app):
    tries = [rate_limits.count_sign_in("ada@example.com", "192.0.2.1") for _try in range(20)]
    assert tries[:10] == [None] * 10 and all(tries[10:])
    assert rate_limits.count_sign_in("ada@example.com", "192.0.2.2") is None


def test_guessing_from_many_places_is_stopped_by_the_account(app):
    tries = [rate_limits.count_sign_in("ada@example.com", f"192.0.2.{n}") for n in range(40)]
    assert tries[:30] == [None] * 30 and all(tries[30:])


def test_old_tries_are_swept_and_addresses_are_kept_only_as_hashes(app):
    now = transactions.now()
    rate_limits.count(LIMIT, "ada@example.com", now - timedelta(hours=2))
    rate_limits.count(LIMIT, "ada@example.com", now)
    assert act(rate_limits.sweep, now) == 1
    assert "ada" not in db.session.query(Attempt).one().key
