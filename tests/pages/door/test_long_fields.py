"""A field that is far too long costs no more than one that is a little too long, whichever form it is in."""

import inspect
import sys

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import StringField

import forms
import views.admin.forms
import views.lists.forms
import views.tickets.forms
from tests.support.browser import text_of

MODULES = (forms, views.admin.forms, views.lists.forms, views.tickets.forms)
CLASSES = {form for module in MODULES for _name, form in inspect.getmembers(module, inspect.isclass)}
FORMS = sorted((form for form in CLASSES if issubclass(form, forms.Form)), key=lambda form: form.__name__)
# Letters, what cannot be seen, an address, what counts as a line end somewhere.
TEXTS = ("x", "\u200b", "a@b.example,", "a.", "\u2028x", "é", "\x00")


def fields_of(form):
    """Names of the fields into which text of any length can be sent."""
    return [field.name for field in form() if isinstance(field, StringField) and field.name != "csrf_token"]


def steps_to_check(app, form, name, text):
    """How many lines of Python run while the form is checked."""
    count = 0

    def trace(_frame, _event, _argument):
        nonlocal count
        count += 1
        return trace

    with app.test_request_context(method="POST"):
        filled = form(formdata=MultiDict({name: text}))
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            filled.validate()
        finally:
            sys.settrace(before)
        return count, len(filled[name].errors)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_a_text_that_is_far_too_long_is_refused_by_its_length_alone(app, form):
    with app.test_request_context():
        names = fields_of(form)
    for name in names:
        for text in TEXTS:
            short, errors = steps_to_check(app, form, name, text * (51_000 // len(text)))
            long, same = steps_to_check(app, form, name, text * (150_000 // len(text)))
            assert long <= short + 20, f"{name} with {text!r}: {short} steps, then {long}"
            assert same == errors <= 1, f"{name} with {text!r}"


@pytest.mark.parametrize("path", ["/login", "/register", "/forgot", "/setup"])
@pytest.mark.parametrize("text", ["x" * 1_500_000, "a@b.example," * 100_000], ids=["letters", "addresses"])
def test_two_megabytes_in_the_email_field_get_one_error_at_it(make_app, browse, path, text):
    desk = make_app(MAIL_SERVER="127.0.0.1", REGISTRATION="open")
    page = browse(desk=desk).post(
        path, {"email": text, "password": "correct horse 9 battery", "name": "Fay", "key": "1"}
    )
    assert page.status_code == 422 and "Please use at most 254 characters." in page.text


def test_of_several_things_wrong_with_a_text_the_first_is_told(browse, cast):
    page = browse().post("/register", {"name": "Fay\nX" * 200, "email": "fay", "password": "short"})
    words = text_of(page)
    assert "Please use at most 120 characters." in words and "single line" not in words
