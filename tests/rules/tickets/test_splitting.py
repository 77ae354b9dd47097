"""Splitting merged tickets again: who still watches what, however the tickets were merged and in which order."""

import pytest

from helpdesk.access import visibility
from helpdesk.tickets import merging, tickets
from models import Ticket, db
from tests.support.builders import act, ticket


@pytest.fixture
def three(cast):
    """Two tickets of Ada's and one of Ben's."""
    return ticket(cast.ada, "First"), ticket(cast.ada, "Second"), ticket(cast.ben, "Third")


def merge(cast, one, other, follow=True):
    act(merging.merge, one, other, by=cast.cleo, follow=follow)


def split(cast, one):
    act(merging.split_again, one, by=cast.dan)


def sees(person, made):
    db.session.rollback()
    db.session.expire_all()
    return visibility.sees_ticket(person, db.session.get(Ticket, made.id))


def test_who_came_along_a_chain_leaves_all_of_it(cast):
    one, other, third = ticket(cast.ada, "First"), ticket(cast.ben, "Second"), ticket(cast.mel, "Third")
    merge(cast, one, other)
    merge(cast, other, third)
    assert sees(cast.ada, third) and sees(cast.ben, third)
    split(cast, one)
    assert not sees(cast.ada, other) and not sees(cast.ada, third) and sees(cast.ben, third)
    split(cast, other)
    assert not sees(cast.ben, third)


def test_along_a_chain_a_requester_on_the_way_stays(cast, three):
    one, other, third = three
    merge(cast, one, other)
    merge(cast, other, third)
    split(cast, one)
    assert sees(cast.ada, third)
    split(cast, other)
    assert not sees(cast.ada, third)


@pytest.mark.parametrize("first", [0, 1])
def test_who_follows_another_ticket_that_is_still_part_of_it_stays_until_that_one_is_split_too(cast, three, first):
    *both, third = three
    for one in both:
        merge(cast, one, third)
    split(cast, both[first])
    assert sees(cast.ada, third)
    split(cast, both[1 - first])
    assert not sees(cast.ada, third)


def test_who_was_not_let_follow_on_account_of_one_ticket_is_not_left_there_by_another(cast, three):
    one, other, third = three
    merge(cast, one, third, follow=False)
    merge(cast, other, third)
    split(cast, other)
    assert not sees(cast.ada, third)


def test_who_was_added_by_hand_after_it_stays(cast, three):
    one, other, third = three
    merge(cast, one, third)
    act(tickets.remove_watcher, third, watcher=cast.ada, by=cast.cleo)
    act(tickets.add_watcher, third, watcher=cast.ada, by=cast.cleo)
    merge(cast, other, third)
    split(cast, one)
    split(cast, other)
    assert sees(cast.ada, third)


def test_who_was_added_by_hand_after_a_split_stays_when_the_next_one_is_split(cast):
    one, other, third = ticket(cast.ada, "First"), ticket(cast.ben, "Second"), ticket(cast.mel, "Third")
    merge(cast, one, other)
    merge(cast, other, third)
    split(cast, one)
    act(tickets.add_watcher, third, watcher=cast.ada, by=cast.cleo)
    split(cast, other)
    assert sees(cast.ada, third) and not sees(cast.ben, third)
