"""Who is calling: rows for a program with an API token and for a signed hook, beside those for browsers."""

import hashlib
import hmac
import io
import logging

import pytest
from flask import request

import app as assembly
from helpdesk.access.body_limits import ONE_FILE, BodyLimit
from helpdesk.access.permissions import HOOK, SIGNED_IN, TOKEN
from helpdesk.tickets import messages
from models import Message, Person, db
from routes import ROUTES
from tests.support import builders
from tests.support.browser import Browser
from web.callers import Checkers

KEY = b"a key that the tests share with nobody"
MB = 1024 * 1024


def signature(data):
    return hmac.new(KEY, data, hashlib.sha256).hexdigest()


def token_of(person, *scopes):
    """A signed token that names its person and what it may do."""
    words = f"{person.id}.{'+'.join(scopes)}"
    return f"{words}.{signature(words.encode())}"


def check_token(token):
    words, _dot, given = token.rpartition(".")
    if not hmac.compare_digest(given.encode(), signature(words.encode()).encode()):
        return None
    number, scopes = words.split(".")
    person = db.session.get(Person, int(number))
    return (person, scopes.split("+")) if person.is_active else None


def check_hook(request):
    given = request.headers.get("X-Signature", "")
    return hmac.compare_digest(given.encode(), signature(request.get_data()).encode())


# ---- the rows, and the views on them


def read(ticket, me):
    return {"subject": ticket.subject, "reader": me.name}


def write(ticket, me):
    messages.reply(ticket, request.json["body"], by=me)
    return {"author": me.name}, 201


def send_file(me):
    return {"bytes": len(request.get_data())}


def measured(me):
    return {"wrong": request.files["file"].stream.wrong}


def hooked():
    return {"bytes": len(request.get_data())}


def larger_for_agents(config, person):
    most = 3 * MB if person is not None and person.is_agent else MB
    return BodyLimit(8 * MB, most)


ROWS = [
    ("GET", "/api/tickets/<ticket>", read, TOKEN("tickets:read")),
    ("POST", "/api/tickets/<ticket>/reply", write, TOKEN("tickets:write")),
    ("POST", "/api/files", send_file, TOKEN("tickets:write"), ONE_FILE),
    ("POST", "/by-role", measured, SIGNED_IN, larger_for_agents),
    ("POST", "/hooks/mailbox", hooked, HOOK("mailbox")),
]


@pytest.fixture
def desk(app, make_app, monkeypatch):
    monkeypatch.setattr(assembly, "ROUTES", [*ROUTES, *ROWS])
    monkeypatch.setattr(assembly, "CHECKERS", Checkers(check_token, {"mailbox": check_hook}))
    return make_app(MAX_FILE_MB="3")


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def call(desk, method, path, token=None, browser=None, **options):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    browser = browser or Browser(desk)
    return browser.open(getattr(browser.client, method), path, headers=headers | options.pop("headers", {}), **options)


def refused_as_json(answer):
    assert (answer.status_code, answer.mimetype) == (401, "application/json")
    assert answer.headers["WWW-Authenticate"] == "Bearer realm=desk"
    return bare(answer) and "API token" in answer.json["error"]


def bare(answer):
    """No cookie, no redirect, and nothing that a cache may keep."""
    assert "Set-Cookie" not in answer.headers and "Location" not in answer.headers
    return answer.headers["Cache-Control"] == "no-store"


# ---- tokens


def test_a_token_opens_what_its_person_may_see_and_sets_no_cookie(desk, cast, ticket):
    path = f"/api/tickets/{ticket.id}"
    answer = call(desk, "get", path, token_of(cast.ada, "tickets:read"))
    assert answer.json == {"subject": ticket.subject, "reader": "Ada Okafor"} and bare(answer)
    foreign = call(desk, "get", path, token_of(cast.ben, "tickets:read"))
    assert (foreign.status_code, foreign.mimetype) == (404, "application/json") and bare(foreign)


def test_a_change_by_token_needs_no_csrf_token_and_is_committed(desk, cast, ticket):
    path = f"/api/tickets/{ticket.id}/reply"
    answer = call(desk, "post", path, token_of(cast.cleo, "tickets:write"), json={"body": "By a program"})
    assert answer.status_code == 201 and bare(answer)
    assert db.session.query(Message).one().author_id == cast.cleo.id


def test_a_token_without_the_scope_of_the_row_is_refused(desk, cast, ticket):
    path = f"/api/tickets/{ticket.id}/reply"
    answer = call(desk, "post", path, token_of(cast.cleo, "tickets:read"), json={"body": "No"})
    assert (answer.status_code, answer.mimetype) == (403, "application/json")
    assert db.session.query(Message).count() == 0


@pytest.mark.parametrize("token", [None, "", "x", "1.tickets:read.0", "ä"])
def test_a_missing_or_bad_token_is_told_so_as_json(desk, cast, ticket, token):
    for method in ("get", "head"):
        answer = call(desk, method, f"/api/tickets/{ticket.id}", token)
        assert answer.status_code == 401 and "WWW-Authenticate" in answer.headers
    assert refused_as_json(call(desk, "get", f"/api/tickets/{ticket.id}", token))


def test_the_token_of_somebody_switched_off_opens_nothing(desk, cast, ticket):
    assert refused_as_json(call(desk, "get", f"/api/tickets/{ticket.id}", token_of(cast.zoe, "tickets:read")))


def test_a_browsers_cookie_does_not_open_a_row_for_tokens(desk, cast, ticket):
    cleo = Browser(desk).sign_in(cast.cleo)
    assert refused_as_json(call(desk, "get", f"/api/tickets/{ticket.id}", browser=cleo))
    form = {"csrf_token": cleo.token(), "body": "By a browser"}
    assert refused_as_json(call(desk, "post", f"/api/tickets/{ticket.id}/reply", browser=cleo, data=form))
    assert db.session.query(Message).count() == 0
    assert cleo.get("/triage").status_code == 200


def test_beside_a_token_the_cookie_of_somebody_else_counts_for_nothing(desk, cast, ticket):
    eve = Browser(desk).sign_in(cast.eve)
    path = f"/api/tickets/{ticket.id}"
    assert call(desk, "get", path, token_of(cast.ada, "tickets:read"), eve).json["reader"] == "Ada Okafor"
    assert call(desk, "get", path, token_of(cast.ben, "tickets:read"), eve).status_code == 404


def test_a_token_opens_no_page_and_replaces_no_csrf_token(desk, cast, ticket):
    token = token_of(cast.cleo, "tickets:read", "tickets:write")
    assert "/login?next=" in call(desk, "get", "/triage", token).headers["Location"]
    cleo = Browser(desk).sign_in(cast.cleo)
    assert call(desk, "post", f"/tickets/{ticket.id}/take", token, cleo).status_code == 400


def test_a_file_by_token_may_be_as_long_as_its_row_says(desk, cast):
    token = token_of(cast.ada, "tickets:write")
    assert call(desk, "post", "/api/files", token, data=bytes(3 * MB)).json == {"bytes": 3 * MB}
    long = call(desk, "post", "/api/files", token, data=bytes(4 * MB))
    assert (long.status_code, long.mimetype) == (413, "application/json")


def test_the_log_names_the_person_of_a_token_and_never_the_token(desk, cast, ticket, caplog):
    token = token_of(cast.ada, "tickets:read")
    with caplog.at_level(logging.INFO):
        call(desk, "get", f"/api/tickets/{ticket.id}", token)
    line = next(record for record in caplog.records if record.name == "desk.request")
    assert line.person == cast.ada.id
    assert all(token not in str(vars(record)) for record in caplog.records)


# ---- hooks


def hook(desk, data, given, browser=None):
    return call(desk, "post", "/hooks/mailbox", browser=browser, data=data, headers={"X-Signature": given})


def test_a_signed_hook_is_taken_without_a_person_or_a_csrf_token(desk):
    answer = hook(desk, b"a mail", signature(b"a mail"))
    assert answer.json == {"bytes": 6} and bare(answer)


@pytest.mark.parametrize("given", ["", "x", signature(b"another mail")])
def test_a_hook_with_a_bad_signature_is_refused_in_plain_text(desk, cast, given):
    for browser in (Browser(desk), Browser(desk).sign_in(cast.eve)):
        answer = hook(desk, b"a mail", given, browser)
        assert (answer.status_code, answer.mimetype) == (403, "text/plain") and bare(answer)


def test_a_hook_that_is_too_long_is_refused_before_its_signature_is_looked_at(desk):
    data = bytes(desk.config["MAX_CONTENT_LENGTH"] + 1)
    answer = hook(desk, data, signature(data))
    assert (answer.status_code, answer.mimetype) == (413, "text/plain")


# ---- limits of a row


@pytest.mark.parametrize("who, wrong", [("ada", "large"), ("cleo", "")])
def test_a_file_limit_can_depend_on_the_role(desk, cast, who, wrong):
    browser = Browser(desk).sign_in(getattr(cast, who))
    form = {"csrf_token": browser.token(), "file": (io.BytesIO(bytes(2 * MB)), "a.bin")}
    answer = browser.open(browser.client.post, "/by-role", data=form, content_type="multipart/form-data")
    assert answer.json == {"wrong": wrong}
