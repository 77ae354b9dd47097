"""Parts of pages that are kept are those that everybody would see the same."""

import pytest
from flask import g, render_template_string
from sqlalchemy import Row

from tests.support import builders
from web.fragment_cache import ROOM, FragmentCache, size_of


@pytest.fixture
def fragments(app):
    extension = app.jinja_env.extensions[FragmentCache.identifier]
    extension.clear()
    yield extension
    extension.clear()
    extension.room, extension.proven = ROOM, True


def shown(app, text, **values):
    g.pop("csrf_token", None)
    with app.test_request_context():
        return render_template_string("{% kept name %}" + text + "{% endkept %}", **values)


def test_a_part_is_written_once_for_each_key(app, fragments):
    fragments.proven = False
    assert shown(app, "{{ name }} {{ other }}", name="Ada", other=1) == "Ada 1"
    assert shown(app, "{{ name }} {{ other }}", name="Ada", other=2) == "Ada 1"
    assert shown(app, "{{ name }} {{ other }}", name="Bo", other=2) == "Bo 2"


def test_the_tests_notice_a_part_that_depends_on_more_than_its_key(app, fragments):
    shown(app, "{{ name }} {{ other }}", name="Ada", other=1)
    with pytest.raises(AssertionError, match="depends on more"):
        shown(app, "{{ name }} {{ other }}", name="Ada", other=2)


def test_what_is_kept_is_escaped_as_everywhere(app, fragments):
    for _again in range(2):
        assert shown(app, "<b>{{ name }}</b>", name="<script>") == "<b>&lt;script&gt;</b>"


def test_each_language_has_its_own(app, fragments):
    fragments.proven = False
    with app.test_request_context():
        g.language = "en"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Open") == "Open"
        g.language = "de"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Offen") == "Offen"


def test_texts_and_keys_never_take_more_than_the_room(app, fragments):
    fragments.room, most = 8000, 0
    for number in range(10, 200):
        shown(app, "{{ name[0] }} 7 more", name=(number, "words that only the key has"))
        most = max(most, bytes_of(fragments))
    assert 4000 < most <= 8000
    before = bytes_of(fragments)
    shown(app, "{{ name }}", name="a text of half the room" * 100)
    assert bytes_of(fragments) == before


def bytes_of(fragments):
    return sum(
        size_of(key) + size_of(text) for found in (fragments.texts, fragments.older) for key, text in found.items()
    )


def test_what_is_asked_for_again_outlives_what_is_not(app, fragments):
    fragments.room, fragments.proven = 8000, False
    shown(app, "{{ name }} {{ other }}", name="asked again", other=1)
    shown(app, "{{ name }} {{ other }}", name="asked once", other=1)
    for number in range(10, 200):
        shown(app, "{{ name }} 7 more", name=number)
        assert shown(app, "{{ name }} {{ other }}", name="asked again", other=2) == "asked again 1"
    assert shown(app, "{{ name }} {{ other }}", name="asked once", other=2) == "asked once 2"


def test_no_key_holds_the_description_of_a_query(app, fragments, cast, browse):
    builders.ticket(cast.ada)
    fragments.proven = False
    for page in ("/triage", "/dashboard", "/search?q=printer", "/tickets/new"):
        browse(cast.cleo).get(page)
    assert fragments.texts
    assert not [key for key in fragments.texts if any(isinstance(part, Row) for part in parts_of(key))]


def parts_of(key):
    yield key
    inner = (
        key
        if isinstance(key, (tuple, list, frozenset)) or isinstance(key, Row)
        else getattr(key, "__dict__", {}).values()
    )
    for part in inner:
        yield from parts_of(part)


def test_a_token_is_put_in_anew_for_each_visitor(app, fragments):
    fragments.proven = False
    first, second = (shown(app, '<input value="{{ csrf_token() }}">', name="Ada") for _visitor in range(2))
    assert first != second
    assert len(fragments.texts) == 1


def test_a_hole_is_filled_with_what_belongs_there_now(app, fragments):
    template = '{% kept with here %}<a href="{{ here }}/spam">{% endkept %}'
    with app.test_request_context():
        pages = [render_template_string(template, here=f"/tickets/{number}") for number in (1, 22, 333)]
    assert pages == [f'<a href="/tickets/{number}/spam">' for number in (1, 22, 333)]
    assert len(fragments.texts) == 1


def test_a_part_without_a_key_is_not_kept(app, fragments):
    assert shown(app, "{{ other }}", name=None, other=1) == "1"
    assert shown(app, "{{ other }}", name=None, other=2) == "2"
    assert not fragments.texts
