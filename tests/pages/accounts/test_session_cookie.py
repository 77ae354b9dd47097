"""The cookie of a session: its name behind https, clocks that disagree, and what other sites may send."""

import time

import pytest
from itsdangerous import TimestampSigner

from models import Person, db
from tests.support.browser import Browser, text_of
from tests.support.cast import PASSWORD


@pytest.fixture
def secure(make_app):
    return make_app(PUBLIC_URL="https://desk.test")


def cookies_of(answer):
    """The cookies that an answer sets, by name, each as its header line."""
    return {line.partition("=")[0]: line for line in answer.headers.getlist("Set-Cookie")}


@pytest.mark.parametrize("seconds", [-5, -2, 2, 5, 3600])
def test_a_clock_that_differs_from_the_one_that_signed_the_cookie_signs_nobody_out(browse, cast, monkeypatch, seconds):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) + seconds)
        ada = browse(cast.ada)
        assert ada.get("/tickets").status_code == 200
        token = ada.token()
    assert ada.get("/tickets").status_code == 200
    form = {"name": "Ada O.", "time_zone": "", "theme": "auto"}
    assert ada.post("/profile", form, csrf=token).status_code == 303


def test_a_cookie_older_than_any_session_still_holds_its_form(browse, cast, monkeypatch):
    with monkeypatch.context() as long_ago:
        long_ago.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) - 90 * 24 * 3600)
        browser = browse()
        token = browser.token()
    form = {"email": "ada@example.com", "password": PASSWORD}
    assert browser.post("/login", form, csrf=token).status_code == 303


def test_a_cookie_that_we_have_not_signed_signs_nobody_in(browse, cast):
    ada = browse(cast.ada)
    value = ada.client.get_cookie("desk").value
    for forged in (value + "x", value[1:], "", value.rpartition(".")[0], "x.y.z"):
        ada.client.set_cookie("desk", forged)
        assert ada.get("/tickets").status_code == 303


# ---- behind https


def test_behind_https_no_other_host_of_the_domain_can_plant_the_cookie(browse, cast, secure):
    line = cookies_of(browse(desk=secure).get("/login"))["__Host-desk"]
    assert "Secure" in line and "Path=/" in line and "HttpOnly" in line and "SameSite=Lax" in line
    assert "Domain" not in line


def test_who_was_signed_in_under_the_old_name_stays_so_and_gets_the_new_one(app, browse, cast, secure):
    ada = browse(cast.ada)
    token = ada.token()
    old = ada.client.get_cookie("desk").value
    browser = Browser(secure)
    browser.client.set_cookie("desk", old)
    form = {"name": "Ada O.", "time_zone": "", "theme": "auto"}
    answer = browser.post("/profile", form, csrf=token)
    assert answer.status_code == 303 and db.session.get(Person, cast.ada.id).name == "Ada O."
    sent = cookies_of(answer)
    assert set(sent) == {"__Host-desk", "desk"} and "Max-Age=0" in sent["desk"]
    assert browser.client.get_cookie("desk") is None
    assert browser.get("/tickets").status_code == 200


def test_a_session_of_today_cannot_be_planted_under_the_old_name(browse, cast, secure):
    thief = browse(cast.ben, secure)
    victim = Browser(secure)
    victim.client.set_cookie("desk", thief.client.get_cookie("__Host-desk").value)
    assert victim.get("/tickets").status_code == 303


def test_the_old_name_does_not_count_beside_the_new_one(app, browse, cast, secure):
    old = browse(cast.ben).client.get_cookie("desk").value
    ada = browse(cast.ada, secure)
    ada.client.set_cookie("desk", old)
    assert "Ada Okafor" in ada.get("/tickets").text


def test_hosts_below_the_desk_are_bound_to_https_only_where_that_is_set(make_app):
    for given, header in (("no", "max-age=31536000"), ("yes", "max-age=31536000; includeSubDomains")):
        answer = make_app(PUBLIC_URL="https://desk.test", HSTS_SUBDOMAINS=given).test_client().get("/login")
        assert answer.headers["Strict-Transport-Security"] == header
    assert "Strict-Transport-Security" not in make_app(HSTS_SUBDOMAINS="yes").test_client().get("/login").headers


# ---- forms of other sites


FORM = {"name": "Ada O.", "time_zone": "", "theme": "auto"}


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense", ""])
def test_what_another_site_has_sent_is_refused_even_with_the_right_token(browse, cast, site):
    ada = browse(cast.ada)
    page = ada.post("/profile", FORM, headers={"Sec-Fetch-Site": site})
    assert page.status_code == 400 and "This did not come from a page of the desk" in text_of(page)
    assert db.session.get(Person, cast.ada.id).name == "Ada Okafor"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {}])
def test_what_the_desks_own_pages_send_is_taken_as_before(browse, cast, headers):
    assert browse(cast.ada).post("/profile", FORM, headers=headers).status_code == 303
    assert browse(cast.ada).post("/profile", FORM, headers=headers, csrf=False).status_code == 400


def test_links_of_other_sites_lead_to_pages_as_before(browse, cast):
    assert browse(cast.ada).get("/tickets", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
