"""Signing in and out: who gets in, where to, how often one may try, and what a copied cookie is worth."""

import re
from datetime import timedelta

import pytest

from helpdesk.accounts import people, self_service
from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from models import Delivery, Person, Session, db
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.cast import PASSWORD

WRONG = "The address or the password is not right."


def sign_in(browser, email="ada@example.com", password=PASSWORD, **more):
    return browser.post("/login", {"email": email, "password": password} | more)


def test_ada_signs_in_and_finds_her_tickets(browse, cast):
    browser = browse()
    page = browser.follow(browser.follow(sign_in(browser)))
    assert "My tickets" in text_of(page) and "Ada Okafor" in page.text


def test_the_page_leads_on_to_an_account_and_to_a_new_password(browse, app):
    page = browse().get("/login")
    assert 'href="/register"' in page.text and 'href="/forgot"' in page.text
    assert "Keep me signed in" in text_of(page)


def test_where_accounts_are_by_invitation_the_page_offers_none(make_app, browse, cast):
    assert 'href="/register"' not in browse(desk=make_app(REGISTRATION="invite")).get("/login").text


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com", "mel@example.com", "zoe@example.com"])
def test_wrong_password_unknown_address_and_switched_off_get_the_same_answer(browse, cast, email):
    password = PASSWORD if email == "zoe@example.com" else "wrong"
    page = sign_in(browse(), email, password)
    assert page.status_code == 422 and WRONG in text_of(page)
    assert f'value="{email}"' in page.text and password not in page.text
    assert db.session.query(Session).count() == 0


def test_a_copied_cookie_is_dead_after_signing_out(browse, cast):
    browser, thief = browse(cast.ada), browse()
    with browser.client.session_transaction() as mine, thief.client.session_transaction() as copy:
        copy.update(mine)
    assert thief.get("/tickets").status_code == 200
    assert "You are signed out." in text_of(browser.follow(browser.post("/logout")))
    assert thief.get("/tickets").status_code == 303


@pytest.mark.parametrize(
    "end",
    [
        lambda cast: people.switch_off(cast.ada, by=cast.eve),
        lambda cast: self_service.set_password(cast.ada, "hash"),
    ],
)
def test_a_session_is_dead_after_switching_off_and_after_a_new_password(browse, cast, end):
    browser = browse(cast.ada)
    act(end, cast)
    assert browser.get("/tickets").status_code == 303


def test_a_session_ends_by_itself_and_keep_me_signed_in_makes_it_last(browse, cast):
    for keep, lasts in (("", timedelta(hours=12)), ("y", timedelta(days=30))):
        answer = sign_in(browse(), keep=keep)
        (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("desk=")]
        assert ("Expires" in cookie) is bool(keep)
        row = db.session.query(Session).order_by(Session.id.desc()).first()
        assert row.expires_at - row.created_at == lasts


def test_how_long_sessions_last_is_a_setting(make_app, browse, cast):
    desk = make_app(SESSION_HOURS="3", SESSION_DAYS="7")
    for keep, lasts in (("", timedelta(hours=3)), ("y", timedelta(days=7))):
        sign_in(browse(desk=desk), keep=keep)
        row = db.session.query(Session).order_by(Session.id.desc()).first()
        assert row.expires_at - row.created_at == lasts


def test_signing_in_anew_ends_the_session_before(browse, cast):
    browser = browse()
    sign_in(browser)
    sign_in(browser, "ben@example.com")
    assert [row.person.name for row in db.session.query(Session)] == ["Ben Adeyemi"]


def test_whoever_is_signed_in_is_told_so_and_still_gets_the_form(browse, cast):
    page = browse(cast.ada).get("/login")
    assert "You are signed in as Ada Okafor." in text_of(page) and 'name="password"' in page.text


@pytest.mark.parametrize("path", ["/tickets?show=finished", "/profile"])
def test_one_is_led_to_the_page_one_wanted(browse, cast, path):
    browser = browse()
    page = browser.follow(browser.get(path))
    wanted = re.search(r'name="next" value="([^"]*)"', page.text).group(1).replace("&amp;", "&")
    assert sign_in(browser, next=wanted).headers["Location"] == path


ELSEWHERE = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\r\nLocation: https://evil.example",
    "//[evil",
    "http:evil.example",
    "/tickets\x00",
    "///evil.example",
    " //evil.example",
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nobody_is_led_to_another_site(browse, cast, wanted):
    page = browse().get("/login", query_string={"next": wanted})
    assert 'name="next" value="/"' in page.text
    assert sign_in(browse(), next=wanted).headers["Location"] == "/"


def test_ten_wrong_passwords_make_one_wait_but_only_there(browse, cast):
    for _try in range(10):
        assert sign_in(browse(), password="wrong").status_code == 422
    page = sign_in(browse())
    assert page.status_code == 429 and 0 < int(page.headers["Retry-After"]) <= 900 + 1
    assert "There were too many tries. Please try again in 15 minutes." in text_of(page)
    assert 'value="ada@example.com"' in page.text and PASSWORD not in page.text
    assert sign_in(browse(), "ben@example.com").status_code == 303


def test_an_unknown_address_is_stopped_just_the_same(browse, cast):
    answers = [sign_in(browse(), "nobody@example.com", "wrong").status_code for _try in range(11)]
    assert answers == [422] * 10 + [429]


def test_the_wait_ends(browse, cast):
    for _try in range(11):
        rate_limits.count_sign_in("ada@example.com", "127.0.0.1", transactions.now() - rate_limits.SIGN_IN_PAIR.within)
    assert sign_in(browse()).status_code == 303


def test_an_office_behind_one_address_signs_in_as_often_as_it_likes(browse, cast):
    for number in range(rate_limits.SIGN_IN_CLIENT.most):
        rate_limits.count(rate_limits.SIGN_IN_CLIENT, "127.0.0.1" if number else "another")
    assert [sign_in(browse()).status_code for _morning in range(3)] == [303] * 3


def test_an_address_not_confirmed_yet_gets_its_link_again(make_app, browse, cast):
    cast.ada.confirmed_at = None
    db.session.commit()
    browser = browse(desk=make_app(MAIL_SERVER="127.0.0.1"))
    assert "We have sent a mail" in text_of(browser.follow(sign_in(browser)))
    assert db.session.query(Delivery).one().mail == "confirm"
    assert "not confirmed yet" in text_of(sign_in(browse()))


def test_extra_fields_change_nothing(browse, cast):
    sign_in(browse(), role="admin", id=str(cast.eve.id), person="5", switched_off_at="")
    assert db.session.get(Person, cast.ada.id).role == "user"


@pytest.mark.parametrize(
    "email", ["", " ", "x" * 100_000, "a@b", "ada@example.com\r\nBcc: x@y.z", "\x00", "ä@ö.ü", "a" * 70 + "@b.de"]
)
@pytest.mark.parametrize("password", ["", "\x00\x01", "x" * 100_000])
def test_bad_input_gets_an_error_tied_to_its_field(browse, cast, email, password):
    page = sign_in(browse(), email, password)
    assert page.status_code == 422
    assert page.text.count(" autofocus") == 1
    if not password:
        assert 'aria-describedby="password-error"' in page.text


def test_an_outdated_hash_is_replaced_on_the_way(browse, cast):
    from argon2 import PasswordHasher

    cast.ada.password_hash = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    db.session.commit()
    sign_in(browse())
    assert "m=19456,t=2,p=1" in db.session.get(Person, cast.ada.id).password_hash
    assert sign_in(browse()).status_code == 303


def test_a_form_without_or_with_a_foreign_token_signs_nobody_in(browse, cast):
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert browse().post("/login", form, csrf=False).status_code == 400
    assert browse().post("/login", form, csrf=browse().token()).status_code == 400
    assert db.session.query(Session).count() == 0
