"""What is offered while a query is typed, and that it finds what it was offered for, whatever signs its name holds."""

from zoneinfo import ZoneInfo

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.query import language
from helpdesk.search import autocomplete, search
from helpdesk.search.filters import SearchContext
from helpdesk.tickets import tags, tickets
from tests.support import builders
from tests.support.builders import act


def offered(person, typed):
    return [choice.text for choice in autocomplete.complete(typed, search.known_to(person), person)]


def found(person, typed):
    wanted = language.parse(typed, search.known_to(person))
    return [row.id for row in search.run(wanted, SearchContext(person, ZoneInfo("UTC"), transactions.now())).rows]


def agent(name, email="bob@example.com"):
    return act(people.add, name, email, role="agent", confirmed_at=transactions.now(), password_hash="x")


NAMES = {
    'Robert "Bob" Smith': ["rob", "bob", '"robert bob', "smi", "“bob"],
    "Robert “Bob Lee” Smith": ["bob", '"bob l', "lee"],
    "„Bob“ Smith": ["bob"],
    'Nils O"Neil': ["on", "nils"],
    "Support » Bob": ["bob", '"support b'],
    "김민수": ["김", "김민", "기"],
    "Žofie, Núñez": ["zof", "Nun", "Žof"],
}


@pytest.mark.parametrize("field", ["assignee", "requester"])
@pytest.mark.parametrize("name, typed", [(name, typed) for name, some in NAMES.items() for typed in some])
def test_whatever_signs_a_name_holds_it_is_offered_and_found(cast, field, name, typed):
    bob = agent(name)
    builders.ticket(cast.ada)
    made = builders.ticket(bob)
    act(tickets.assign, made, to=bob, by=cast.cleo)
    (text,) = offered(cast.cleo, f"{field}:{typed}")
    assert found(cast.cleo, text) == [made.id] and found(cast.cleo, f"{text}printer") == [made.id]


def test_of_many_with_the_same_letters_those_whose_names_begin_so_are_offered(cast):
    for number in range(20):
        act(people.add, f"A{number:02} Rosanna", f"a{number}@example.com")
    act(people.add, "Zoe Annan", "annan@example.com")
    assert offered(cast.cleo, "requester:ann") == ['requester:"zoe annan" ']


def test_a_tag_is_offered_however_many_come_before_it(cast):
    for first in range(0, 210, 10):
        act(tags.set_tags, builders.ticket(cast.ada), [f"tag{first + n:03}" for n in range(10)], by=cast.cleo)
    assert offered(cast.cleo, "tag:tag209") == ["tag:tag209 "] and offered(cast.cleo, "tag:TAG20")[0] == "tag:tag200 "
    assert len(offered(cast.cleo, "tag:")) == autocomplete.MOST


def test_a_tag_that_holds_a_quotation_mark_is_offered_and_found(cast):
    made = builders.ticket(cast.ada)
    act(tags.set_tags, made, ['5"disk'], by=cast.cleo)
    (text,) = offered(cast.cleo, "tag:5")
    assert found(cast.cleo, text) == [made.id] == found(cast.cleo, f"{text}printer")


@pytest.mark.parametrize("typed", ["하", "하드", '"하드웨어 ', "hard", "HÁRD"])
def test_a_category_is_offered_in_any_script(cast, typed):
    filed = [builders.category(name, position=n) for n, name in enumerate(("하드웨어 수리", "Härdware"))]
    made = [builders.ticket(cast.ada, category=one) for one in filed]
    (text,) = offered(cast.cleo, f"category:{typed}")
    assert found(cast.cleo, text) == [made[typed.isascii() or typed[0] == "H"].id]


@pytest.mark.parametrize("typed", ["requester:\x00a", "tag:\x00", "assignee:a\x00\x07da", "\x00sta", "category:\ud800"])
def test_control_characters_break_nothing_off(cast, typed):
    assert isinstance(offered(cast.cleo, typed), list)


def test_a_blank_at_the_end_says_that_the_word_is_whole(cast):
    assert offered(cast.cleo, "stat") == ["status:"] and offered(cast.cleo, "stat ") == []
    assert offered(cast.cleo, "  requester:\x00ok") == ['requester:"ada okafor" ']


def test_a_requester_cannot_try_out_addresses(cast):
    made = builders.ticket(cast.ada)
    act(tickets.assign, made, to=cast.cleo, by=cast.cleo)
    for typed in ("assignee:cleo@example.com", "requester:ada@example.com"):
        assert found(cast.cleo, typed) == [made.id] and found(cast.ada, typed) == [], typed
    assert found(cast.ada, "assignee:cleo") == [made.id] == found(cast.ada, "requester:okafor")
