"""A hundred thousand made-up queries, through the pages too: no 5xx, and nobody sees what they may not see."""

import re

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from tests import queries
from tests.rules.test_found import PEOPLE, check, desk  # noqa: F401

pytestmark = pytest.mark.soak
GENERATED = {
    "deadline": None,
    "phases": [Phase.generate],
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@given(PEOPLE, queries.filter_queries | queries.queries)
@settings(max_examples=90_000, **GENERATED)
def test_everybody_finds_exactly_what_the_plain_rule_says(desk, name, typed):  # noqa: F811
    check(desk, name, typed)


@given(some.sampled_from(["ada", "cleo"]), queries.typed | queries.queries)
@settings(max_examples=10_000, **GENERATED)
def test_no_query_breaks_a_page_or_shows_a_ticket_of_others(desk, browse, name, typed):  # noqa: F811
    browser = BROWSERS.setdefault((id(desk), name), browse(getattr(desk, name)))
    answer = browser.open(browser.client.get, "/search", query_string={"q": typed})
    assert answer.status_code in (200, 303, 422), typed
    seen = {one.id for one in desk.every if name == "cleo" or one.requester_id == desk.ada.id}
    seen |= {ticket for ticket, _person in desk.watching}
    assert {int(number) for number in re.findall(r'class="t" href="/tickets/(\d+)"', answer.text)} <= seen


BROWSERS: dict = {}
