"""Mails that are owed and yet not sent: what they were about is gone, or there is no mail server."""

import re
from urllib.parse import urlsplit

import pytest

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.db import transactions
from helpdesk.tickets import tickets
from models import Delivery, OneTimeLink, db
from tests.support.builders import act, reply, ticket
from tests.support.cast import hashed
from tests.support.causes import KINDS, answer, invitation


def trash(made, cast):
    act(tickets.trash, made, by=cast.eve)


def other_requester(made, cast):
    act(tickets.change_requester, made, to=cast.ben, by=cast.eve)


def switch_off(made, cast):
    act(people.switch_off, cast.ada, by=cast.eve)


@pytest.mark.parametrize(
    "change, why", [(trash, "in the trash"), (other_requester, "does not see"), (switch_off, "is switched off")]
)
def test_who_may_no_longer_see_the_ticket_gets_no_mail(cast, mailbox, work, change, why):
    made = ticket(cast.ada)
    reply(made, by=cast.cleo)
    change(made, cast)
    work()
    assert mailbox.sent_to("ada@example.com") == []
    for delivery in db.session.query(Delivery).filter_by(person_id=cast.ada.id):
        assert delivery.state == "cancelled" and why in delivery.last_error


def done_reset():
    act(self_service.set_password, people.by_address("ada@example.com"), hashed())


def done_confirm():
    people.by_address("nia@example.com").confirmed_at = transactions.now()
    db.session.commit()


def done_invitation():
    people.by_address("nia@example.com").password_hash = hashed()
    db.session.commit()


def done_new_address():
    act(self_service.ask_address, people.by_address("ada@example.com"), "ada@newer.example.com", confirm=True)


def done_address_asked():
    done_new_address()


def new_password():
    act(self_service.set_password, people.by_address("ada@example.com"), hashed())


def new_role():
    act(people.set_role, people.by_address("ada@example.com"), "agent", by=people.by_address("eve@example.com"))


def signed_out_everywhere():
    act(self_service.sign_out_everywhere, people.by_address("ada@example.com"))


def made_admin():
    act(people.make_admin, "Ada", "ada@example.com", hashed())


def asked_again():
    act(self_service.ask_reset, "ada@example.com")


def stopped():
    ada = people.by_address("ada@example.com")
    token = act(one_time_links.make, ada, "stop_address")
    act(lambda: self_service.stop_address(one_time_links.find(token, "stop_address")))


ENDS = (new_password, new_role, signed_out_everywhere, made_admin)


@pytest.mark.parametrize(
    "kind, end",
    [(kind, end) for kind in ("reset", "new_address", "address_asked") for end in ENDS]
    + [("reset", asked_again), ("new_address", stopped)],
)
def test_a_mail_that_waits_brings_no_link_after_what_ends_such_links(cast, mailbox, work, kind, end):
    cause, to, _words = KINDS[kind]
    cause(cast)
    delivery = db.session.query(Delivery).filter_by(mail=kind).one()
    end()
    work()
    assert not [mail for mail in mailbox.messages if delivery.message_id in mail["Message-ID"]]
    db.session.refresh(delivery)
    assert delivery.state == "cancelled"


def test_an_address_that_is_taken_gets_no_mail(cast, mailbox, work):
    act(self_service.ask_address, cast.ada, "ben@example.com", confirm=True)
    work()
    assert mailbox.sent_to("ben@example.com") == [] and len(mailbox.sent_to("ada@example.com")) == 1


@pytest.mark.parametrize("done", [done_address_asked, done_reset, done_confirm, done_invitation, done_new_address])
def test_a_link_that_is_no_longer_wanted_is_not_mailed(cast, mailbox, work, done):
    kind = done.__name__.removeprefix("done_")
    cause, to, _words = KINDS[kind]
    cause(cast)
    done()
    work()
    first = db.session.query(Delivery).filter_by(mail=kind, email=to).order_by(Delivery.id).first()
    assert not [mail for mail in mailbox.messages if first.message_id in mail["Message-ID"]]
    assert first.state == "cancelled"


# ---- no mail server


def test_in_development_the_mail_log_shows_the_text_and_its_link_works(
    app, in_development, browse, cast, mailbox, work
):
    invitation(cast)
    work(app)
    delivery = db.session.query(Delivery).one()
    assert delivery.state == "unsent" and mailbox.messages == []
    page = browse(cast.eve).get(f"/mail/{delivery.id}").text
    token = urlsplit(re.search(r"http://desk.test/invitation/[\w-]+", page).group()).path.rpartition("/")[2]
    assert one_time_links.find(token, "invitation").person.email == "nia@example.com"


def test_in_production_without_a_mail_server_no_text_and_no_link_is_made(browse, cast, make_app, work):
    desk = make_app(APP_ENV="production")
    invitation(cast)
    work(desk)
    delivery = db.session.query(Delivery).one()
    assert (delivery.state, delivery.shown_text) == ("unsent", None)
    assert db.session.query(OneTimeLink).count() == 0


def test_text_kept_in_development_is_not_shown_in_production(app, in_development, browse, cast, make_app, work):
    answer(cast)
    work(app)
    delivery = db.session.query(Delivery).filter_by(mail="answer").one()
    assert "Please **restart** it." in delivery.shown_text
    page = browse(cast.eve, make_app(APP_ENV="production")).get(f"/mail/{delivery.id}")
    assert page.status_code == 200 and "restart" not in page.text


def test_once_there_is_a_mail_server_a_mail_that_was_kept_can_be_sent(app, browse, cast, mailbox, work):
    ticket(cast.ada)
    work(app)
    delivery = db.session.query(Delivery).one()
    eve = browse(cast.eve)
    eve.follow(eve.post(f"/mail/{delivery.id}/again"))
    work()
    db.session.refresh(delivery)
    assert (delivery.state, delivery.shown_text) == ("sent", None)
    assert len(mailbox.sent_to("ada@example.com")) == 1
