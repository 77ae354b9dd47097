"""A change of address that waits to be confirmed: who can confirm it, who can stop it, and what ends it."""

import pytest

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.limits import rate_limits
from models import Delivery, Event, OneTimeLink, Person, Session, db
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.cast import PASSWORD, hashed

NEW = "an entirely new one"


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


def link(person, purpose="address"):
    return act(one_time_links.make, person, purpose, email="ada.o@example.com" if purpose == "address" else None)


def address_of(person):
    return db.session.get(Person, person.id, populate_existing=True).email


# ---- what ends it


def by_profile(cast, browse):
    browse(cast.ada).post("/profile/password", {"current_password": PASSWORD, "new_password": NEW})


def by_reset_link(cast, browse):
    browse().post(f"/reset/{link(cast.ada, 'reset')}", {"password": NEW})


def by_invitation(cast, browse):
    browse().post(f"/invitation/{link(cast.ada, 'invitation')}", {"name": "Ada", "password": NEW})


def by_command_line(cast, browse):
    act(people.make_admin, "Ada", "ada@example.com", hashed())


def by_first_key(cast, browse):
    act(people.set_role, act(people.make_admin, "Kim", "kim@example.com", hashed()), "admin", by=cast.eve)
    for admin in db.session.query(Person).filter_by(role="admin"):
        admin.role = "user"
    db.session.commit()
    act(people.make_first_admin, act(people.new_first_key), "Ada", "ada@example.com", hashed())


def by_role(cast, browse):
    browse(cast.eve).post(f"/people/{cast.ada.id}/role", {"role": "agent"})


def by_switching_off(cast, browse):
    eve = browse(cast.eve)
    eve.post(f"/people/{cast.ada.id}/switch-off")
    eve.post(f"/people/{cast.ada.id}/switch-on")


def by_signing_out_everywhere(cast, browse):
    assert browse(cast.ada).post("/profile/sign-out-everywhere").status_code == 303


def by_another_address(cast, browse):
    act(self_service.ask_address, cast.ada, "ada.p@example.com", confirm=False)


WAYS = (
    by_profile,
    by_reset_link,
    by_invitation,
    by_command_line,
    by_first_key,
    by_role,
    by_switching_off,
    by_signing_out_everywhere,
    by_another_address,
)


@pytest.mark.parametrize("end", WAYS)
def test_a_new_password_a_new_role_and_signing_out_everywhere_end_what_was_asked_for(browse, cast, end):
    tokens = {purpose: link(cast.ada, purpose) for purpose in one_time_links.REVOCABLE}
    before = db.session.query(Event.id).count()
    end(cast, browse)
    assert db.session.query(Event.id).count() > before
    for purpose, token in tokens.items():
        assert one_time_links.find(token, purpose) is None, purpose
    db.session.rollback()
    kinds = {event.kind for event in db.session.query(Event).filter_by(person_id=cast.ada.id)}
    assert kinds & set(one_time_links.REVOKING), "no event by which a waiting mail would know"


def test_whoever_asked_while_they_were_in_does_not_get_the_account_after_a_new_password(browse, cast, mailing):
    thief = browse(cast.ada, mailing)
    thief.post("/profile/address", {"email": "thief@example.com", "current_password": PASSWORD})
    token = act(one_time_links.make, cast.ada, "address", email="thief@example.com")
    change = {"current_password": PASSWORD, "new_password": NEW}
    assert browse(cast.ada, mailing).post("/profile/password", change).status_code == 303
    for password in (PASSWORD, NEW):
        assert browse(desk=mailing).post(f"/new-address/{token}", {"password": password}).status_code == 404
    assert address_of(cast.ada) == "ada@example.com"


@pytest.mark.parametrize("purpose", one_time_links.REVOCABLE)
def test_signing_out_of_one_browser_ends_no_link(browse, cast, purpose):
    token = link(cast.ada, purpose)
    browse(cast.ada).post("/logout")
    browse(cast.ada).post(f"/profile/sessions/{db.session.query(Session).one().id}/end")
    assert one_time_links.find(token, purpose) is not None


def test_an_invitation_stays_with_the_invited_when_their_role_changes(cast):
    token = act(one_time_links.make, cast.mel, "invitation")
    act(people.set_role, cast.mel, "agent", by=cast.eve)
    assert one_time_links.find(token, "invitation") is not None


def test_signing_out_everywhere_ends_every_session(browse, cast):
    here, elsewhere, other = browse(cast.ada), browse(cast.ada), browse(cast.ben)
    assert "Sign out everywhere" in here.get("/profile").text
    assert "You are signed out." in text_of(here.follow(here.post("/profile/sign-out-everywhere")))
    assert [one.get("/tickets").status_code for one in (here, elsewhere, other)] == [303, 303, 200]


# ---- who confirms it


def test_the_person_confirms_with_one_button_where_they_are_signed_in(browse, cast):
    token, ada = link(cast.ada), browse(cast.ada)
    page = ada.get(f"/new-address/{token}")
    assert "ada.o@example.com" in text_of(page) and 'name="password"' not in page.text
    assert "Your new address is confirmed." in text_of(ada.follow(ada.post(f"/new-address/{token}")))
    assert address_of(cast.ada) == "ada.o@example.com"


@pytest.mark.parametrize("who", [None, "ben", "eve"])
def test_anybody_else_who_has_the_link_needs_the_password(browse, cast, who):
    token, browser = link(cast.ada), browse(who and getattr(cast, who))
    assert 'name="password"' in browser.get(f"/new-address/{token}").text
    for typed, why in ((None, "Please fill in"), ("wrong", "This is not the password of this account.")):
        page = browser.post(f"/new-address/{token}", {"password": typed} if typed else {})
        assert page.status_code == 422 and why in text_of(page) and "password-error" in page.text
    assert address_of(cast.ada) == "ada@example.com"
    answer = browser.post(f"/new-address/{token}", {"password": PASSWORD})
    assert answer.headers["Location"] == "/login?sent=address"
    assert address_of(cast.ada) == "ada.o@example.com"


def test_guessing_the_password_behind_the_link_is_slowed_down(browse, cast):
    token = link(cast.ada)
    answers = [browse().post(f"/new-address/{token}", {"password": f"wrong {n}"}) for n in range(11)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429]
    assert answers[-1].headers["Retry-After"]
    assert browse().post(f"/new-address/{token}", {"password": PASSWORD}).status_code == 429
    assert rate_limits.count(rate_limits.PASSWORD_ACCOUNT, str(cast.ada.id)) is None


# ---- who is told, and can stop it


def test_the_present_address_hears_of_the_change_and_can_stop_it(browse, cast, mailing):
    ada = browse(cast.ada, mailing)
    ada.post("/profile/address", {"email": "ada.o@example.com", "current_password": PASSWORD})
    owed = [(one.email, one.mail) for one in db.session.query(Delivery).order_by(Delivery.id)]
    assert owed == [("ada.o@example.com", "new_address"), ("ada@example.com", "address_asked")]
    confirm, stop = link(cast.ada), link(cast.ada, "stop_address")
    browser = browse(desk=mailing)
    page = browser.get(f"/stop-address/{stop}")
    assert "keeps the address ada@example.com" in text_of(page) and one_time_links.find(confirm, "address")
    page = browser.follow(browser.post(f"/stop-address/{stop}"))
    assert "The change is stopped" in text_of(page)
    assert browser.post(f"/new-address/{confirm}", {"password": PASSWORD}).status_code == 404
    assert browser.post(f"/stop-address/{stop}").status_code == 404
    assert address_of(cast.ada) == "ada@example.com"


def test_asking_again_ends_the_links_of_the_change_before(cast):
    tokens = {purpose: link(cast.ada, purpose) for purpose in ("address", "stop_address")}
    act(self_service.ask_address, cast.ada, "ada.q@example.com", confirm=True)
    assert [one_time_links.find(token, purpose) for purpose, token in tokens.items()] == [None, None]


def test_the_link_that_stops_a_change_outlives_the_one_that_confirms_it():
    assert one_time_links.LASTS["stop_address"] > one_time_links.LASTS["address"]
    assert {"address", "stop_address"} <= set(one_time_links.REVOCABLE) <= set(one_time_links.LASTS)


def test_a_link_that_comes_too_late_to_stop_the_change_says_what_to_do(browse, cast):
    stop = link(cast.ada, "stop_address")
    act(self_service.ask_address, cast.ada, "ada.o@example.com", confirm=False)
    page = browse().get(f"/stop-address/{stop}")
    assert page.status_code == 404 and "tell one of the admins at once" in text_of(page)
    assert db.session.query(OneTimeLink).count() == 0
