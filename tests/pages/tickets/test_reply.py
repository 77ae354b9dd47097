"""Writing on a ticket: replies, notes, corrections, and what becomes of two who write at once."""

import pytest

from helpdesk.tickets import tickets
from models import Delivery, Message, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.forms_of import fields


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def path(ticket, *below):
    return "/".join(["/tickets", str(ticket.id), *below])


def test_a_reply_appears_and_is_owed_by_mail(browse, cast, ticket):
    cleo = browse(cast.cleo)
    page = cleo.follow(cleo.post(path(ticket, "reply"), {"body": "On my way"}))
    assert "On my way" in text_of(page) and "Your reply is sent." in text_of(page)
    assert db.session.query(Delivery).filter_by(mail="answer").one().email == "ada@example.com"


def test_a_note_appears_for_agents_and_is_owed_to_nobody(browse, cast, ticket):
    owed = db.session.query(Delivery).count()
    cleo = browse(cast.cleo)
    page = cleo.follow(cleo.post(path(ticket, "note"), {"body": "Among us"}))
    assert "Among us" in text_of(page) and "Only agents see it." in text_of(page)
    assert db.session.query(Delivery).count() == owed


def test_answering_and_resolving_at_once(browse, cast, ticket):
    browse(cast.cleo).post(path(ticket, "reply"), {"body": "Fixed", "resolve": "1"})
    db.session.refresh(ticket)
    assert ticket.status == "resolved"


def test_a_requester_cannot_resolve_by_a_field_of_their_own(browse, cast, ticket):
    browse(cast.ada).post(path(ticket, "reply"), {"body": "Me", "resolve": "1", "kind": "note", "status": "closed"})
    db.session.refresh(ticket)
    assert (ticket.status, db.session.query(Message).one().kind) == ("new", "reply")


@pytest.mark.parametrize("kind, error", [("reply", "before you send it"), ("note", "before you add it")])
def test_an_empty_message_is_refused_at_its_field(browse, cast, ticket, kind, error):
    page = browse(cast.cleo).post(path(ticket, kind), {"body": " \n "})
    assert page.status_code == 422 and error in text_of(page)
    assert f'id="{kind}-body-error"' in page.text
    assert db.session.query(Message).count() == 0


def test_who_may_not_write_here(browse, cast, ticket):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    assert browse(cast.ben).post(path(ticket, "reply"), {"body": "x"}).status_code == 403
    assert browse(cast.ada).post(path(ticket, "note"), {"body": "x"}).status_code == 403
    assert browse(cast.zoe).post(path(ticket, "reply"), {"body": "x"}).status_code == 401
    assert browse(cast.ada).get(path(ticket, "reply")).status_code == 405
    assert db.session.query(Message).count() == 0


# ---- two at once


def test_a_reply_over_an_answer_not_yet_seen_is_held_back_once(browse, cast, ticket):
    cleo = browse(cast.cleo)
    form = fields(cleo.get(path(ticket)), path(ticket, "reply")) | {"body": "My long answer"}
    builders.reply(ticket, "I did it already", by=cast.dan)
    page = cleo.post(path(ticket, "reply"), form)
    assert page.status_code == 409
    assert "changed while you were writing" in text_of(page) and "Dan Ruiz replied" in text_of(page)
    assert "My long answer" in page.text and db.session.query(Message).count() == 1
    again = fields(page, path(ticket, "reply"))
    assert again["body"] == "My long answer"
    assert cleo.post(path(ticket, "reply"), again).status_code == 303


def test_ones_own_acts_in_another_window_hold_nothing_back(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(path(ticket)), path(ticket, "reply")) | {"body": "Second"}
    ada.post(path(ticket, "reply"), {"body": "First"})
    assert ada.post(path(ticket, "reply"), form).status_code == 303


def test_the_same_reply_sent_twice_leads_to_the_same_place(browse, cast, ticket):
    cleo = browse(cast.cleo)
    form = fields(cleo.get(path(ticket)), path(ticket, "reply")) | {"body": "Done", "resolve": "1"}
    assert [cleo.post(path(ticket, "reply"), form).status_code for _ in range(2)] == [303, 303]
    assert db.session.query(Message).count() == 1


@pytest.mark.parametrize("seen", ["", "x", "-1", "²", "٣", "9" * 9, "9" * 5000, "0x10", "\x00"])
def test_a_broken_mark_of_what_was_seen_breaks_nothing(browse, cast, ticket, seen):
    assert browse(cast.ada).post(path(ticket, "reply"), {"body": "x", "seen": seen}).status_code in (303, 409)


# ---- corrections


def test_an_agent_corrects_an_own_message(browse, cast, ticket):
    builders.reply(ticket, "Frist", by=cast.cleo)
    where = path(ticket, "messages", str(db.session.query(Message).one().id), "edit")
    cleo = browse(cast.cleo)
    form = fields(cleo.get(where), where)
    assert form["body"] == "Frist"
    page = cleo.follow(cleo.post(where, form | {"body": "First"}))
    assert "First" in text_of(page) and "corrected" in text_of(page)
    assert browse(cast.dan).get(where).status_code == 403
    assert browse(cast.ada).post(where, {"body": "Mine"}).status_code == 403
    assert browse(cast.ben).get(where).status_code == 404


def test_a_note_is_missing_for_the_requester_by_its_number_too(browse, cast, ticket):
    builders.note(ticket, by=cast.cleo)
    where = path(ticket, "messages", str(db.session.query(Message).one().id), "edit")
    assert browse(cast.ada).get(where).status_code == 404
    other = builders.ticket(cast.ada)
    assert browse(cast.cleo).get(where.replace(path(ticket), path(other))).status_code == 404


def test_a_correction_over_a_newer_one_is_held_back(browse, cast, ticket):
    builders.reply(ticket, "One", by=cast.cleo)
    where = path(ticket, "messages", str(db.session.query(Message).one().id), "edit")
    cleo = browse(cast.cleo)
    first = fields(cleo.get(where), where)
    assert cleo.post(where, first | {"body": "Two"}).status_code == 303
    page = cleo.post(where, first | {"body": "Three"})
    assert page.status_code == 409 and "Three" in page.text
    assert db.session.query(Message).one().body == "Two"
    assert cleo.post(where, first | {"body": "Two"}).status_code == 303
    assert cleo.post(where, fields(page, where)).status_code == 303
