"""What people wrote is rendered once, when it is written, and never while others wait for their turn to write."""

import pytest

from helpdesk.db import transactions
from helpdesk.markup import markdown
from helpdesk.tickets import messages, rendered, tickets
from models import Message, MessageVersion, Ticket, db
from tests.support import builders


@pytest.fixture
def made(monkeypatch):
    """Each text that is rendered, with whether the turn to write was held meanwhile."""
    found, render = [], markdown._render

    def note(text):
        found.append((text, transactions.is_writing()))
        return render(text)

    monkeypatch.setattr(markdown, "_render", note)
    return found


def stored_html(model):
    return [(rendered.html_of(row) or "").strip() for row in db.session.query(model).order_by(model.id)]


def test_what_is_sent_is_rendered_before_the_turn_and_kept(cast, browse, made):
    ada, cleo = browse(cast.ada), browse(cast.cleo)
    facts = {"type": "incident", "priority": "normal", "category": ""}
    ada.post("/tickets/new", {"subject": "Printer jam", "description": "It is **broken**"} | facts)
    number = db.session.query(Ticket.id).scalar()
    cleo.post(f"/tickets/{number}/reply", {"body": "On **it**"})
    cleo.post(f"/tickets/{number}/note", {"body": "Third `one`"})
    assert stored_html(Ticket) == ["<p>It is <strong>broken</strong></p>"]
    assert stored_html(Message) == ["<p>On <strong>it</strong></p>", "<p>Third <code>one</code></p>"]
    ada.post(f"/tickets/{number}/edit", {"subject": "Printer jam", "description": "It is _not_"})
    assert made == [(text, False) for text in ("It is **broken**", "On **it**", "Third `one`", "It is _not_")]
    page = cleo.get(f"/tickets/{number}").text
    assert "On <strong>it</strong>" in page and len(made) == 4, "reading renders nothing anew"


def test_a_corrected_message_has_its_new_html_and_its_earlier_text_the_old(cast, browse, made):
    number, cleo = builders.ticket(cast.ada).id, browse(cast.cleo)
    cleo.post(f"/tickets/{number}/reply", {"body": "On `it`"})
    message = db.session.query(Message.id).scalar()
    cleo.post(f"/tickets/{number}/messages/{message}/edit", {"body": "On **it**"})
    assert stored_html(Message) == ["<p>On <strong>it</strong></p>"] and stored_html(MessageVersion) == [
        "<p>On <code>it</code></p>"
    ]
    assert not any(held for _text, held in made)


def test_what_nobody_has_rendered_yet_is_rendered_when_read_and_kept(cast, browse, made):
    """So it is with imported tickets, with the demo, and with a desk of an earlier version."""
    ticket = builders.ticket(cast.ada, description="From **old** times")
    builders.reply(ticket, by=cast.cleo, body="An **old** answer")
    assert stored_html(Ticket) == stored_html(Message) == [""]
    made.clear()
    for _time in range(2):
        page = browse(cast.ada).get(f"/tickets/{ticket.id}").text
        assert "From <strong>old</strong> times" in page and "An <strong>old</strong> answer" in page
    assert [text for text, _held in made] == ["From **old** times", "An **old** answer"]
    assert not any(held for _text, held in made) and stored_html(Message) == ["<p>An <strong>old</strong> answer</p>"]


def test_html_of_an_older_renderer_is_made_anew(cast, browse):
    ticket = builders.ticket(cast.ada, description="From **old** times")
    with transactions.writing():
        ticket.description_html, ticket.description_renderer = "<p>ancient</p>", markdown.RENDERER - 1
    assert "From <strong>old</strong> times" in browse(cast.ada).get(f"/tickets/{ticket.id}").text
    assert stored_html(Ticket) == ["<p>From <strong>old</strong> times</p>"]


def test_html_of_a_text_that_was_changed_meanwhile_is_not_kept(cast):
    ticket = builders.ticket(cast.ada, description="Now")
    rendered.keep([(Ticket, ticket.id, "Before", "<p>Before</p>")])
    db.session.rollback()
    assert stored_html(Ticket) == [""]


def test_a_text_never_stands_beside_the_html_of_another(cast):
    markdown.to_html("Something else")  # The last text of a thread is remembered: it is not the ticket's.
    ticket = builders.ticket(cast.ada)
    markdown.to_html("Sent **first**")
    builders.act(messages.reply, ticket, "Sent **first**", by=cast.cleo)
    assert stored_html(Message) == ["<p>Sent <strong>first</strong></p>"]
    builders.act(messages.correct, db.session.query(Message).one(), "Another text", by=cast.cleo)
    assert stored_html(Message) == [""] and stored_html(MessageVersion) == ["<p>Sent <strong>first</strong></p>"]
    builders.act(tickets.raise_ticket, by=cast.ada, subject="Second", description="Sent **later**")
    assert stored_html(Ticket) == ["", ""]
