"""Creating an account: open, by mail domain, by invitation; with and without a mail server."""

import re

import pytest

from helpdesk.accounts import one_time_links
from helpdesk.accounts.passwords import matches
from helpdesk.limits import rate_limits
from models import Delivery, Event, Person, Session, db
from tests.support.browser import text_of
from tests.support.builders import act

GOOD = "correct horse 9 battery"
FAY = {"name": "Fay Moreau", "email": "fay@example.com", "password": GOOD}


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


def register(browser, **other):
    return browser.post("/register", FAY | other)


def fay():
    return db.session.query(Person).filter_by(email="fay@example.com").one_or_none()


# ---- without a mail server


def test_without_a_mail_server_one_is_in_at_once(browse, app):
    browser = browse()
    page = browser.follow(register(browser))
    assert "Welcome, Fay Moreau. Your account is ready." in text_of(page)
    assert fay().confirmed_at is not None and fay().role == "user"
    assert fay().password_hash.startswith("$argon2id$") and matches(GOOD, fay().password_hash)


@pytest.mark.parametrize("email", ["ada@example.com", "ADA@example.com ", "mel@example.com"])
def test_without_a_mail_server_a_known_address_may_be_told(browse, cast, email):
    page = register(browse(), email=email)
    assert page.status_code == 422 and "This address is known already." in text_of(page)
    assert 'aria-describedby="email-error"' in page.text and 'value="Fay Moreau"' in page.text


# ---- with a mail server


@pytest.mark.parametrize("email", ["fay@example.com", "ada@example.com", "mel@example.com", "zoe@example.com"])
def test_with_a_mail_server_every_address_gets_the_same_answer(browse, cast, mailing, email):
    browser = browse(desk=mailing)
    answer = register(browser, email=email)
    assert answer.headers["Location"] == "/login?sent=confirm"
    assert "We have sent a mail to the address you gave." in text_of(browser.follow(answer))
    assert db.session.query(Session).count() == 0


def test_the_account_works_once_the_mailed_link_was_used(browse, mailing, app):
    browser = browse(desk=mailing)
    register(browser)
    assert [(one.email, one.mail) for one in db.session.query(Delivery)] == [("fay@example.com", "confirm")]
    token = act(one_time_links.make, fay(), "confirm")
    page = browser.get(f"/confirm/{token}")
    assert "If you did not create this account, close this page." in text_of(page)
    assert fay().confirmed_at is None
    answer = browser.post(f"/confirm/{token}")
    assert "Your address is confirmed." in text_of(browser.follow(answer))
    answer = browser.post("/login", {"email": "fay@example.com", "password": GOOD})
    assert "Fay Moreau" in browser.follow(browser.follow(answer)).text


@pytest.mark.parametrize("purpose", ["confirm", "reset", "invitation", "new-address"])
@pytest.mark.parametrize("token", ["worn-out", "x" * 2000, "%00", "%ff%fe", "..%2f", "ä🔥"])
def test_a_link_that_does_not_work_says_what_to_do(browse, app, purpose, token):
    for answer in (browse().get(f"/{purpose}/{token}"), browse().post(f"/{purpose}/{token}", FAY)):
        assert answer.status_code == 404
        assert "%2f" in token or "This link does not work any more" in text_of(answer)


def test_a_used_link_does_nothing_more(browse, cast):
    token = act(one_time_links.make, cast.ada, "confirm")
    assert browse().post(f"/confirm/{token}").status_code == 303
    assert browse().post(f"/confirm/{token}").status_code == 404
    assert browse().get(f"/reset/{token}").status_code == 404


# ---- who may


def test_by_mail_domain_only_those_addresses_are_taken(browse, make_app, app):
    desk = make_app(REGISTRATION="domains", ALLOWED_EMAIL_DOMAINS="corp.example, example.com")
    page = register(browse(desk=desk), email="fay@sub.example.com")
    assert page.status_code == 422 and "corp.example, example.com" in text_of(page)
    assert register(browse(desk=desk), email="fay@EXAMPLE.com").status_code == 303


def test_by_invitation_nobody_creates_an_account_alone(browse, make_app, app):
    desk = make_app(REGISTRATION="invite")
    assert "Ask your IT team for an invitation" in text_of(browse(desk=desk).get("/register"))
    assert register(browse(desk=desk)).status_code == 403
    assert db.session.query(Person).count() == 0


# ---- what is typed


@pytest.mark.parametrize(
    "field, value, why",
    [
        ("name", "", "Please fill in this field."),
        ("name", "   ", "Please fill in this field."),
        ("name", "\u200b\u200f", "Please fill in this field."),
        ("name", "x" * 121, "Please use at most 120 characters."),
        ("name", "Fay\r\nBcc: all@example.com", "Please use a single line here."),
        ("name", "Fay\u2028Moreau", "Please use a single line here."),
        ("email", "fay", "This does not look like an e-mail address."),
        ("email", "fay@example.com\nBcc: x@example.com", "Please use a single line here."),
        ("email", "f" * 250 + "@example.com", "Please use at most 254 characters."),
        ("password", "", "Please fill in this field."),
        ("password", "seven77", "Please use 8 to 128 characters."),
        ("password", "x" * 129, "Please use 8 to 128 characters."),
        ("password", "Password1", "among the first that are tried"),
        ("password", "x" * 100_000, "Please use 8 to 128 characters."),
    ],
)
def test_what_cannot_be_taken_is_told_at_its_field(browse, app, field, value, why):
    page = register(browse(), **{field: value})
    assert page.status_code == 422 and why in text_of(page)
    assert f'aria-describedby="{field}' in page.text and page.text.count(" autofocus") == 1
    assert GOOD not in page.text and db.session.query(Person).count() == 0


@pytest.mark.parametrize("path", ["/register", "/setup", "/login"])
def test_a_form_with_its_fields_missing_gets_one_error_a_field(browse, app, path):
    page = browse().post(path, {})
    assert page.status_code == 422
    wrong = re.findall(r'<p class="wrong"[^>]*>([^<]*)</p>', page.text)
    assert len(wrong) >= 2 and set(wrong) == {"Please fill in this field."}


def test_of_several_wrong_fields_the_first_gets_the_cursor(browse, app):
    page = register(browse(), name="", email="", password="")
    assert page.text.count('aria-invalid="true"') == 3
    assert page.text.count(" autofocus") == 1
    assert "autofocus" in page.text.split('name="email"')[0]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "日本 太郎", "\u200fFay", "Fay 🦊", "Zo\u0065\u0301", "%(who)s", "x" * 120]
)
def test_any_name_is_kept_and_shown_as_text(browse, app, name):
    browser = browse()
    page = browser.follow(register(browser, name=name))
    assert fay().name == name and "<script>alert" not in page.text


@pytest.mark.parametrize("password", ["  blanks around  ", "🔥🦊🐙🌍🎉🧩🍎🚲", "x" * 128, "a\x00b\x00c\x00d\x00e"])
def test_any_password_can_be_chosen_and_signs_in(browse, app, password):
    assert register(browse(), password=password).status_code == 303
    answer = browse().post("/login", {"email": "fay@example.com", "password": password})
    assert answer.status_code == 303


def test_hidden_and_extra_fields_change_nothing(browse, app):
    register(browse(), role="admin", confirmed_at="2020-01-01", id="1", wants_every_new="y", switched_off_at="x")
    assert fay().role == "user" and not fay().wants_every_new


def test_after_many_accounts_from_one_place_one_has_to_wait(browse, app):
    for _try in range(rate_limits.REGISTER_CLIENT.most):
        rate_limits.count(rate_limits.REGISTER_CLIENT, "127.0.0.1")
    page = register(browse())
    assert page.status_code == 429 and page.headers["Retry-After"]
    assert 'value="Fay Moreau"' in page.text and GOOD not in page.text


def test_what_is_refused_for_its_form_does_not_count_as_a_try(browse, app):
    for _try in range(3):
        register(browse(), password="short")
    assert [event.kind for event in db.session.query(Event)] == []
    assert db.session.query(rate_limits.Attempt).count() == 0
