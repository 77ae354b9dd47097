"""An address to which the mail server cannot send is refused where it is typed; no page says that a mail went out."""

import pytest

from helpdesk.accounts import people
from helpdesk.notifications import mail_server
from models import Delivery, Person, Watcher, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.cast import PASSWORD, hashed

UNREACHABLE = "jürgen@example.com"
CANNOT = "The mail server cannot send to letters such as ü before the @. Please use an address without them."
UNKNOWN = "It is not known yet whether the mail server can send to letters such as ü before the @."


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


def learn(desk, takes):
    mail_server.learn(desk.config["MAIL_HOST"], smtputf8=takes)


# Who types an address, where, in which field, and what else the form needs.
TYPED = {
    "register": (None, "/register", "email", {"name": "Jürgen", "password": "correct horse 9 battery"}),
    "forgot": (None, "/forgot", "email", {}),
    "profile": ("ada", "/profile/address", "email", {"current_password": PASSWORD}),
    "invitation": ("eve", "/people", "email", {"name": "Jürgen", "role": "user"}),
    "requester": ("cleo", "/tickets/new", "requester", {"subject": "Screen", "description": "Dark"}),
    "watcher": ("cleo", "/tickets/{ticket}/watchers", "watcher", {}),
    "another requester": ("cleo", "/tickets/{ticket}/edit", "requester", {"subject": "Screen", "description": "Dark"}),
}
TICKET = {"type": "incident", "category": "", "priority": "normal"}


@pytest.fixture
def type_in(browse, cast, mailing):
    ticket = builders.ticket(cast.ada)

    def send(place, address, desk=mailing):
        who, path, field, more = TYPED[place]
        browser = browse(getattr(cast, who) if who else None, desk)
        page = browser.post(path.format(ticket=ticket.id), TICKET | more | {field: address})
        return browser.follow(page) if page.status_code == 303 else page

    return send


def typed_mails():
    return [one.mail for one in db.session.query(Delivery).filter(Delivery.email == UNREACHABLE)]


@pytest.mark.parametrize("place", TYPED)
def test_where_the_server_takes_no_such_letters_the_field_says_so(type_in, mailing, place):
    learn(mailing, False)
    page = type_in(place, UNREACHABLE)
    field = TYPED[place][2]
    assert page.status_code in (409, 422) and CANNOT in text_of(page)
    assert f'id="{field}-error"' in page.text and f'value="{UNREACHABLE}"' in page.text
    assert typed_mails() == [] and people.by_address(UNREACHABLE) is None
    assert db.session.query(Watcher).count() == 0


@pytest.mark.parametrize("place", TYPED)
def test_as_long_as_it_is_not_known_the_field_says_that(type_in, place):
    page = type_in(place, UNREACHABLE)
    assert page.status_code in (409, 422) and UNKNOWN in text_of(page)
    assert people.by_address(UNREACHABLE) is None


@pytest.mark.parametrize("place", TYPED)
def test_where_the_server_takes_such_letters_the_address_is_taken(type_in, mailing, place):
    learn(mailing, True)
    page = type_in(place, UNREACHABLE)
    assert page.status_code == 200 and CANNOT not in text_of(page)
    if place not in ("forgot", "watcher"):
        assert len(typed_mails()) == 1


def test_what_is_known_of_another_server_does_not_count(type_in, mailing):
    mail_server.learn("mail.example.com:587", smtputf8=True)
    assert UNKNOWN in text_of(type_in("register", UNREACHABLE))


def test_a_desk_that_sends_no_mail_takes_every_address(type_in, app):
    assert type_in("requester", UNREACHABLE, app).status_code == 200
    assert people.by_address("ju\u0308rgen@example.com").email == UNREACHABLE


def test_letters_in_the_domain_need_nothing_of_the_server(type_in, mailing):
    learn(mailing, False)
    assert type_in("requester", "ada@bücher.example").status_code == 200


def test_a_full_width_spelling_of_such_an_address_is_refused_too(type_in, mailing):
    learn(mailing, False)
    assert CANNOT in text_of(type_in("register", "ｊürgen＠ｅｘａｍｐｌｅ．ｃｏｍ"))


def test_somebody_who_is_here_already_can_be_chosen_whatever_the_server_takes(type_in, mailing, cast):
    act(people.add, "Jürgen", UNREACHABLE)
    learn(mailing, False)
    assert type_in("requester", UNREACHABLE).status_code == 200


def test_signing_in_promises_no_mail_that_cannot_be_sent(browse, mailing, cast):
    act(people.add, "Jürgen", UNREACHABLE, password_hash=hashed())
    learn(mailing, False)
    page = browse(desk=mailing).post("/login", {"email": UNREACHABLE, "password": PASSWORD})
    assert "Your address is not confirmed yet. " + CANNOT in text_of(page)
    assert typed_mails() == []


def test_an_invitation_that_cannot_arrive_is_not_sent_again(browse, mailing, cast):
    person = act(people.add, "Jürgen", UNREACHABLE)
    learn(mailing, False)
    page = browse(cast.eve, mailing).post(f"/people/{person.id}/invite")
    assert page.status_code == 409 and CANNOT in text_of(page) and typed_mails() == []


def test_the_first_admin_needs_an_address_that_mails_reach(browse, mailing):
    key = act(people.new_first_key)
    learn(mailing, False)
    form = {"name": "Jürgen", "email": UNREACHABLE, "password": "correct horse 9 battery", "key": key}
    page = browse(desk=mailing).post("/setup", form)
    assert page.status_code == 422 and CANNOT in text_of(page) and db.session.query(Person).count() == 0
    assert browse(desk=mailing).post("/setup", form | {"email": "eve@example.com"}).status_code == 303
