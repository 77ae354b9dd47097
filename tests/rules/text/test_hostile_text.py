"""Whoever sends twice as much text costs the desk hardly more than twice the steps, whatever the text is made of."""

import pytest

from tests.support.hostile import FREE, KILOBYTES, MOST_TIMES, PAGES, PLACES, UNITS, counted, repeated


def by_name(places):
    return [pytest.param(act, unit, id=f"{name}-{unit}") for name, (act, units) in places.items() for unit in units]


def steps_grow_with_the_text(act, unit):
    once, twice = (counted(act, repeated(UNITS[unit], kilobytes)) for kilobytes in KILOBYTES)
    least = FREE * KILOBYTES[0] * 1024
    assert twice <= MOST_TIMES * max(once, least), f"{once} steps for {KILOBYTES[0]} KB, {twice} for {KILOBYTES[1]} KB"


@pytest.mark.parametrize("act, unit", by_name(PLACES))
def test_twice_the_text_takes_about_twice_the_steps(app, act, unit):
    steps_grow_with_the_text(act, unit)


@pytest.mark.parametrize("act, unit", by_name(PAGES))
def test_twice_the_request_takes_about_twice_the_steps(browse, cast, act, unit):
    browser = browse(cast.ada)
    steps_grow_with_the_text(lambda sent: act(browser, sent), unit)
