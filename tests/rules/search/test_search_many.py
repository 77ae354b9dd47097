"""Searching among many tickets, where the index has to be asked and a common word is not followed to its end."""

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select

from helpdesk.db import transactions
from helpdesk.query import language
from helpdesk.search import full_text, search
from helpdesk.tickets import tickets
from models import Ticket, db
from tests.rules.search.test_search import asker, found
from tests.support import builders


@pytest.fixture
def many(cast, monkeypatch):
    """Forty tickets on a desk for which five are many, so that the index has to be asked."""
    for name, value in (("MOST", 10), ("FEW", 3), ("SAMPLE", 5), ("COMMON", 2), ("ENOUGH", 3), ("DEEP", 20)):
        monkeypatch.setattr(full_text, name, value)
    monkeypatch.setattr(full_text, "WINDOWS", (5, 10, 20))
    at = datetime(2026, 1, 1, tzinfo=timezone.utc)
    with transactions.writing():
        for number in range(40):
            odd = "rare " if number in (3, 7) else ""
            tickets.raise_ticket(
                by=cast.ada if number % 2 else cast.ben,
                subject=f"Common case {number}",
                description=f"{odd}nothing special here {'even' if number % 4 else 'fourth'}",
                priority="high" if number < 20 else "low",
                at=at + timedelta(hours=number),
            )
    return list(db.session.scalars(select(Ticket.id).order_by(Ticket.id)))


def test_a_rare_word_is_found_wherever_it_stands(many, cast):
    assert found(cast.cleo, "rare") == [many[7], many[3]]
    assert found(cast.cleo, "rare common") == [many[7], many[3]]
    assert found(cast.cleo, "rar") == [many[7], many[3]]
    assert found(cast.cleo, '"rare nothing"') == [many[7], many[3]]
    assert found(cast.cleo, "rare -fourth requester:ada") == [many[7], many[3]]
    assert found(cast.ben, "rare") == []


def test_of_a_common_word_the_newest_are_found_and_it_is_said_that_there_are_more(many, cast):
    results = search.run(language.parse("common", search.known_to(cast.cleo)), asker(cast.cleo))
    assert results.rows[0].id == many[-1] and 3 <= results.total <= 10 and not results.all
    rare = search.run(language.parse("rare", search.known_to(cast.cleo)), asker(cast.cleo))
    assert rare.total == 2 and rare.all


def test_where_the_index_was_left_before_its_end_it_is_said_that_there_may_be_more(many, cast, monkeypatch):
    for most, whole in ((4, True), (2, False)):
        for name, value in (("FETCHED", most // 2), ("DEEP", most), ("IN_TRASH", most - full_text.MOST)):
            monkeypatch.setattr(full_text, name, value)
        for typed in ("rare", "rare requester:ada", "rare requester:ben"):
            results = search.run(language.parse(typed, search.known_to(cast.cleo)), asker(cast.cleo))
            assert results.all is whole, typed


def test_words_that_are_common_one_by_one_and_seldom_together_are_found(many, cast):
    with transactions.writing():
        for number in range(12):
            builder = "alpha bravo" if number == 0 else ("alpha", "bravo")[number % 2]
            tickets.raise_ticket(by=cast.ben, subject=f"Case {number}", description=builder)
    together = db.session.scalar(select(Ticket.id).where(Ticket.description == "alpha bravo"))
    assert found(cast.cleo, "alpha bravo") == [together]
    assert found(cast.cleo, '"alpha bravo"') == [together]
    assert found(cast.cleo, '"bravo alpha"') == []


def test_of_many_tickets_each_spelling_finds_the_few_that_say_another(many, cast):
    made = {
        text: builders.ticket(cast.ada, "Odd", f"a {text} b").id for text in ("Wi-Fi", "AzureAD", "Müller", "KB5034441")
    }
    for _ in range(12):
        builders.ticket(cast.ben, "Common case", "nothing")
    for said, typed in (
        ("Wi-Fi", "wifi"),
        ("Wi-Fi", "wi-fi"),
        ("AzureAD", "azure ad"),
        ("Müller", "mueller common"),
        ("KB5034441", "kb 5034441"),
        ("AzureAD", "azure ad odd"),
        ("Müller", "müller odd"),
    ):
        assert (made[said] in found(cast.cleo, typed)) is ("common" not in typed), typed
