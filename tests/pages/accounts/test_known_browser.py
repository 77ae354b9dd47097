"""A browser that has signed in to an account before is not kept out by what others try on it."""

import pytest

from helpdesk.accounts import one_time_links
from helpdesk.limits import rate_limits
from models import Attempt, db
from tests.support.builders import act
from tests.support.cast import PASSWORD

ELSEWHERE = ("192.0.2.1", "192.0.2.2", "192.0.2.3")


def sign_in(browser, email="ada@example.com", password=PASSWORD, client="127.0.0.1"):
    form = {"email": email, "password": password}
    return browser.post("/login", form, environ_overrides={"REMOTE_ADDR": client}).status_code


def known(browse, email="ada@example.com"):
    """A browser that has signed in to the account and out again."""
    browser = browse()
    assert sign_in(browser, email) == 303
    browser.post("/logout")
    return browser


def attack(email="ada@example.com", clients=ELSEWHERE):
    """Thirty wrong passwords from three addresses close the account for all browsers that it does not know."""
    for client in clients:
        for _try in range(rate_limits.SIGN_IN_PAIR.most):
            rate_limits.count_sign_in(email, client)
    assert rate_limits.count_sign_in(email, "192.0.2.4")


def cookie_of(browser):
    return browser.client.get_cookie("desk_browser", path="/login")


def test_thirty_wrong_passwords_elsewhere_do_not_keep_the_owner_out(browse, cast):
    owner = known(browse)
    for client in ELSEWHERE:
        assert {sign_in(browse(), password="wrong", client=client) for _try in range(10)} == {422}
    assert sign_in(browse()) == 429
    assert sign_in(owner) == 303


def test_nor_do_wrong_passwords_for_many_accounts_from_the_same_office(browse, cast):
    owner = known(browse)
    for number in range(rate_limits.SIGN_IN_CLIENT.most):
        rate_limits.count(rate_limits.SIGN_IN_CLIENT, "127.0.0.1")
    assert sign_in(browse()) == 429 and sign_in(owner) == 303


def test_a_known_browser_has_ten_tries_of_its_own_and_takes_none_from_others(browse, cast):
    owner, second = known(browse), known(browse)
    assert [sign_in(owner, password="wrong") for _try in range(11)] == [422] * 10 + [429]
    assert sign_in(owner) == 429
    assert sign_in(second) == 303 and sign_in(browse()) == 303


def test_the_right_password_in_a_known_browser_gives_those_who_guess_elsewhere_no_new_tries(browse, cast):
    owner = known(browse)
    attack()
    assert sign_in(owner) == 303
    assert sign_in(browse(), password="wrong", client="192.0.2.4") == 429


def test_a_browser_is_known_for_its_own_accounts_only(browse, cast):
    both = known(browse, "ben@example.com")
    attack()
    assert sign_in(both) == 429
    act(lambda: db.session.query(Attempt).delete())
    assert sign_in(both) == 303
    for email in ("ada@example.com", "ben@example.com"):
        attack(email)
        assert sign_in(both, email) == 303


@pytest.mark.parametrize("forge", [lambda value: value + "x", lambda value: "x", lambda value: value.split(".")[0]])
def test_a_cookie_that_we_have_not_signed_makes_no_browser_known(browse, cast, forge):
    owner = known(browse)
    owner.client.set_cookie("desk_browser", forge(cookie_of(owner).value), path="/login")
    attack()
    assert sign_in(owner) == 429


def test_whoever_sets_a_new_password_by_a_mailed_link_gets_in_whatever_others_try(browse, cast):
    attack()
    owner, token = browse(), act(one_time_links.make, cast.ada, "reset")
    owner.post(f"/reset/{token}", {"password": "an entirely new one"})
    attack(clients=("198.51.100.1", "198.51.100.2", "198.51.100.3"))
    assert sign_in(owner, password="an entirely new one") == 303


def test_the_cookie_lasts_is_kept_from_scripts_and_goes_to_the_sign_in_alone(browse, cast):
    found = cookie_of(known(browse))
    assert found.http_only and found.same_site == "Lax" and found.path == "/login" and not found.secure
    assert found.max_age >= 300 * 24 * 3600 and "ada" not in found.value
