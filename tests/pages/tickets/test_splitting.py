"""Making a ticket of a reply: that it is one ticket however often the form is sent, and what does not come along."""

import re
import threading

import pytest

from models import Message, Ticket, db
from tests.support.browser import text_of
from tests.support.builders import file, reply, ticket
from tests.support.forms_of import fields


@pytest.fixture
def wish(cast):
    """The path of the form that makes a ticket of what Ada wrote."""
    made = ticket(cast.ada, "First")
    reply(made, "Besides, I need a new chair", by=cast.ada)
    return f"/tickets/{made.id}/messages/{db.session.query(Message.id).scalar()}/split"


def chairs():
    db.session.rollback()
    return [made.id for made in db.session.query(Ticket).filter_by(subject="A new chair").order_by(Ticket.id)]


def test_the_form_sent_twice_makes_one_ticket(browse, cast, wish):
    cleo = browse(cast.cleo)
    form = fields(cleo.get(wish), wish) | {"subject": "A new chair"}
    said = [text_of(cleo.follow(cleo.post(wish, form))) for _ in range(2)]
    (only,) = chairs()
    assert all(f"Ticket #{only} is raised for Ada Okafor." in each for each in said)
    cleo.post(wish, fields(cleo.get(wish), wish) | {"subject": "A new chair"})
    assert len(chairs()) == 2


def test_sent_twice_at_once_it_makes_one_ticket(browse, cast, wish):
    cleo, answers = browse(cast.cleo), []
    form = fields(cleo.get(wish), wish) | {"subject": "A new chair"}
    db.session.rollback()

    def send():
        client = cleo.app.test_client()
        client._cookies.update(cleo.client._cookies)
        answers.append(client.post(wish, data=form).status_code)

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [303, 303] and len(chairs()) == 1


def test_it_is_said_which_files_do_not_come_along(browse, cast, wish):
    cleo = browse(cast.cleo)
    assert "come along" not in text_of(cleo.get(wish))
    message = db.session.query(Message).one()
    file(message.ticket, message=message)
    said = "This file stays where it is and does not come along: screen.png"
    assert said in text_of(cleo.get(wish)) and said in text_of(cleo.post(wish, {"subject": ""}))


def test_taken_back_and_sent_once_more_it_is_a_new_ticket(make_app, browse, cast, wish):
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    form = fields(cleo.get(wish), wish) | {"subject": "A new chair"}
    page = cleo.follow(cleo.post(wish, form))
    cleo.post(re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text)[1])
    cleo.post(wish, form)
    first, second = chairs()
    assert db.session.get(Ticket, first).trashed_at is not None and db.session.get(Ticket, second).trashed_at is None
