"""How much one person may do: exact in the database, coarse in memory, and never for longer than its time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest

from helpdesk.errors import TooMany
from helpdesk.limits import usage_limits
from helpdesk.limits.token_buckets import FULL, TokenBuckets
from helpdesk.limits.usage_limits import RAISE, REPLY, UPLOAD
from models import UsageCount, db
from tests.support.builders import act

NOON = datetime(2026, 11, 27, 12, 0, 30, tzinfo=timezone.utc)


def after(minutes):
    return NOON + timedelta(minutes=minutes)


def spend(person, limit=RAISE, most=3, **more):
    """The wait, or None where it was counted."""
    try:
        act(usage_limits.spend, limit, person.id, most=most, **more)
    except TooMany as no:
        return no.wait
    return None


def test_who_did_as_much_as_is_allowed_in_an_hour_has_to_wait_until_the_first_is_an_hour_old(cast):
    assert [spend(cast.ada, at=after(minute)) for minute in (0, 10, 20)] == [None] * 3
    assert spend(cast.ada, at=after(30)) == timedelta(minutes=30, seconds=30)
    assert spend(cast.ada, at=after(60)) == timedelta(seconds=30)
    assert spend(cast.ada, at=after(61)) is None
    assert spend(cast.ada, at=after(61)) == timedelta(minutes=9, seconds=30)


def test_a_refused_act_counts_nothing(cast):
    for minute in range(60):
        spend(cast.ada, at=after(minute))
    assert db.session.get(UsageCount, (cast.ada.id, "raise")).minutes.values().__len__() == 3


def test_an_act_that_is_rolled_back_counts_nothing(cast):
    def fail():
        usage_limits.spend(RAISE, cast.ada.id, most=3)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        act(fail)
    assert db.session.query(UsageCount).count() == 0


def test_others_and_other_acts_are_counted_apart(cast):
    for _time in range(4):
        spend(cast.ada)
    assert spend(cast.ada) is not None
    assert spend(cast.ben) is None and spend(cast.ada, REPLY) is None


def test_amounts_are_added_up_and_the_wait_is_until_enough_of_them_is_an_hour_old(cast):
    assert spend(cast.ada, UPLOAD, most=100, amount=60, at=after(0)) is None
    assert spend(cast.ada, UPLOAD, most=100, amount=30, at=after(5)) is None
    assert spend(cast.ada, UPLOAD, most=100, amount=10, at=after(6)) is None
    assert spend(cast.ada, UPLOAD, most=100, amount=65, at=after(7)) == timedelta(minutes=58, seconds=30)
    assert spend(cast.ada, UPLOAD, most=100, amount=60, at=after(61)) is None


def test_what_was_counted_by_a_clock_that_was_ahead_keeps_nobody_waiting(cast):
    for _time in range(3):
        spend(cast.ada, at=after(600))
    assert spend(cast.ada, at=after(0)) is None


def test_looking_counts_nothing(cast):
    usage_limits.check(RAISE, cast.ada.id, most=1)
    spend(cast.ada, most=1)
    with pytest.raises(TooMany):
        usage_limits.check(RAISE, cast.ada.id, most=1)
    assert list(db.session.get(UsageCount, (cast.ada.id, "raise")).minutes.values()) == [1]


def test_of_twenty_at_once_no_more_than_the_limit_get_through(app, cast):
    number = cast.ada.id
    db.session.rollback()

    def one_try(_time):
        with app.app_context():
            try:
                act(usage_limits.spend, RAISE, number, most=7)
            except TooMany:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(8) as pool:
        allowed = sum(pool.map(one_try, range(20)))
    assert allowed == 7


# ---- in memory


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def buckets(clock):
    return TokenBuckets(lambda: clock[0])


def test_a_bucket_lets_its_number_through_and_fills_up_again(buckets, clock):
    take = {"most": 6, "seconds": 60}
    assert [buckets.take("ada", **take) for _time in range(6)] == [None] * 6
    assert buckets.take("ada", **take) == timedelta(seconds=10)
    assert buckets.take("ben", **take) is None
    clock[0] += 10
    assert buckets.take("ada", **take) is None
    assert buckets.take("ada", **take) == timedelta(seconds=10)
    clock[0] += 3600
    assert [buckets.take("ada", **take) for _time in range(7)].count(None) == 6


def test_what_is_larger_than_a_bucket_goes_through_when_it_is_full(buckets):
    assert buckets.take("ada", most=6, seconds=60, amount=9) is None
    assert buckets.take("ada", most=6, seconds=60, amount=1) == timedelta(seconds=40)


def test_buckets_that_nobody_needs_any_more_take_no_memory(buckets, clock):
    for number in range(FULL):
        buckets.take(number, most=6, seconds=60)
    clock[0] += 60
    buckets.take("ada", most=6, seconds=60)
    assert list(buckets._buckets) == ["ada"]
