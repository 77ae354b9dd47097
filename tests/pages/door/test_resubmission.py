"""A form that was sent after the session had ended comes back filled after signing in."""

import re
import time
from datetime import timedelta
from html import unescape

import pytest
from itsdangerous import TimestampSigner

from helpdesk.db import transactions
from helpdesk.tickets import drafts
from models import Draft, Message, Session, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.cast import PASSWORD

TICKET = {
    "subject": "Printer smokes",
    "description": "Since <noon> 🔥",
    "type": "request",
    "category": "",
    "priority": "high",
}


def hidden(page, name):
    return unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text).group(1))


def signed_out(browse, person):
    """A browser whose session has ended without its person noticing."""
    browser = browse(person)
    token = browser.token()
    db.session.query(Session).delete()
    db.session.commit()
    return browser, token


def come_back(browser, page, email="ada@example.com"):
    """Sign in on the page that was shown instead, as the form on it would."""
    assert page.status_code == 401 and "You were signed out." in text_of(page)
    form = {"email": email, "password": PASSWORD, "next": hidden(page, "next"), "carried": hidden(page, "carried")}
    return browser.post("/login", form)


def test_a_ticket_comes_back_filled_and_is_raised_by_sending_it_again(browse, cast):
    ada, token = signed_out(browse, cast.ada)
    answer = come_back(ada, ada.post("/tickets/new", TICKET, csrf=token))
    assert answer.headers["Location"] == "/tickets/new"
    page = ada.follow(answer)
    assert "it has not been sent yet" in text_of(page)
    assert 'value="Printer smokes"' in page.text and "Since &lt;noon&gt; 🔥" in page.text
    assert 'selected value="request"' in page.text and 'selected value="high"' in page.text
    assert db.session.query(Ticket).count() == 0
    ada.post("/tickets/new", TICKET)
    assert db.session.query(Ticket).count() == 1 and db.session.query(Draft).count() == 0
    assert "Printer smokes" not in ada.get("/tickets/new").text


@pytest.mark.parametrize("kind, who", [("reply", "ada"), ("reply", "cleo"), ("note", "cleo")])
def test_an_answer_comes_back_in_its_own_field(browse, cast, kind, who):
    ticket = builders.ticket(cast.ada)
    person = getattr(cast, who)
    browser, token = signed_out(browse, person)
    page = browser.post(f"/tickets/{ticket.id}/{kind}", {"body": "All I had typed"}, csrf=token)
    page = browser.follow(come_back(browser, page, person.email))
    label = {"reply": "Reply", "note": "Internal note"}[kind]
    field = re.search(rf"<label[^>]*>{label}</label>\s*<textarea[^>]*>([^<]*)<", page.text).group(1)
    assert field.strip() == "All I had typed" and page.text.count("All I had typed") == 1
    assert db.session.query(Message).count() == 0


def test_an_edit_comes_back_and_still_notices_what_changed_meanwhile(browse, cast):
    ticket = builders.ticket(cast.ada)
    ada = browse(cast.ada)
    seen = hidden(ada.get(f"/tickets/{ticket.id}/edit"), "seen")
    token = ada.token()
    db.session.query(Session).delete()
    db.session.commit()
    form = {"subject": "A better subject", "description": "And text", "seen": seen}
    page = ada.post(f"/tickets/{ticket.id}/edit", form, csrf=token)
    page = ada.follow(come_back(ada, page))
    assert 'value="A better subject"' in page.text and hidden(page, "seen") == seen


def test_who_signs_in_with_a_wrong_password_first_loses_nothing(browse, cast):
    ada, token = signed_out(browse, cast.ada)
    page = ada.post("/tickets/new", TICKET, csrf=token)
    form = {"email": "ada@example.com", "password": "wrong", "carried": hidden(page, "carried"), "next": "/tickets/new"}
    page = ada.post("/login", form)
    assert "filled in again" in text_of(page)
    answer = ada.post("/login", form | {"password": PASSWORD, "carried": hidden(page, "carried")})
    assert 'value="Printer smokes"' in ada.follow(answer).text


def test_secrets_are_not_carried(browse, cast):
    ada, token = signed_out(browse, cast.ada)
    form = {"current_password": PASSWORD, "new_password": "another secret", "email": "new@example.com"}
    answer = come_back(ada, ada.post("/profile/address", form, csrf=token))
    assert answer.headers["Location"] == "/profile"
    kept = str(db.session.query(Draft).one().fields)
    assert PASSWORD not in kept and "another secret" not in kept and "csrf" not in kept


def test_what_was_carried_belongs_to_whoever_signed_in(browse, cast):
    ada, token = signed_out(browse, cast.ada)
    come_back(ada, ada.post("/tickets/new", TICKET, csrf=token))
    assert "Printer smokes" not in browse(cast.ben).get("/tickets/new").text


def test_what_was_carried_is_kept_for_thirty_days_at_most(browse, cast):
    long_ago = transactions.now() - timedelta(days=30, minutes=1)
    builders.act(drafts.keep, cast.ada, "/tickets/new", TICKET, long_ago)
    assert "Printer smokes" not in browse(cast.ada).get("/tickets/new").text
    builders.act(drafts.sweep)
    assert db.session.query(Draft).count() == 0


@pytest.mark.parametrize("odd", ["forged", "x" * 50_000, "eyJwYXRoIjoiLyJ9.aaaa.bbbb", "\x00"])
def test_a_forged_carried_form_is_ignored(browse, cast, odd):
    form = {"email": "ada@example.com", "password": PASSWORD, "carried": odd}
    assert browse().post("/login", form).status_code == 303
    assert db.session.query(Draft).count() == 0


def test_a_long_text_is_carried_whole_and_one_beyond_bounds_is_refused_kindly(browse, cast):
    ada, token = signed_out(browse, cast.ada)
    long = "🔥" * 50_000
    page = ada.follow(come_back(ada, ada.post("/tickets/new", TICKET | {"description": long}, csrf=token)))
    assert long in page.text
    page = browse().post("/tickets/new", TICKET | {"description": "x" * 300_000})
    assert page.status_code == 401 and hidden(page, "carried") == ""


def test_a_button_pressed_too_late_leads_back_to_its_page(browse, cast):
    ticket = builders.ticket(cast.ada)
    ada, token = signed_out(browse, cast.ada)
    page = ada.post(f"/tickets/{ticket.id}/solve", csrf=token)
    assert page.status_code == 401 and hidden(page, "next") == f"/tickets/{ticket.id}"


def test_a_form_of_the_session_before_is_refused_with_what_was_typed(browse, cast):
    """Signed in again in another tab: the old page's token is no longer good, its text is shown to be copied."""
    ada = browse(cast.ada)
    old = ada.token()
    ada.post("/logout")
    ada.post("/login", {"email": "ada@example.com", "password": PASSWORD})
    page = ada.post("/tickets/new", TICKET, csrf=old)
    assert page.status_code == 400 and "Since &lt;noon&gt; 🔥" in page.text
    assert db.session.query(Ticket).count() == 0


def test_a_session_ends_at_its_time_however_busy_its_person_is(browse, cast):
    ada = browse(cast.ada)
    row = db.session.query(Session).one()
    row.last_seen_at = transactions.now() - timedelta(hours=1)
    row.expires_at = end = transactions.now() + timedelta(minutes=1)
    db.session.commit()
    assert ada.get("/tickets").status_code == 200
    row = db.session.query(Session).one()
    assert row.expires_at == end and row.last_seen_at > transactions.now() - timedelta(minutes=1)
    row.expires_at = transactions.now()
    db.session.commit()
    assert ada.get("/tickets").status_code == 303


def test_a_form_carried_by_a_machine_whose_clock_is_ahead_is_still_there(browse, cast, monkeypatch):
    ada, token = signed_out(browse, cast.ada)
    with monkeypatch.context() as ahead:
        ahead.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) + 5)
        page = ada.post("/tickets/new", TICKET, csrf=token)
    assert TICKET["subject"] in unescape(ada.follow(come_back(ada, page)).text)
