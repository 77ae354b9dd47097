"""The first admin: by the key that the start printed, once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk.accounts import people
from models import DeskFact, Person, db
from tests.support.browser import Browser, text_of
from tests.support.builders import act

FORM = {"name": "Eve Lindqvist", "email": "eve@example.com", "password": "correct horse 9 battery"}


@pytest.fixture
def key(app):
    return act(people.new_first_key)


def test_the_first_page_ever_opened_asks_for_the_key(browse, key):
    browser = browse()
    page = browser.follow(browser.get("/"))
    assert "Set up the desk" in text_of(page)
    page = browser.follow(browser.post("/setup", FORM | {"key": f" {key.upper()} "}))
    assert "You are the first admin of this desk." in text_of(page)
    assert db.session.query(Person).one().role == "admin"


@pytest.mark.parametrize("wrong", ["", "guess", "x" * 5000, "\x00", "é" * 40])
def test_a_wrong_key_makes_nobody_an_admin(browse, key, wrong):
    page = browse().post("/setup", FORM | {"key": wrong})
    assert page.status_code == 422 and 'aria-describedby="key-hint key-error"' in page.text
    assert 'value="Eve Lindqvist"' in page.text and db.session.query(Person).count() == 0


def test_an_earlier_key_does_not_work_any_more_and_only_a_hash_is_kept(browse, key):
    newer = act(people.new_first_key)
    assert browse().post("/setup", FORM | {"key": key}).status_code == 422
    assert newer not in db.session.query(DeskFact).one().value


def test_twenty_at_once_with_the_key_make_one_admin(app, key):
    def one_try(number):
        with app.app_context():
            browser = Browser(app)
            return browser.post("/setup", FORM | {"key": key, "email": f"eve{number}@example.com"}).status_code

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one_try, range(20)))
    assert answers.count(303) >= 1 and set(answers) <= {303, 422}
    assert db.session.query(Person).filter_by(role="admin").count() == 1
    assert db.session.query(Person).count() == 1


def test_guessing_the_key_is_slowed_down(browse, key):
    answers = [browse().post("/setup", FORM | {"key": f"guess{n}"}).status_code for n in range(31)]
    assert answers == [422] * 30 + [429]


def test_once_there_is_an_admin_the_page_is_gone(browse, cast):
    key = act(people.new_first_key)
    assert browse().get("/setup").headers["Location"] == "/login"
    assert browse().post("/setup", FORM | {"key": key, "email": "x@example.com"}).status_code == 303
    assert db.session.query(Person).filter_by(role="admin").count() == 1
