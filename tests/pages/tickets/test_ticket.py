"""The ticket's page: who sees what on it, its buttons, and that notes leave no trace for a requester."""

import re

import pytest

from helpdesk.tickets import messages, tickets
from models import Message, ReadMark, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.forms_of import fields

SECRET = "The CEO spilled coffee on it"


@pytest.fixture
def ticket(cast):
    made = builders.ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    return made


def path(ticket, *below):
    return "/".join(["/tickets", str(ticket.id), *below])


def test_the_requester_reads_the_conversation(browse, cast, ticket):
    builders.reply(ticket, "Have you tried **again**?", by=cast.cleo)
    page = browse(cast.ada).get(path(ticket))
    assert re.search(rf"<h1>#{ticket.id} ", page.text)
    assert "<strong>again</strong>" in page.text and "Cleo Hart" in text_of(page)
    assert "Send reply" in text_of(page) and "Write an internal note" not in text_of(page)


def test_an_agent_has_both_modes_and_every_fact(browse, cast, ticket):
    page = text_of(browse(cast.cleo).get(path(ticket)))
    for words in ("Write a reply", "Write an internal note", "Status", "Assignee", "Priority", "Category", "Type"):
        assert words in page
    assert "Save changes" in page and "Take it" in page and "Delete ticket" not in page
    assert "Delete ticket" in text_of(browse(cast.eve).get(path(ticket)))


def test_a_watcher_reads_and_cannot_act(browse, cast, ticket):
    page = browse(cast.ben).get(path(ticket))
    assert page.status_code == 200 and "Send reply" not in text_of(page)
    assert "Only the requester and IT can answer here." in text_of(page)
    for act_path in ("reply", "solve", "reopen", "edit"):
        assert browse(cast.ben).post(path(ticket, act_path), {"body": "x"}).status_code == 403
    assert browse(cast.ben).get(path(ticket, "edit")).status_code == 403


def test_somebody_else_finds_nothing_there(browse, cast):
    own = builders.ticket(cast.ada)
    strange, missing = browse(cast.ben).get(path(own)), browse(cast.ben).get("/tickets/999999")
    assert strange.status_code == missing.status_code == 404
    assert text_of(strange) == text_of(missing)


def test_opening_it_marks_it_read_and_nothing_else(browse, cast, ticket):
    browse(cast.ada).get(path(ticket))
    assert db.session.query(ReadMark).one().seen_at == ticket.public_activity_at


def test_the_page_knows_only_its_methods(browse, cast, ticket):
    assert browse(cast.ada).post(path(ticket)).status_code == 405
    assert browse(cast.cleo).get(path(ticket, "take")).status_code == 405


# ---- buttons


def test_taking_it(browse, cast, ticket):
    cleo = browse(cast.cleo)
    page = cleo.follow(cleo.post(path(ticket, "take")))
    assert "The ticket is yours." in text_of(page) and "Cleo Hart is working on it." in text_of(page)
    refused = browse(cast.dan).post(path(ticket, "take"))
    assert refused.status_code == 409 and "Cleo Hart has this ticket already" in text_of(refused)
    assert browse(cast.ada).post(path(ticket, "take")).status_code == 403


def test_the_requester_says_it_is_solved(browse, cast, ticket):
    ada = browse(cast.ada)
    assert "My problem is solved" in text_of(ada.get(path(ticket)))
    page = ada.follow(ada.post(path(ticket, "solve")))
    assert "Closed" in text_of(page) and "My problem is solved" not in text_of(page)
    assert ada.post(path(ticket, "solve")).status_code == 409
    assert ada.post(path(ticket, "reopen")).status_code == 409


def test_the_requester_reopens_what_is_resolved(browse, cast, ticket):
    act(tickets.set_status, ticket, "resolved", by=cast.cleo)
    ada = browse(cast.ada)
    assert "Reopen" in text_of(ada.get(path(ticket)))
    assert "open again" in text_of(ada.follow(ada.post(path(ticket, "reopen"))))


def test_a_follow_up_links_back(browse, cast, ticket):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    ada = browse(cast.ada)
    page = ada.follow(ada.post(path(ticket, "reply"), {"body": "It is back"}))
    assert f"Follows ticket #{ticket.id}" in text_of(page) and "has become ticket" in text_of(page)
    assert f'href="{path(db.session.query(Ticket).order_by(Ticket.id.desc()).first())}"' in ada.get(path(ticket)).text


# ---- what agents do among themselves


def test_a_note_leaves_no_trace_for_the_requester_or_a_watcher(browse, cast, ticket):
    builders.ticket(cast.ada, "A later one")
    watched = [browse(cast.ada), browse(cast.ben)]
    before = [seen(browser, ticket) for browser in watched]
    builders.note(ticket, SECRET, by=cast.cleo)
    act(messages.correct, db.session.query(Message).one(), SECRET + " twice", by=cast.cleo)
    act(tickets.trash, ticket, by=cast.eve)
    act(tickets.restore, ticket, by=cast.eve)
    assert [seen(browser, ticket) for browser in watched] == before
    assert SECRET in text_of(browse(cast.dan).get(path(ticket)))


def seen(browser, ticket):
    """All that a page or a list says to this person, headers too, but for what differs on every request."""
    pages = [browser.get(path(ticket)), browser.get("/tickets"), browser.get("/tickets?show=finished")]
    if "Edit subject and description" in pages[0].text:
        pages.append(browser.get(path(ticket, "edit")))
    return [(page.status_code, steady(page.text), headers(page)) for page in pages]


def headers(page):
    differ = ("Set-Cookie", "X-Request-ID", "Content-Length")  # The length follows "9 seconds ago", "10 seconds ago".
    return sorted(header for header in page.headers if header[0] not in differ)


def steady(text):
    text = re.sub(r'name="(csrf_token|form_token)" value="[^"]*"|data-live="[^"]*"', "", text)
    return re.sub(r"\d+ (second|minute)s? ago", "", text)


def test_a_note_does_not_stop_the_requester_from_replying_or_editing(browse, cast):
    ticket = builders.ticket(cast.ada)
    ada = browse(cast.ada)
    reply = fields(ada.get(path(ticket)), path(ticket, "reply"))
    edit = fields(ada.get(path(ticket, "edit")), path(ticket, "edit"))
    builders.note(ticket, SECRET, by=cast.cleo)
    assert ada.post(path(ticket, "edit"), edit | {"subject": "Other words"}).status_code == 303
    answer = ada.post(path(ticket, "reply"), reply | {"body": "One more thing"})
    assert answer.status_code == 303


def test_the_earlier_text_of_a_reply_is_shown_to_agents_only(browse, cast, ticket):
    builders.reply(ticket, "The password is hunter2", by=cast.cleo)
    act(messages.correct, db.session.query(Message).one(), "I have sent you the password", by=cast.cleo)
    assert "hunter2" not in browse(cast.ada).get(path(ticket)).text
    assert "hunter2" in browse(cast.dan).get(path(ticket)).text
