"""Links that work once, for a while, for one purpose."""

from datetime import timedelta

import pytest

from helpdesk import accounts, links, people, store
from models import OneTimeLink, db
from tests.builders import act


@pytest.mark.parametrize(
    "purpose, lasts", [("confirm", {"hours": 24}), ("reset", {"minutes": 60}), ("address", {"hours": 24})]
)
def test_a_link_works_until_its_time_is_over(cast, purpose, lasts):
    now = store.now()
    token = act(links.make, cast.ada, purpose, at=now)
    almost = now + timedelta(**lasts) - timedelta(seconds=1)
    assert links.find(token, purpose, almost).person is cast.ada
    assert links.find(token, purpose, now + timedelta(**lasts)) is None


def test_a_link_works_once_and_for_its_own_purpose_only(cast):
    token = act(links.make, cast.ada, "confirm")
    assert links.find(token, "reset") is None
    act(lambda: links.use(links.find(token, "confirm")))
    assert links.find(token, "confirm") is None


def test_using_a_link_makes_its_brothers_worthless(cast):
    older, newer = act(links.make, cast.ada, "reset"), act(links.make, cast.ada, "reset")
    act(lambda: links.use(links.find(newer, "reset")))
    assert links.find(older, "reset") is None


def test_only_the_hash_of_a_link_is_kept(cast):
    token = act(links.make, cast.ada, "reset")
    row = db.session.query(OneTimeLink).one()
    assert token not in str(vars(row)) and len(row.token_hash) == 64


def test_a_new_password_makes_links_to_set_one_worthless(cast):
    token = act(links.make, cast.ada, "reset")
    act(accounts.set_password, cast.ada, "hash")
    assert links.find(token, "reset") is None


def test_whoever_is_switched_off_has_no_links(cast):
    token = act(links.make, cast.ada, "reset")
    act(people.switch_off, cast.ada, by=cast.eve)
    assert links.find(token, "reset") is None
    act(people.switch_on, cast.ada, by=cast.eve)
    assert links.find(token, "reset") is None


def test_old_links_are_swept_a_month_later(cast):
    now = store.now()
    act(links.make, cast.ada, "reset", at=now - timedelta(days=32))
    act(links.make, cast.ada, "reset", at=now)
    act(links.sweep, now)
    assert db.session.query(OneTimeLink).count() == 1
