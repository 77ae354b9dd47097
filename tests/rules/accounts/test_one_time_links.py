"""Links that work once, for a while, for one purpose."""

from datetime import timedelta

import pytest

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.db import transactions
from models import OneTimeLink, db
from tests.support.builders import act


@pytest.mark.parametrize(
    "purpose, lasts", [("confirm", {"hours": 24}), ("reset", {"minutes": 60}), ("address", {"hours": 24})]
)
def test_a_link_works_until_its_time_is_over(cast, purpose, lasts):
    now = transactions.now()
    token = act(one_time_links.make, cast.ada, purpose, at=now)
    almost = now + timedelta(**lasts) - timedelta(seconds=1)
    assert one_time_links.find(token, purpose, almost).person is cast.ada
    assert one_time_links.find(token, purpose, now + timedelta(**lasts)) is None


def test_a_link_works_once_and_for_its_own_purpose_only(cast):
    token = act(one_time_links.make, cast.ada, "confirm")
    assert one_time_links.find(token, "reset") is None
    act(lambda: one_time_links.use(one_time_links.find(token, "confirm")))
    assert one_time_links.find(token, "confirm") is None


def test_using_a_link_makes_its_brothers_worthless(cast):
    older, newer = act(one_time_links.make, cast.ada, "reset"), act(one_time_links.make, cast.ada, "reset")
    act(lambda: one_time_links.use(one_time_links.find(newer, "reset")))
    assert one_time_links.find(older, "reset") is None


def test_only_the_hash_of_a_link_is_kept(cast):
    token = act(one_time_links.make, cast.ada, "reset")
    row = db.session.query(OneTimeLink).one()
    assert token not in str(vars(row)) and len(row.token_hash) == 64


def test_a_new_password_makes_links_to_set_one_worthless(cast):
    token = act(one_time_links.make, cast.ada, "reset")
    act(self_service.set_password, cast.ada, "hash")
    assert one_time_links.find(token, "reset") is None


def test_whoever_is_switched_off_has_no_links(cast):
    token = act(one_time_links.make, cast.ada, "reset")
    act(people.switch_off, cast.ada, by=cast.eve)
    assert one_time_links.find(token, "reset") is None
    act(people.switch_on, cast.ada, by=cast.eve)
    assert one_time_links.find(token, "reset") is None


def test_old_links_are_swept_a_month_later(cast):
    now = transactions.now()
    act(one_time_links.make, cast.ada, "reset", at=now - timedelta(days=32))
    act(one_time_links.make, cast.ada, "reset", at=now)
    act(one_time_links.sweep, now)
    assert db.session.query(OneTimeLink).count() == 1
