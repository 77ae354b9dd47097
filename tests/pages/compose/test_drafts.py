"""Half-written replies, notes and tickets: kept as they are typed, shown again, thrown away or sent."""

import re
from datetime import timedelta
from html import unescape

import pytest

from helpdesk.db import transactions
from helpdesk.tickets import drafts
from models import Draft, Event, Message, Ticket, Watcher, db
from tests.support.browser import text_of
from tests.support.builders import act, reply, ticket

NEW = {"path": "/tickets/new", "subject": "Printer smo", "description": "Since <noon>", "type": "request"}


def kept_fields():
    db.session.rollback()
    db.session.expire_all()
    return {row.path: row.fields for row in db.session.query(Draft).order_by(Draft.saved_at)}


def save(browser, path, **fields):
    return browser.post("/drafts", {"path": path} | fields)


def text_in(page, id):
    return unescape(re.search(rf'<textarea[^>]*id="{id}"[^>]*>([^<]*)<', page.text).group(1)).strip()


def test_a_half_written_ticket_is_there_in_another_browser(browse, cast):
    assert browse(cast.ada).post("/drafts", NEW).status_code == 204
    page = browse(cast.ada).get("/tickets/new")
    assert 'value="Printer smo"' in page.text and text_in(page, "description") == "Since <noon>"
    assert re.search(r"Draft of \d\d:\d\d Discard draft", text_of(page))
    assert db.session.query(Ticket).count() == 0


@pytest.mark.parametrize("kind, who", [("reply", "ada"), ("reply", "cleo"), ("note", "cleo")])
def test_a_half_written_answer_is_there_in_its_own_field(browse, cast, kind, who):
    made = ticket(cast.ada)
    browser = browse(getattr(cast, who))
    assert save(browser, f"/tickets/{made.id}/{kind}", body="Have you tri").status_code == 204
    page = browser.get(f"/tickets/{made.id}")
    assert text_in(page, f"{kind}-body") == "Have you tri" and page.text.count("Have you tri") == 1


def test_the_last_writer_wins(browse, cast):
    made = ticket(cast.ada)
    for text in ("One", "Two", "Three"):
        save(browse(cast.ada), f"/tickets/{made.id}/reply", body=text)
    assert kept_fields() == {f"/tickets/{made.id}/reply": {"body": "Three"}}


def test_what_was_emptied_is_no_draft(browse, cast):
    ada = browse(cast.ada)
    ada.post("/drafts", NEW)
    assert save(ada, "/tickets/new", subject=" ", description="\n", type="request").status_code == 204
    assert kept_fields() == {}


def test_sending_ends_the_draft(browse, cast):
    made = ticket(cast.ada)
    ada = browse(cast.ada)
    save(ada, f"/tickets/{made.id}/reply", body="Half")
    ada.post("/drafts", NEW)
    ada.post(f"/tickets/{made.id}/reply", {"body": "Half and the rest"})
    ada.post("/tickets/new", NEW | {"subject": "Printer smokes", "category": "", "priority": "normal"})
    assert kept_fields() == {}
    page = ada.get(f"/tickets/{made.id}")
    assert text_in(page, "reply-body") == "" and "Draft of" not in page.text


def test_a_form_that_was_not_accepted_keeps_its_draft(browse, cast):
    ada = browse(cast.ada)
    ada.post("/drafts", NEW)
    page = ada.post("/tickets/new", NEW | {"subject": ""})
    assert page.status_code == 422 and kept_fields().keys() == {"/tickets/new"}
    assert 'data-draft="unsaved"' in page.text


def test_the_last_words_of_a_form_that_was_sent_already_are_no_draft(browse, cast):
    """The save was on its way when the button was pressed, and arrives after the reply itself."""
    made = ticket(cast.ada)
    ada = browse(cast.ada)
    ada.post(f"/tickets/{made.id}/reply", {"body": "All of it", "form_token": "t1"})
    assert save(ada, f"/tickets/{made.id}/reply", body="All of i", form_token="t1").status_code == 204
    ada.post("/tickets/new", NEW | {"subject": "Printer", "category": "", "priority": "normal", "form_token": "t2"})
    save(ada, "/tickets/new", subject="Printe", form_token="t2")
    assert kept_fields() == {}


def test_two_pages_with_the_same_draft_may_each_send_their_own(browse, cast):
    made = ticket(cast.ada)
    ada = browse(cast.ada)
    save(ada, f"/tickets/{made.id}/reply", body="Half", form_token="t1")
    tokens = {re.findall(r'name="form_token" value="([^"]+)"', ada.get(f"/tickets/{made.id}").text)[0] for _ in "ab"}
    assert len(tokens) == 2 and "t1" not in tokens


def test_a_draft_is_discarded_by_its_button(browse, cast):
    made = ticket(cast.ada)
    ada = browse(cast.ada)
    save(ada, f"/tickets/{made.id}/reply", body="Half")
    page = ada.get(f"/tickets/{made.id}")
    path = re.search(r'name="path" value="([^"]+)" formaction="/drafts/discard"', page.text).group(1)
    answer = ada.post("/drafts/discard", {"path": path, "body": "Half", "form_token": "x", "seen": "1"})
    assert answer.headers["Location"] == f"/tickets/{made.id}"
    page = ada.follow(answer)
    assert "The draft is discarded." in text_of(page) and text_in(page, "reply-body") == "" and kept_fields() == {}


def test_enter_in_a_field_presses_submit_and_not_discard(browse, cast):
    ada = browse(cast.ada)
    ada.post("/drafts", NEW)
    form = re.search(r'<form[^>]*action="/tickets/new".*?</form>', ada.get("/tickets/new").text, re.S).group(0)
    assert re.findall(r'<button[^>]* name="(\w+)"', form) == ["submit", "path"]


def test_the_stale_guard_counts_from_when_the_draft_was_written(browse, cast):
    made = ticket(cast.ada)
    cleo = browse(cast.cleo)
    seen = db.session.query(Event).filter_by(ticket_id=made.id).one().id
    save(cleo, f"/tickets/{made.id}/reply", body="Still broken?", seen=str(seen))
    reply(made, "It works again", by=cast.ada)
    page = cleo.get(f"/tickets/{made.id}")
    form = re.search(r'<form[^>]*id="reply".*?</form>', page.text, re.S).group(0)
    assert f'name="seen" value="{seen}"' in form
    answer = cleo.post(f"/tickets/{made.id}/reply", {"body": "Still broken?", "seen": str(seen)})
    assert answer.status_code == 409 and "changed while you were writing" in text_of(answer)


# ---- too much, too long, too old


def test_a_text_as_long_as_a_reply_may_be_is_kept_whole(browse, cast):
    made = ticket(cast.ada)
    long = "🔥" * 50_000
    assert save(browse(cast.ada), f"/tickets/{made.id}/reply", body=long).status_code == 204
    assert kept_fields()[f"/tickets/{made.id}/reply"]["body"] == long


@pytest.mark.parametrize("size", [200_001, 1_000_000, 10_000_000])
def test_a_larger_one_is_refused_and_the_earlier_one_kept(browse, cast, size):
    ada = browse(cast.ada)
    ada.post("/drafts", NEW)
    before = kept_fields()
    assert ada.post("/drafts", NEW | {"description": "x" * size}).status_code == 413
    assert kept_fields() == before


def test_a_draft_is_kept_for_thirty_days_after_it_was_last_saved(browse, cast):
    at = transactions.now()
    for days, path in ((29, "/tickets/1/reply"), (31, "/tickets/2/reply")):
        act(drafts.keep, cast.ada, path, {"body": "Half"}, at - timedelta(days=days))
    assert drafts.find(cast.ada, "/tickets/1/reply") and drafts.find(cast.ada, "/tickets/2/reply") is None
    act(drafts.sweep)
    assert list(kept_fields()) == ["/tickets/1/reply"]


# ---- who, and where


def test_a_draft_is_one_s_own(browse, cast):
    made = ticket(cast.ada)
    save(browse(cast.cleo), f"/tickets/{made.id}/reply", body="Secret words")
    for person in (cast.ada, cast.dan, cast.eve):
        assert "Secret words" not in browse(person).get(f"/tickets/{made.id}").text


def test_nobody_keeps_drafts_where_they_may_not_write(browse, cast):
    made, gone = ticket(cast.ada), ticket(cast.ada)
    with transactions.writing():
        db.session.add(Watcher(ticket_id=made.id, person_id=cast.ben.id))
        db.session.merge(gone).trashed_at = transactions.now()
    ada, ben, cleo = browse(cast.ada), browse(cast.ben), browse(cast.cleo)
    assert save(ben, f"/tickets/{made.id}/reply", body="x").status_code == 403
    assert save(ada, f"/tickets/{made.id}/note", body="x").status_code == 403
    assert save(cleo, f"/tickets/{gone.id}/reply", body="x").status_code == 404
    assert save(ben, f"/tickets/{gone.id}/reply", body="x").status_code == 404
    assert save(cleo, "/tickets/987654321/reply", body="x").status_code == 404
    assert browse().post("/drafts", NEW).status_code == 401
    assert kept_fields() == {}


@pytest.mark.parametrize(
    "path",
    ["", "/", "/tickets", "/login", "/profile/password", "/tickets/1/solve", "/tickets/0/reply", "/tickets/x/reply"]
    + [
        "https://example.com/tickets/new",
        "//example.com",
        "/tickets/new/",
        "x" * 5000,
        "\x00",
        "/tickets/12345678901/note",
    ],
)
@pytest.mark.parametrize("what", ["/drafts", "/drafts/discard"])
def test_only_the_pages_one_writes_on_have_drafts(browse, cast, path, what):
    answer = browse(cast.ada).post(what, {"path": path, "subject": "x", "body": "x"})
    assert answer.status_code in (404, 422) and kept_fields() == {}


def test_a_draft_needs_the_form_s_token_and_a_post(browse, cast):
    ada = browse(cast.ada)
    assert ada.post("/drafts", NEW, csrf=False).status_code == 400
    assert ada.get("/drafts").status_code == 405 and kept_fields() == {}


def test_no_secret_and_no_token_is_kept(browse, cast):
    ada = browse(cast.ada)
    ada.post("/drafts", NEW | {"password": "hunter2", "form_token": "t1"})
    assert kept_fields()["/tickets/new"].keys() == {"subject", "description", "type"}


def test_a_draft_of_another_time_is_shown_with_odd_values_without_trouble(browse, cast):
    """Its category was removed, its type never was one, and fields that the form does not have."""
    ada = browse(cast.ada)
    ada.post(
        "/drafts", NEW | {"category": "12345", "type": "nonsense", "requester": "Ben", "more": "\x00", "seen": "x"}
    )
    assert ada.get("/tickets/new").status_code == 200
    assert db.session.query(Message).count() == 0
