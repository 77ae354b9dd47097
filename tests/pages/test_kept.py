"""Parts of pages that are kept are those that everybody would see the same."""

import pytest
from flask import render_template_string

from web.kept import ROOM, Kept


@pytest.fixture
def kept(app):
    extension = app.jinja_env.extensions[Kept.identifier]
    extension.texts.clear()
    yield extension
    extension.texts.clear()
    extension.room, extension.held, extension.proven = ROOM, 0, True


def shown(app, text, **values):
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
        from flask import g

        g.language = "en"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Open") == "Open"
        g.language = "de"
        assert render_template_string("{% kept %}{{ word }}{% endkept %}", word="Offen") == "Offen"


def test_what_is_kept_takes_no_more_than_its_room(app, kept):
    kept.room, kept.held, most = 50, 0, 0
    for number in range(10, 40):
        shown(app, "{{ name }} 7 more", name=number)
        most = max(most, sum(map(len, kept.texts.values())))
    assert 0 < most <= 50 + len("39 7 more")
