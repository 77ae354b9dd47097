"""Error pages: in the desk's own look, with a way back, whatever is broken."""

import pytest
from flask import abort

import app as assembly
from helpdesk.access.permissions import ANYONE, SIGNED_IN
from routes import ROUTES
from tests.support import builders
from tests.support.browser import Browser, text_of

CODES = (400, 403, 404, 405, 409, 413, 429, 500, 503)
AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


def broken(code):
    """A view that fails in the way its address says."""
    if code == "crash":
        raise ZeroDivisionError("a secret detail")
    abort(int(code))


def broken_for(me):
    raise ZeroDivisionError("a secret detail")


@pytest.fixture
def breaking(app, make_app, monkeypatch):
    """The desk with addresses that fail."""
    rows = [(method, "/broken/<string:code>", broken, ANYONE) for method in ("GET", "POST")]
    rows.append(("GET", "/broken-for-me", broken_for, SIGNED_IN))
    monkeypatch.setattr(assembly, "ROUTES", [*ROUTES, *rows])
    return make_app()


def in_own_look(page):
    return 'class="bar"' in page.text and "css/base.css" in page.text and 'href="/"' in page.text


@pytest.mark.parametrize("code", CODES)
def test_each_error_has_a_page_in_the_desks_look_with_a_way_back(breaking, cast, code):
    for browser in (Browser(breaking), Browser(breaking).sign_in(cast.ada)):
        page = browser.get(f"/broken/{code}")
        assert page.status_code == code and in_own_look(page)
        assert "Go to the start page" in text_of(page)
        assert page.headers["Cache-Control"] == "no-store"


def test_a_crash_shows_a_number_that_is_in_the_log_and_no_detail(breaking, cast, caplog):
    page = Browser(breaking).sign_in(cast.ada).get("/broken-for-me")
    assert page.status_code == 500 and in_own_look(page) and "Ada Okafor" in page.text
    number = page.text.split("<code>")[1].split("</code>")[0]
    assert [record.error_id for record in caplog.records if record.message == "crash"] == [number]
    assert page.headers["X-Request-ID"] == number
    assert "secret detail" not in page.text and "Traceback" not in page.text


def test_a_crash_after_typing_gives_the_words_back(breaking, cast):
    browser = Browser(breaking).sign_in(cast.ada)
    page = browser.post("/broken/crash", {"description": "My long text", "password": "not to be shown"})
    assert page.status_code == 500
    assert "My long text" in page.text and "not to be shown" not in page.text


def test_a_wrong_method_names_the_right_ones(browse, cast):
    answer = browse(cast.cleo).post("/triage")
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_a_missing_page_for_everybody(browse, cast):
    for who in (None, cast.ada, cast.eve):
        page = browse(who).get("/no/such/page")
        assert page.status_code == 404 and in_own_look(page)


# ---- forms from elsewhere and from earlier


@pytest.mark.parametrize("token", [False, "x", "IjAi.aaaa.bbbb"])
def test_a_form_without_the_right_token_is_refused_and_shown_to_copy(browse, cast, token):
    form = {"subject": "My subject", "description": "My <b>long</b> text", "csrf_token": "", "password": "pw"}
    page = browse(cast.ada).post("/tickets/new", form, csrf=token)
    assert page.status_code == 400 and in_own_look(page)
    assert "too old to be sent" in text_of(page) and "My subject" in page.text
    assert "My &lt;b&gt;long&lt;/b&gt; text" in page.text and ">pw<" not in page.text


def test_the_token_of_another_session_is_foreign(browse, cast):
    token = browse(cast.ben).token()
    assert browse(cast.ada).post("/tickets/new", {"subject": "Forged"}, csrf=token).status_code == 400


# ---- hosts and sizes


@pytest.mark.parametrize("host", ["evil.example", "desk.test.evil.example", "127.0.0.1.evil.example", "a b", "[::1"])
def test_an_unknown_host_gets_the_desks_own_page(browse, cast, host):
    for browser in (browse(), browse(cast.ada)):
        page = browser.get("/login", base_url="http://desk.test", headers={"Host": host})
        assert page.status_code == 400 and in_own_look(page)
        assert "evil" not in page.text


def test_the_desks_own_hosts_are_known(browse):
    for host in ("desk.test", "localhost:5000", "127.0.0.1"):
        assert browse().get("/login", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_too_large_a_body_is_told_so_in_the_desks_look(browse, cast, kind):
    ada = browse(cast.ada)
    head = b'--x\r\nContent-Disposition: form-data; name="subject"\r\n\r\n' if "multipart" in kind else b"subject="
    page = ada._checked(ada.open(ada.client.post, "/tickets/new", data=head + b"x" * 20_000_000, content_type=kind))
    assert page.status_code in (413, 400) if kind == "text/plain" else page.status_code == 413
    assert in_own_look(page)


def test_a_thousand_fields_too_many_are_no_crash(browse, cast):
    many = {f"field{number}": "x" for number in range(3000)}
    assert browse(cast.ada).post("/tickets/new", many).status_code in (413, 422)


# ---- the database is away


def test_without_its_database_pages_say_so_and_the_desk_is_up_but_not_ready(make_app, cast, browse):
    away = make_app(DATABASE_URL=AWAY)
    anonymous, ada = Browser(away), Browser(away)
    with browse(cast.ada).client.session_transaction() as known, ada.client.session_transaction() as cookie:
        cookie.update(known)
    for browser in (anonymous, ada):
        assert browser.get("/healthz").json == {"status": "up"}
        assert browser.get("/readyz").status_code == 503
        assert browser.get("/static/css/base.css").status_code == 200
    for path in ("/", "/tickets", "/tickets/1", "/triage"):
        page = ada.get(path)
        assert page.status_code == 503 and in_own_look(page), path
        assert "The database does not answer." in text_of(page)
        assert page.headers["Retry-After"] == "30"
    assert ada.get("/no/such/page").status_code == 404
    assert anonymous.get("/").status_code == 503


def test_a_form_sent_while_the_database_is_away_comes_back_to_copy(make_app, cast, browse):
    away, known = make_app(DATABASE_URL=AWAY), browse(cast.ada)
    token, browser = known.token(), Browser(away)
    with known.client.session_transaction() as held, browser.client.session_transaction() as cookie:
        cookie.update(held)
    page = browser.post("/tickets/new", {"subject": "My subject"}, csrf=token)
    assert page.status_code == 503 and "My subject" in page.text


def test_with_its_database_the_desk_is_ready(browse, app):
    assert browse().get("/readyz").json["status"] == "ready"


def test_a_refusal_that_no_view_expects_is_shown_as_such(browse, cast):
    """A message of a ticket in the trash cannot be corrected; the page says why."""
    from helpdesk.tickets import tickets
    from models import Message, db

    ticket = builders.ticket(cast.ada)
    builders.reply(ticket, by=cast.eve)
    builders.act(tickets.trash, ticket, by=cast.eve)
    number = db.session.query(Message).one().id
    page = browse(cast.eve).post(f"/tickets/{ticket.id}/messages/{number}/edit", {"body": "My correction"})
    assert page.status_code == 409 and "in the trash. Restore it first." in text_of(page)
    assert "My correction" in page.text
