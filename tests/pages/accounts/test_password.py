"""A forgotten password, a changed one, and the links that set one."""

from datetime import timedelta

import pytest

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from models import Delivery, Event, OneTimeLink, Person, Session, db
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.cast import PASSWORD

NEW = "an entirely new one"


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


def signs_in(browser, email, password):
    return browser.post("/login", {"email": email, "password": password}).status_code == 303


# ---- forgotten


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com", "mel@example.com", "zoe@example.com"])
def test_asking_for_a_link_gets_the_same_answer_for_every_address(browse, cast, mailing, email):
    browser = browse(desk=mailing)
    answer = browser.post("/forgot", {"email": email})
    assert answer.headers["Location"] == "/login?sent=reset"
    assert "If there is an account with this address" in text_of(browser.follow(answer))
    owed = [(one.email, one.mail) for one in db.session.query(Delivery)]
    assert owed == ([("ada@example.com", "reset")] if email == "ada@example.com" else [])


def test_without_a_mail_server_one_is_sent_to_an_admin(browse, cast):
    assert "Ask one of the admins for a link" in text_of(browse().get("/forgot"))
    assert "Ask one of the admins for a link" in text_of(browse().post("/forgot", {"email": "ada@example.com"}))
    assert db.session.query(Event).count() == 0


@pytest.mark.parametrize("email", ["", "ada", "x" * 100_000, "ada@example.com\r\nBcc: x@example.com", "\x00"])
def test_what_is_no_address_is_told_at_the_field(browse, cast, mailing, email):
    page = browse(desk=mailing).post("/forgot", {"email": email})
    assert page.status_code == 422 and 'aria-describedby="email-error"' in page.text


def test_asking_again_and_again_is_slowed_down(browse, cast, mailing):
    answers = [browse(desk=mailing).post("/forgot", {"email": "Ada@example.com"}) for _try in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert 'value="Ada@example.com"' in answers[-1].text and answers[-1].headers["Retry-After"]


# ---- by link


def test_a_reset_link_sets_the_password_once_and_ends_every_session(browse, cast):
    elsewhere = browse(cast.ada)
    token = act(one_time_links.make, cast.ada, "reset")
    assert "ada@example.com" in text_of(browse().get(f"/reset/{token}"))
    browser = browse()
    answer = browser.post(f"/reset/{token}", {"password": NEW})
    assert "Your new password is saved." in text_of(browser.follow(answer))
    assert elsewhere.get("/tickets").status_code == 303
    assert signs_in(browse(), "ada@example.com", NEW) and not signs_in(browse(), "ada@example.com", PASSWORD)
    assert browse().post(f"/reset/{token}", {"password": "yet another one"}).status_code == 404
    assert signs_in(browse(), "ada@example.com", NEW)


def test_a_reset_link_lets_in_somebody_who_tried_too_often(browse, cast):
    for _try in range(11):
        rate_limits.count_sign_in("ada@example.com", "127.0.0.1")
    token = act(one_time_links.make, cast.ada, "reset")
    browse().post(f"/reset/{token}", {"password": NEW})
    assert signs_in(browse(), "ada@example.com", NEW)


def test_after_an_hour_the_link_is_too_old(browse, cast):
    token = act(one_time_links.make, cast.ada, "reset", at=transactions.now() - timedelta(minutes=61))
    assert browse().get(f"/reset/{token}").status_code == 404
    assert browse().post(f"/reset/{token}", {"password": NEW}).status_code == 404


@pytest.mark.parametrize("password", ["", "short", "x" * 129, "password1"])
def test_a_password_that_cannot_be_taken_leaves_the_link_as_it_is(browse, cast, password):
    token = act(one_time_links.make, cast.ada, "reset")
    page = browse().post(f"/reset/{token}", {"password": password})
    assert page.status_code == 422 and 'aria-describedby="password-hint password-error"' in page.text
    assert browse().post(f"/reset/{token}", {"password": NEW}).status_code == 303


def test_an_invitation_leads_to_an_account_with_the_role_it_was_made_for(browse, cast):
    fay = act(people.invite, "Fay Moreau", "fay@example.com", role="agent", by=cast.eve)
    token = act(one_time_links.make, fay, "invitation")
    browser = browse()
    assert 'value="Fay Moreau"' in browser.get(f"/invitation/{token}").text
    answer = browser.post(f"/invitation/{token}", {"name": "Fay Adams", "password": NEW, "role": "admin"})
    page = browser.follow(browser.follow(answer))
    assert "Welcome, Fay Adams. Your account is ready." in text_of(page) and 'href="/triage"' in page.text
    fay = db.session.get(Person, fay.id)
    assert (fay.role, fay.confirmed_at is not None) == ("agent", True)
    assert browse().get(f"/invitation/{token}").status_code == 404


@pytest.mark.parametrize("name", ["", "Fay\r\nBcc: x@example.com", "x" * 121])
def test_an_invitation_wants_a_name_on_one_line(browse, cast, name):
    token = act(one_time_links.make, cast.mel, "invitation")
    page = browse().post(f"/invitation/{token}", {"name": name, "password": NEW})
    assert page.status_code == 422 and 'aria-describedby="name-error"' in page.text
    assert NEW not in page.text


# ---- changed in the profile


def change(browser, current=PASSWORD, new=NEW, **more):
    return browser.post("/profile/password", {"current_password": current, "new_password": new} | more)


def test_a_changed_password_ends_every_other_session(browse, cast):
    here, elsewhere = browse(cast.ada), browse(cast.ada)
    page = here.follow(change(here))
    assert "Every other browser you were signed in with is signed out." in text_of(page)
    assert elsewhere.get("/tickets").status_code == 303
    assert db.session.query(Session).count() == 1
    assert signs_in(browse(), "ada@example.com", NEW) and not signs_in(browse(), "ada@example.com", PASSWORD)


def test_the_current_password_is_needed(browse, cast):
    page = change(browse(cast.ada), current="wrong one")
    assert page.status_code == 422 and "This is not your current password." in text_of(page)
    assert 'aria-describedby="current_password-error"' in page.text and page.text.count(" autofocus") == 1
    assert signs_in(browse(), "ada@example.com", PASSWORD)


@pytest.mark.parametrize("new", ["", "short", "x" * 129, "password1", "x" * 100_000])
def test_a_bad_new_password_is_told_at_its_field(browse, cast, new):
    page = change(browse(cast.ada), new=new)
    assert page.status_code == 422 and "new_password-error" in page.text
    assert signs_in(browse(), "ada@example.com", PASSWORD)


def test_guessing_the_current_password_is_slowed_down(browse, cast):
    ada = browse(cast.ada)
    answers = [change(ada, current=f"wrong {n}").status_code for n in range(11)]
    assert answers == [422] * 10 + [429]


def test_somebody_elses_password_cannot_be_changed_by_an_extra_field(browse, cast):
    change(browse(cast.ada), id=str(cast.eve.id), person=str(cast.eve.id), email="eve@example.com")
    assert signs_in(browse(), "eve@example.com", PASSWORD)


# ---- a new address


def test_a_new_address_counts_once_it_is_confirmed(browse, cast, mailing):
    ada = browse(cast.ada, mailing)
    page = ada.follow(ada.post("/profile/address", {"email": "Ada.O@example.com", "current_password": PASSWORD}))
    assert "Open it to confirm the new address." in text_of(page)
    assert cast.ada.email == "ada@example.com"
    assert ("ada.o@example.com", "new_address") in [(one.email, one.mail) for one in db.session.query(Delivery)]
    token = act(one_time_links.make, cast.ada, "address", email="ada.o@example.com")
    assert "ada.o@example.com" in text_of(browse().get(f"/new-address/{token}"))
    assert browse(cast.ada).post(f"/new-address/{token}").headers["Location"] == "/profile"
    assert signs_in(browse(), "ada.o@example.com", PASSWORD)
    assert ("ada@example.com", "address_changed") in [(one.email, one.mail) for one in db.session.query(Delivery)]


def test_a_taken_address_is_not_given_away_where_mail_is_sent(browse, cast, mailing):
    ada = browse(cast.ada, mailing)
    page = ada.follow(ada.post("/profile/address", {"email": "ben@example.com", "current_password": PASSWORD}))
    assert "Open it to confirm the new address." in text_of(page)
    assert {one.email for one in db.session.query(Delivery)} == {"ben@example.com", "ada@example.com"}


def test_an_address_that_was_taken_meanwhile_is_refused(browse, cast):
    token = act(one_time_links.make, cast.ada, "address", email="ben@example.com")
    page = browse(cast.ada).post(f"/new-address/{token}")
    assert page.status_code == 409 and "has an account already" in text_of(page)
    assert db.session.query(OneTimeLink).one().used_at is None


def test_without_a_mail_server_the_address_changes_at_once(browse, cast):
    ada = browse(cast.ada)
    page = ada.post("/profile/address", {"email": "ben@example.com", "current_password": PASSWORD})
    assert page.status_code == 422 and "has an account already" in text_of(page)
    assert ada.post("/profile/address", {"email": "ada.o@example.com", "current_password": PASSWORD}).status_code == 303
    assert signs_in(browse(), "ada.o@example.com", PASSWORD)


def test_a_new_address_makes_links_to_the_old_one_worthless(cast):
    token = act(one_time_links.make, cast.ada, "reset")
    act(self_service.ask_address, cast.ada, "ada.o@example.com", confirm=False)
    assert one_time_links.find(token, "reset") is None
