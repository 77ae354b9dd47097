"""No regular expression takes more than a constant number of steps for each character of what somebody sent."""

import pytest

from helpdesk.attachments import file_types
from helpdesk.query.language import Word
from helpdesk.search import snippets
from tests.support.patterns import costly, uses

# Patterns that are made at run time, by the place that uses them.
MADE = {
    "helpdesk/attachments/file_types.py": [row[0] for row in (*file_types.DRAWN, *file_types.SIGNATURES)],
    "helpdesk/search/snippets.py": [snippets._pattern([Word("a.b*"), Word("printer jam", exact=True)]).pattern],
}
USES = list(uses())


def test_every_pattern_takes_its_time_by_the_length_of_the_text():
    assert len(USES) > 25
    for where, pattern, flags, searches in USES:
        for one in [pattern] if pattern is not None else MADE[where.rpartition(":")[0]]:
            assert not costly(
                one, flags, searches=searches
            ), f"{where}: {one!r}: {costly(one, flags, searches=searches)}"


@pytest.mark.parametrize("place", MADE)
def test_patterns_made_at_run_time_take_their_time_by_the_length_too(place):
    assert all(not costly(pattern, searches=place.endswith("snippets.py")) for pattern in MADE[place])


@pytest.mark.parametrize(
    "pattern",
    [
        r"(<!--.*?-->\s*)*<",
        r"(a+)+$",
        r"(a|a)*b",
        r"(ax|[ab]y)*c",
        r"(a?b?)*c",
        r"\s+\s*$",
        r"a*b?a*c",
        r".*x.*y",
        r"(?i)(ax|Ay)*b",
        r"(?=a+b)a",
        r"(?s)(.x|yy)*1",
        r"(a{1,900}){1,900}b",
    ],
)
def test_a_pattern_that_tries_the_same_text_in_several_ways_is_found(pattern):
    assert costly(pattern)


@pytest.mark.parametrize("pattern", [r"a+b", r"(a+)b", r"\s+$", r"[^@]+@x", r"x[^y]*y"])
def test_a_search_that_reads_the_same_text_again_and_again_is_found(pattern):
    assert costly(pattern, searches=True) and not costly(pattern)


@pytest.mark.parametrize(
    "pattern", [r"[^@\s]+@[^@\s]+", r"\d{1,9}(,\d{1,9})*", r'"[^"]*"', r"(ab|cd)*e", r"(?:a++)*b", r"<(head|h1|html)\b"]
)
def test_a_pattern_that_always_knows_its_way_is_let_pass(pattern):
    assert not costly(pattern)


def test_a_search_that_begins_only_after_what_it_does_not_read_is_let_pass():
    assert not costly(r"(?:^|(?<=[,;]))( *)(x)", searches=True) and costly(r"(?:^|(?<=[,;]))([ ,]*)(x)", searches=True)
