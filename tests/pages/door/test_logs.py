"""The log: a line of JSON per request and per act, and never a secret in it."""

import json
import logging

import pytest

from sqlalchemy.exc import IntegrityError

from helpdesk.accounts import one_time_links
from helpdesk.db import transactions
from models import Person, db
from tests.support import builders
from tests.support.browser import Browser
from tests.support.cast import PASSWORD


@pytest.fixture
def lines(app, make_app, capsys):
    """A desk that logs as in production, and what it has logged so far, line by line."""
    desk = logging.getLogger("desk")
    before = desk.handlers[:]
    quiet = make_app(LOG_FORMAT="json")

    def read():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    read.desk = quiet
    yield read
    desk.handlers[:] = before


def test_each_request_and_each_act_is_one_line(lines, cast):
    ticket = builders.ticket(cast.ada)
    cleo = Browser(lines.desk).sign_in(cast.cleo)
    token = cleo.token()
    lines()
    cleo.post(f"/tickets/{ticket.id}/take", csrf=token)
    act, status, request = lines()
    assert (act["log"], act["kind"], act["ticket"], act["actor"]) == ("desk.act", "taken", ticket.id, cast.cleo.id)
    assert status["kind"] == "status_set"
    assert (request["log"], request["message"], request["status"]) == ("desk.request", "POST", 303)
    assert (request["path"], request["person"]) == (f"/tickets/{ticket.id}/take", cast.cleo.id)
    assert request["request_id"] == act["request_id"] == status["request_id"]
    assert request["ms"] > 0


def test_a_page_is_one_line_with_its_reader(lines, cast):
    ada = Browser(lines.desk).sign_in(cast.ada)
    lines()
    ada.get("/tickets")
    (line,) = lines()
    assert (line["message"], line["path"], line["status"], line["person"]) == ("GET", "/tickets", 200, cast.ada.id)


def test_what_was_refused_is_no_act(lines, cast):
    ticket = builders.ticket(cast.ada)
    dan = Browser(lines.desk).sign_in(cast.dan)
    token = dan.token()
    dan.post(f"/tickets/{ticket.id}/take", csrf=token)
    lines()
    dan.post(f"/tickets/{ticket.id}/take", csrf=token)
    form = {"status": "pending", "assignee": "", "priority": "urgent", "category": "", "type": "incident"}
    dan.post(f"/tickets/{ticket.id}/facts", form, csrf=token)
    assert [line["log"] for line in lines()] == ["desk.request", "desk.request"]


def test_no_password_token_or_cookie_is_in_the_log(lines, cast):
    with transactions.writing():
        secrets = [one_time_links.make(cast.ada, purpose) for purpose in ("reset", "confirm", "invitation", "address")]
    browser = Browser(lines.desk)
    for path, secret in zip(("reset", "confirm", "invitation", "new-address"), secrets):
        browser.open(browser.client.get, f"/{path}/{secret}")
        browser.open(browser.client.get, f"/{path}/{secret}/{secret}")
    browser.post("/login", {"email": "ada@example.com", "password": PASSWORD})
    browser.post("/login", {"email": "ada@example.com", "password": "a wrong one I often use"})
    ada = Browser(lines.desk).sign_in(cast.ada)
    with ada.client.session_transaction() as cookie:
        secrets.append(cookie["_user_id"])
    ada.get("/tickets")
    logged = json.dumps(lines())
    for secret in [*secrets, PASSWORD, "a wrong one I often use", ada.client.get_cookie("desk").value]:
        assert secret not in logged
    assert "/reset/..." in logged


def test_a_failing_statement_does_not_tell_its_values(lines, cast):
    lines()
    hashed = "$argon2id$\n\nsecret"
    with pytest.raises(IntegrityError) as failed, transactions.writing():
        db.session.add(Person(name="x", folded_name="x", email=None, password_hash=hashed))
        db.session.flush()
    logging.getLogger("desk.error").error("crash", exc_info=failed.value)
    (line,) = lines()
    assert "IntegrityError" in line["error"] and "INSERT INTO people" in line["error"]
    assert "argon2id" not in line["error"] and "secret" not in line["error"]


def test_a_line_break_in_an_address_makes_no_second_line(lines, cast):
    browser = Browser(lines.desk)
    browser.get("/no%0a%0dsuch%22page")
    (line,) = lines()
    assert line["path"] == "/no%0A%0Dsuch%22page"


def test_health_and_style_sheets_are_not_worth_a_line(lines):
    browser = Browser(lines.desk)
    browser.get("/healthz")
    browser.get("/static/css/base.css")
    assert lines() == []


def test_in_development_lines_are_for_reading(lines, make_app, capsys):
    browser = Browser(make_app(LOG_FORMAT="readable"))
    browser.get("/no/such/page")
    line = capsys.readouterr().err
    assert "desk.request GET" in line and "path=/no/such/page status=404" in line
