"""Queries made up at random, sent to the pages: none breaks one, and nobody sees a ticket that is not theirs to see."""

import re

import pytest
from hypothesis import given

from tests.rules.search.test_found import desk, seen_by  # noqa: F401
from tests.support import queries

PAGES = [("ada", "/search"), ("cleo", "/search"), ("cleo", "/triage")]


@pytest.mark.parametrize("name, path", PAGES)
def test_no_query_breaks_a_page_or_shows_a_ticket_of_others(desk, browse, name, path):  # noqa: F811
    person = getattr(desk, name)
    browser, seen = browse(person), seen_by(desk, person)

    @given(queries.typed | queries.queries)
    @queries.share(0.1 / len(PAGES))
    def send(typed):
        answer = browser.open(browser.client.get, path, query_string={"q": typed})
        assert answer.status_code in (200, 303, 422), typed
        led_to = answer.headers.get("Location", "")
        assert {int(number) for number in re.findall(r'class="t" href="/tickets/(\d+)"', answer.text)} <= seen
        assert not led_to or int(led_to.removeprefix("/tickets/")) in seen, led_to

    send()
