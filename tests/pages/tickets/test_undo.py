"""The bar with the Undo button after an act, and what a click on it does."""

import re
from datetime import timedelta

import pytest

from helpdesk.db import transactions
from models import Delivery, Event, Message, Ticket, Watcher, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act, reply, ticket


@pytest.fixture
def desk(make_app, cast):
    return make_app(UNDO_SECONDS="10")


@pytest.fixture
def enter(browse, desk):
    """A browser on the desk where acts can be taken back."""
    return lambda person=None: browse(person, desk)


def bar(page):
    """The address behind the Undo button; None where there is none."""
    found = re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text)
    return found and found.group(1)


def replied(browser, made, body="For somebody else", **more):
    return browser.follow(browser.post(f"/tickets/{made.id}/reply", {"body": body} | more))


def kinds():
    db.session.rollback()
    return [kind for (kind,) in db.session.query(Event.kind).order_by(Event.id)]


def test_a_reply_is_taken_back_by_one_click(enter, cast):
    made = ticket(cast.ada)
    cleo, ada = enter(cast.cleo), enter(cast.ada)
    page = replied(cleo, made)
    assert "Your reply is sent. Undo" in text_of(page)
    assert "For somebody else" in text_of(ada.get(f"/tickets/{made.id}"))
    page = cleo.follow(cleo.post(bar(page)))
    assert "Taken back." in text_of(page) and bar(page) is None
    assert "For somebody else" not in ada.get(f"/tickets/{made.id}").text
    assert re.search(r'class="msg withdrawn"[^>]*>.*?taken back.*?For somebody else', page.text, re.S)
    assert {one.state for one in db.session.query(Delivery).filter_by(mail="answer")} == {"cancelled"}


def test_the_text_of_a_reply_that_was_taken_back_is_there_to_go_on_with(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    page = cleo.follow(cleo.post(bar(replied(cleo, made))))
    field = re.search(r'<textarea[^>]*id="reply-body"[^>]*>([^<]*)<', page.text).group(1)
    assert field.strip() == "For somebody else"
    cleo.follow(cleo.post(f"/tickets/{made.id}/reply", {"body": "For Ada"}))
    assert [m.body for m in db.session.query(Message).filter_by(withdrawn_at=None)] == ["For Ada"]


def test_a_requester_takes_back_what_they_wrote_and_agents_still_read_it(enter, cast):
    made = ticket(cast.ada)
    ada = enter(cast.ada)
    page = ada.follow(ada.post(bar(replied(ada, made, "My password is hunter2"))))
    assert 'id="message-' not in page.text and "took back a reply" in text_of(page)
    assert "hunter2" in enter(cast.cleo).get(f"/tickets/{made.id}").text


@pytest.mark.parametrize("button", ["take", "solve", "reopen", "trash"])
def test_every_button_that_changes_a_ticket_offers_its_undo(enter, cast, button):
    made = ticket(cast.eve)
    if button == "reopen":
        builders.act(_resolve, made, cast)
    eve = enter(cast.eve)
    before = _facts(made)
    page = eve.follow(eve.post(f"/tickets/{made.id}/{button}"))
    assert _facts(made) != before
    eve.follow(eve.post(bar(page)))
    assert _facts(made) == before and kinds()[-1] == "undone"


def _resolve(made, cast):
    from helpdesk.tickets import tickets

    tickets.set_status(made, "resolved", by=cast.dan)


def _facts(made):
    db.session.rollback()
    db.session.expire_all()
    row = db.session.get(Ticket, made.id)
    return row.status, row.assignee_id, row.priority, row.trashed_at


def test_the_facts_form_is_taken_back_as_a_whole(enter, cast):
    made = ticket(cast.ada)
    cleo, before = enter(cast.cleo), _facts(made)
    form = {"status": "pending", "reason": "A part", "assignee": str(cast.dan.id), "priority": "urgent"}
    page = cleo.follow(cleo.post(f"/tickets/{made.id}/facts", form | {"type": "incident", "category": ""}))
    assert _facts(made) == ("pending", cast.dan.id, 4, None)
    cleo.follow(cleo.post(bar(page)))
    assert _facts(made) == before
    assert {one.state for one in db.session.query(Delivery).filter_by(mail="assigned")} == {"cancelled"}


def test_a_form_that_changed_nothing_offers_no_undo_of_something_else(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    replied(cleo, made)
    form = {"status": "open", "assignee": "", "priority": "normal", "type": "incident", "category": ""}
    assert bar(cleo.follow(cleo.post(f"/tickets/{made.id}/facts", form))) is None


def test_a_note_and_a_new_ticket_offer_no_undo(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    assert bar(cleo.follow(cleo.post(f"/tickets/{made.id}/note", {"body": "Hm"}))) is None


def test_no_bar_where_it_is_switched_off(browse, cast):
    made = ticket(cast.ada)
    assert bar(replied(browse(cast.cleo), made)) is None


# ---- refused


def test_a_refusal_says_why_and_is_written_down(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    button = bar(replied(cleo, made))
    reply(made, "Thanks", by=cast.ada)
    page = cleo.follow(cleo.post(button))
    assert "Ada Okafor has answered meanwhile" in text_of(page) and "For somebody else" in page.text
    assert kinds()[-1] == "undo_refused" and db.session.query(Message).filter_by(withdrawn_at=None).count() == 2
    assert "could not take back" not in enter(cast.ada).get(f"/tickets/{made.id}").text


def test_a_click_too_late_changes_nothing(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    button = bar(replied(cleo, made))
    event = db.session.query(Event).filter_by(kind="replied").one()
    event.at -= timedelta(minutes=1)
    db.session.commit()
    assert "too late" in text_of(cleo.follow(cleo.post(button)))


def test_two_clicks_take_back_once_and_tell_the_second(enter, cast):
    made = ticket(cast.ada)
    ada = enter(cast.ada)
    button = bar(replied(ada, made))
    ada.post(button)
    assert "changed again meanwhile" in text_of(ada.follow(ada.post(button)))
    assert kinds().count("undone") == 1


# ---- who else


@pytest.mark.parametrize("who", ["dan", "eve", "ada"])
def test_what_somebody_else_did_is_no_address_of_one_s_own(enter, cast, who):
    made = ticket(cast.ada)
    button = bar(replied(enter(cast.cleo), made))
    assert enter(getattr(cast, who)).post(button).status_code == 404
    assert "undone" not in kinds() and "undo_refused" not in kinds()


def test_strangers_and_watchers_find_nothing_and_nobody_without_a_session(enter, cast):
    made = ticket(cast.ada)
    with transactions.writing():
        db.session.add(Watcher(ticket_id=made.id, person_id=cast.ben.id))
    button = bar(replied(enter(cast.cleo), made))
    assert enter(cast.ben).post(button).status_code == 404
    assert enter().post(button).status_code == 401


@pytest.mark.parametrize("odd", ["0", "-1", "999999999", "9999999999", "x", "%00"])
def test_an_event_that_is_none_is_a_missing_page(enter, cast, odd):
    made = ticket(cast.ada)
    assert enter(cast.cleo).post(f"/tickets/{made.id}/undo/{odd}").status_code == 404


def test_an_event_of_another_ticket_or_of_another_kind_is_a_missing_page(enter, cast):
    made, other = ticket(cast.ada), ticket(cast.ada)
    cleo, ada = enter(cast.cleo), enter(cast.ada)
    number = bar(replied(cleo, made)).rsplit("/", 1)[1]
    assert cleo.post(f"/tickets/{other.id}/undo/{number}").status_code == 404
    raised = db.session.query(Event).filter_by(kind="raised", ticket_id=made.id).one().id
    assert ada.post(f"/tickets/{made.id}/undo/{raised}").status_code == 404


def test_undo_needs_the_form_s_token_and_a_post(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    button = bar(replied(cleo, made))
    assert cleo.post(button, csrf=False).status_code == 400
    assert cleo.get(button).status_code == 405
    assert "undone" not in kinds()


def test_who_lost_the_right_meanwhile_takes_nothing_back(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    button = bar(replied(cleo, made))
    with transactions.writing():
        db.session.merge(cast.cleo).role = "user"
    assert cleo.post(button).status_code == 404


def test_a_withdrawn_reply_can_be_opened_by_nobody_to_correct_it(enter, cast):
    made = ticket(cast.ada)
    cleo = enter(cast.cleo)
    cleo.post(bar(replied(cleo, made)))
    number = db.session.query(Message).one().id
    assert f"/messages/{number}/edit" not in cleo.get(f"/tickets/{made.id}").text
    page = cleo.post(f"/tickets/{made.id}/messages/{number}/edit", {"body": "Changed"})
    assert page.status_code == 409 and db.session.query(Message).one().body == "For somebody else"


def test_a_watcher_s_page_loses_the_reply_too(enter, cast):
    made = ticket(cast.ada)
    with transactions.writing():
        db.session.add(Watcher(ticket_id=made.id, person_id=cast.ben.id))
    cleo, ben = enter(cast.cleo), enter(cast.ben)
    button = bar(replied(cleo, made))
    assert "For somebody else" in ben.get(f"/tickets/{made.id}").text
    cleo.post(button)
    assert "For somebody else" not in ben.get(f"/tickets/{made.id}").text
    assert act(lambda: {d.state for d in db.session.query(Delivery).filter_by(mail="answer")}) == {"cancelled"}
