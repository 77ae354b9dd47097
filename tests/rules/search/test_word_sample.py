"""How often words are said in the newest tickets, as each process keeps it in memory."""

import pytest
from hypothesis import given, strategies as some
from sqlalchemy import event

from helpdesk.query import language
from helpdesk.search import full_text, search, word_sample
from helpdesk.search.word_sample import Sample
from models import db
from tests.rules.search.test_search import asker, found
from tests.support import builders

DOCUMENTS = some.lists(some.lists(some.sampled_from("pc printer print paper papers jam".split())), max_size=8)


@given(DOCUMENTS, some.sampled_from("pc print printer pa paper z".split()), some.booleans())
def test_a_sample_knows_which_tickets_say_a_word_or_begin_one_so(documents, word, begun):
    said = Sample([(f" {' '.join(words)} ", "") for words in documents]).saying(word, begun)
    for place, words in enumerate(documents):
        says = any(other == word or begun and other.startswith(word) for other in words)
        assert bool(said >> place & 1) is says


def test_notes_count_as_well():
    assert Sample([(" lamp ", " zanzibar "), (" zanzibar ", "")]).saying("zanzibar", False) == 0b11


def test_a_desk_with_too_few_tickets_has_no_sample(cast):
    builders.ticket(cast.ada, "Printer", "x")
    assert word_sample.of_newest(2) is None and word_sample.of_newest(1).size == 1


def test_the_sample_is_read_once_and_again_after_ten_minutes(cast, monkeypatch):
    builders.ticket(cast.ada, "Printer", "x")
    first = word_sample.of_newest(1)
    builders.ticket(cast.ada, "Scanner", "x")
    assert word_sample.of_newest(1) is first
    monkeypatch.setattr(first, "made", first.made - word_sample.SECONDS - 1)
    again = word_sample.of_newest(1)
    assert again is not first and again.saying("scanner", False) and not again.saying("printer", False)


@pytest.mark.parametrize("common", [0, 100])
def test_what_is_found_does_not_depend_on_the_age_of_the_sample(cast, monkeypatch, common):
    """Rare or common: by the index, or among the newest; with a sample from before the tickets were raised."""
    for name, value in (("SAMPLE", 2), ("COMMON", common), ("WINDOWS", (50,))):
        monkeypatch.setattr(full_text, name, value)
    for number in range(2):
        builders.ticket(cast.ben, f"Lamp {number}", "x")
    assert found(cast.cleo, "wombat") == []
    first = builders.ticket(cast.ada, "Wombat in the printer", "jam")
    second = builders.ticket(cast.ada, "Wombats", "printer")
    assert found(cast.cleo, "wombat") == [first.id, second.id]
    assert found(cast.cleo, "printer wombat -jam") == [second.id]
    assert found(cast.cleo, '"wombat in" prin') == [first.id] and found(cast.cleo, "wombat scanner") == []


def test_a_further_search_for_a_word_asks_the_database_once(cast, monkeypatch):
    monkeypatch.setattr(full_text, "SAMPLE", 1)
    builders.ticket(cast.ada, "Printer", "x")
    wanted, who, asked = language.parse("printer", search.known_to(cast.cleo)), asker(cast.cleo), []
    full_text.find(wanted, who)
    event.listen(db.engine, "before_cursor_execute", note := lambda *args: asked.append(args[2]))
    try:
        assert full_text.find(wanted, who).rows
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(asked) == 1
