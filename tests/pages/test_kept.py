"""Parts of pages that are kept are those that everybody would see the same."""

import pytest
from flask import g, render_template_string

from web.kept import ROOM, Kept


@pytest.fixture
def kept(app):
    extension = app.jinja_env.extensions[Kept.identifier]
    extension.texts.clear()
    yield extension
    extension.texts.clear()
    extension.room, extension.held, extension.proven = ROOM, 0, True


def shown(app, text, **values):
    g.pop("csrf_token", None)
    with app.test_request_context():
        return render_template_string("{% kept name %}" + text + "{% endkept %}", **values)


def test_a_part_is_written_once_for_each_key(app, kept):
    kept.proven = False
    assert shown(app, "{{ name }} {{ other }}", name="Ada", other=1) == "Ada 1"
    assert shown(app, "{{ name }} {{ other }}", name="Ada", other=2) == "Ada 1"
    assert shown(app, "{{ name }} {{ other }}", name="Bo", other=2) == "Bo 2"


def test_the_tests_notice_a_part_that_depends_on_more_than_its_key(app, kept):
    shown(app, "{{ name }} {{ other }}", name="Ada", other=1)
    with pytest.raises(AssertionError, match="depends on more"):
        shown(app, "{{ name }} {{ other }}", name="Ada", other=2)


def test_what_is_kept_is_escaped_as_everywhere(app, kept):
    for _again in range(2):
        assert shown(app, "<b>{{ name }}</b>", name="<script>") == "<b>&lt;script&gt;</b>"


def test_each_language_has_its_own(app, kept):
    kept.proven = False
    with app.test_request_context():
        g.language = "en"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Open") == "Open"
        g.language = "de"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Offen") == "Offen"


def test_what_is_kept_takes_no_more_than_its_room(app, kept):
    kept.room, kept.held, most = 50, 0, 0
    for number in range(10, 40):
        shown(app, "{{ name }} 7 more", name=number)
        most = max(most, sum(len(text) for text, _holes in kept.texts.values()))
    assert 0 < most <= 50 + len("39 7 more")


def test_a_token_is_put_in_anew_for_each_visitor(app, kept):
    kept.proven = False
    first, second = (shown(app, '<input value="{{ csrf_token() }}">', name="Ada") for _visitor in range(2))
    assert first != second
    assert len(kept.texts) == 1


def test_a_hole_is_filled_with_what_belongs_there_now(app, kept):
    template = '{% kept with here %}<a href="{{ here }}/spam">{% endkept %}'
    with app.test_request_context():
        pages = [render_template_string(template, here=f"/tickets/{number}") for number in (1, 22, 333)]
    assert pages == [f'<a href="/tickets/{number}/spam">' for number in (1, 22, 333)]
    assert len(kept.texts) == 1


def test_a_part_without_a_key_is_not_kept(app, kept):
    assert shown(app, "{{ other }}", name=None, other=1) == "1"
    assert shown(app, "{{ other }}", name=None, other=2) == "2"
    assert not kept.texts
