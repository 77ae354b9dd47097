"""Every hostile text at every place that reads what somebody sent."""

import pytest

from tests.rules.text.test_hostile_text import steps_grow_with_the_text
from tests.support.hostile import PAGES, PLACES, UNITS

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("place", PLACES)
def test_no_text_costs_more_than_its_length_at_any_place(app, place):
    for unit in UNITS:
        steps_grow_with_the_text(PLACES[place][0], unit)


@pytest.mark.parametrize("place", PAGES)
def test_no_text_costs_more_than_its_length_in_any_request(browse, cast, place):
    browser = browse(cast.ada)
    for unit in UNITS:
        steps_grow_with_the_text(lambda sent: PAGES[place][0](browser, sent), unit)
