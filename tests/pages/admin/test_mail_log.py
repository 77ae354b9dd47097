"""The mail log of admins: every mail with its state, and sending one again."""

import pytest

from helpdesk.accounts import people
from helpdesk.notifications import deliveries
from models import Delivery, db
from tests.support.browser import text_of
from tests.support.builders import act, ticket


@pytest.fixture
def mails(cast):
    """One waiting, one sent, one given up."""
    for person in (cast.ada, cast.ben, cast.mel):
        ticket(cast.cleo, requester=person)
    waiting, sent, failed = db.session.query(Delivery).order_by(Delivery.id)
    deliveries.finish(deliveries.claim(sent.id))
    deliveries.fail(deliveries.claim(failed.id), "550 no such user", for_good=True)
    db.session.rollback()
    return waiting, sent, failed


def test_it_lists_every_mail_with_its_state_and_last_error(browse, cast, mails):
    page = text_of(browse(cast.eve).get("/mail"))
    for words in ("ada@example.com", "Waiting", "ben@example.com", "Sent", "Given up", "550 no such user"):
        assert words in page
    assert "No mail server is set" in page


def test_it_can_be_narrowed_to_a_state(browse, cast, mails):
    page = text_of(browse(cast.eve).get("/mail?state=failed"))
    assert "mel@example.com" in page and "ben@example.com" not in page
    assert "There are no mails here." in text_of(browse(cast.eve).get("/mail?state=cancelled"))


@pytest.mark.parametrize(
    "query", ["state=nonsense", "before=x", "before=²", "before=-1", "before=99999999999999999999"]
)
def test_nonsense_in_the_address_shows_the_whole_log(browse, cast, mails, query):
    page = browse(cast.eve).get(f"/mail?{query}")
    assert page.status_code == 200 and "ada@example.com" in page.text


def test_a_long_log_has_pages(browse, cast):
    for _ in range(51):
        ticket(cast.ada)
    eve = browse(cast.eve)
    first = eve.get("/mail")
    assert first.text.count("ada@example.com") == 50 and "Older mails" in first.text
    oldest = db.session.query(Delivery).order_by(Delivery.id).all()[1].id
    second = eve.get(f"/mail?before={oldest}")
    assert second.text.count("ada@example.com") == 1 and "Older mails" not in second.text


def test_one_mail_is_shown_with_its_reason_and_its_ticket(browse, cast, mails):
    failed = mails[2]
    page = browse(cast.eve).get(f"/mail/{failed.id}")
    words = text_of(page)
    assert "Cleo Hart raised this ticket for Mel Duarte" in words and "550 no such user" in words
    assert f'href="/tickets/{failed.event.ticket_id}"' in page.text
    assert "Send again" in words


def test_send_again_puts_it_into_the_queue_once(browse, cast, mails):
    failed, eve = mails[2], browse(cast.eve)
    page = eve.follow(eve.post(f"/mail/{failed.id}/again"))
    assert "The mail is waiting to be sent again." in text_of(page)
    assert "Send again" not in text_of(page)
    second = eve.post(f"/mail/{failed.id}/again")
    assert second.status_code == 409 and "waiting to be sent already" in text_of(second)


def test_a_mail_to_somebody_switched_off_cannot_be_sent_again(browse, cast, mails):
    act(people.switch_off, db.session.merge(cast.ben), by=db.session.merge(cast.eve))
    answer = browse(cast.eve).post(f"/mail/{mails[1].id}/again")
    assert answer.status_code == 409 and "switched off" in text_of(answer)


def test_what_was_typed_is_only_text_there(browse, cast, in_development):
    with_marks = ticket(cast.ada)
    delivery = db.session.query(Delivery).filter(Delivery.event.has(ticket_id=with_marks.id)).one()
    delivery.state, delivery.last_error = "unsent", "<b>bold</b>"
    delivery.shown_text = "<script>alert(1)</script> http://desk.test/tickets/1"
    db.session.commit()
    page = browse(cast.eve).get(f"/mail/{delivery.id}").text
    assert "<script>alert" not in page and "<b>bold" not in page
    assert 'href="http://desk.test/tickets/1"' in page


@pytest.mark.parametrize("name, status", [("ada", 403), ("cleo", 403), ("eve", 200)])
def test_it_is_for_admins_only(browse, cast, mails, name, status):
    assert browse(getattr(cast, name)).get("/mail").status_code == status
