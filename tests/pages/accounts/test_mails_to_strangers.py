"""How many mails somebody who is not known here can have the desk send to any address, and what the page says."""

from datetime import timedelta

import pytest

from helpdesk.accounts import one_time_links, people
from helpdesk.db import transactions
from helpdesk.limits import rate_limits
from models import Attempt, Delivery, Event, Person, db
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.cast import PASSWORD, hashed

SPAM = "WIN 1000 EUR http://evil.example"
VICTIM = "victim@example.org"
FORM = {"name": SPAM, "email": VICTIM, "password": PASSWORD}


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


@pytest.fixture
def visit(browse, mailing, app):
    """What people do who are not signed in, each time in a browser of their own."""

    class Visit:
        def register(self, **other):
            return browse(desk=mailing).post("/register", FORM | other)

        def sign_in(self, email=VICTIM, password=PASSWORD):
            return browse(desk=mailing).post("/login", {"email": email, "password": password})

        def forgot(self, email=VICTIM):
            return browse(desk=mailing).post("/forgot", {"email": email})

    return Visit()


def mails(email=VICTIM):
    return [one.mail for one in db.session.query(Delivery).filter_by(email=email).order_by(Delivery.id)]


def an_hour_passes():
    """All that was counted is an hour older."""
    with transactions.writing():
        for row in db.session.query(Attempt):
            row.at -= timedelta(hours=1, seconds=1)


def unconfirmed(**more):
    return act(people.add, SPAM, VICTIM, password_hash=hashed(), **more)


# ---- how many


def test_registering_signing_in_and_asking_for_a_password_send_one_mail_an_hour_together(visit, app):
    for _try in range(3):
        for answer in (visit.register(), visit.sign_in(), visit.forgot()):
            assert answer.status_code in (303, 422)
    assert mails() == ["confirm"]
    an_hour_passes()
    visit.forgot()
    visit.register()
    assert mails() == ["confirm", "reset"]


@pytest.mark.parametrize("email", ["victim+1@example.org", "Victim+two@Example.org"])
def test_words_after_a_plus_do_not_make_another_mailbox(visit, app, email):
    visit.register()
    visit.register(email=email)
    assert db.session.query(Delivery).count() == 1 and db.session.query(Person).count() == 2


def test_somebody_invited_is_not_flooded_either(visit, cast):
    act(people.invite, "Vic", VICTIM, role="user", by=cast.eve)
    for _try in range(2):
        visit.register()
        visit.forgot()
    assert mails() == ["invitation", "invitation"]
    act(people.invite_again, people.by_address(VICTIM), by=cast.eve)
    assert mails() == ["invitation"] * 3


def test_a_member_cannot_send_more_by_changing_the_own_address(browse, cast, mailing):
    change = {"email": VICTIM, "current_password": PASSWORD}
    for person in (cast.ada, cast.ada, cast.ben):
        browser = browse(person, mailing)
        assert "one mail an hour at most" in text_of(browser.follow(browser.post("/profile/address", change)))
    assert mails() == ["new_address"]


def test_asking_once_more_leaves_the_link_of_the_first_mail_as_it_is(browse, cast, mailing):
    ada, change = browse(cast.ada, mailing), {"email": VICTIM, "current_password": PASSWORD}
    ada.post("/profile/address", change)
    token = act(one_time_links.make, cast.ada, "address", email=VICTIM)
    ada.post("/profile/address", change)
    assert one_time_links.find(token, "address") is not None


def test_a_member_asks_for_five_new_addresses_an_hour(browse, cast, mailing):
    ada, answers = browse(cast.ada, mailing), []
    for number in range(6):
        change = {"email": f"victim{number}@example.org", "current_password": PASSWORD}
        answers.append(ada.post("/profile/address", change).status_code)
    assert answers == [303] * 5 + [429]
    assert db.session.query(Delivery).filter_by(mail="new_address").count() == 5


def test_who_has_confirmed_gets_a_new_link_each_time(visit, cast):
    for _try in range(3):
        visit.forgot("ada@example.com")
    assert mails("ada@example.com") == ["reset"] * 3


def test_an_address_that_nobody_has_can_still_be_registered_after_a_forgotten_password(visit, app):
    visit.forgot()
    visit.register()
    assert mails() == ["confirm"]


# ---- what is told


def last_answer(browse, mailing, path, form, times=2):
    """What the page after the form says, the last of so many times."""
    for _try in range(times):
        browser = browse(desk=mailing)
        page = browser.post(path, form)
        page = browser.follow(page) if page.status_code == 303 else page
    return text_of(page)


@pytest.mark.parametrize("email", [VICTIM, "ada@example.com", "mel@example.com", "zoe@example.com"])
@pytest.mark.parametrize("path", ["/register", "/forgot"])
def test_the_page_says_when_a_mail_went_out_alike_for_every_address(browse, cast, mailing, path, email):
    first, again = (last_answer(browse, mailing, path, FORM | {"email": email}, times) for times in (1, 1))
    assert "was asked for at" not in first
    assert "A mail for this address was asked for at" in again and "look for that one, also among spam" in again


def test_the_sign_in_of_an_unconfirmed_account_says_when_its_mail_went_out(browse, mailing, app):
    unconfirmed()
    form = {"email": VICTIM, "password": PASSWORD}
    assert "We have sent a mail" in last_answer(browse, mailing, "/login", form, 1)
    again = last_answer(browse, mailing, "/login", form, 1)
    assert "Your address is not confirmed yet. A mail for this address was asked for at" in again
    assert mails() == ["confirm"]


# ---- whose password counts where two register with one address


def test_who_registers_with_the_address_of_another_does_not_choose_the_password_by_being_first(visit, browse, app):
    """The victim finds the link of the mail that the first caused, and no second mail comes within the hour."""
    visit.register(password="the password of a thief")
    visit.register(password="the victim's own words")
    person = people.by_address(VICTIM)
    token = act(one_time_links.make, person, "confirm")
    for password in ("the password of a thief", "the victim's own words"):
        assert visit.sign_in(password=password).status_code == 422
    page = browse().get(f"/confirm/{token}")
    assert "choose one here" in text_of(page) and 'name="password"' in page.text
    refused = browse().post(f"/confirm/{token}", {"password": "short"})
    assert refused.status_code == 422 and db.session.get(Person, person.id).confirmed_at is None
    assert browse().post(f"/confirm/{token}", {"password": "chosen by who reads it"}).status_code == 303
    assert visit.sign_in(password="the password of a thief").status_code == 422
    assert visit.sign_in(password="chosen by who reads it").headers["Location"] == "/"


def test_whose_password_does_not_count_any_more_gets_a_link_for_a_new_one(visit, app):
    visit.register()
    visit.register()
    an_hour_passes()
    visit.forgot()
    assert mails() == ["confirm", "reset"]


def test_no_answer_to_a_form_leaves_out_the_line_that_others_write(visit, cast):
    """Every way writes one event: an answer that comes faster would tell."""
    for answer in (visit.register, visit.register, visit.forgot, visit.forgot):
        before = db.session.query(Event).count()
        answer()
        assert db.session.query(Event).count() == before + 1


def test_the_newest_try_is_known_as_long_as_it_counts(app):
    now = transactions.now()
    assert rate_limits.last(rate_limits.RESET_ACCOUNT, "a@example.com") is None
    rate_limits.count(rate_limits.RESET_ACCOUNT, "a@example.com", now - timedelta(minutes=20))
    assert rate_limits.last(rate_limits.RESET_ACCOUNT, "a@example.com") == now - timedelta(minutes=20)
    assert rate_limits.last(rate_limits.RESET_ACCOUNT, "a@example.com", now + timedelta(hours=1)) is None
