"""Every kind of mail, as it arrives at a real mail server: words, headers, links, and what is never in it."""

import re
from urllib.parse import urlsplit

import pytest
from flask import before_render_template

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.db import transactions
from helpdesk.notifications.recipients import MAILS
from helpdesk.tickets import messages, tickets
from models import Delivery, Message, OneTimeLink, db
from tests.support.builders import act, file, note, reply, ticket
from tests.support.causes import KINDS, SECRET
from tests.support.servers.mailbox import html_of, shown, text_of

PURPOSES = {
    "confirm": "confirm",
    "reset": "reset",
    "invitation": "invitation",
    "new_address": "address",
    "address_asked": "stop_address",
}


@pytest.fixture
def arrive(cast, mailbox, work):
    """The mail of a kind, after all that makes it owed has happened."""

    def make(kind):
        cause, to, _words = KINDS[kind]
        cause(cast)
        work()
        number = db.session.query(Delivery.message_id).filter_by(mail=kind).one().message_id
        (found,) = [one for one in mailbox.sent_to(to) if number in one["Message-ID"]]
        return found

    return make


# Mails that a stranger can have sent to any address.
NAMELESS = ("confirm", "new_address")


def to_name(mail):
    return mail["To"].addresses[0].display_name


def test_every_kind_of_mail_is_tried_here():
    assert set(KINDS) == set(MAILS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_says_what_happened_in_text_and_html(arrive, kind):
    mail = arrive(kind)
    text, html = text_of(mail), html_of(mail)
    assert KINDS[kind][2] in text
    assert text.startswith("Hello,\n" if kind in NAMELESS else f"Hello {to_name(mail)},\n") and "\n\n\n" not in text
    assert "<!doctype html>" in html and "<script" not in html and "style=" not in html
    assert mail["Subject"] in html.replace("&#39;", "'")
    for leftover in ("{{", "{%", "None", "%("):
        assert leftover not in text and leftover not in html
    words = re.sub(r"<style>.*</style>|<[^>]+>", " ", html, flags=re.S)
    assert text.split("\n")[0] in words


@pytest.mark.parametrize("kind", KINDS)
def test_every_address_in_a_mail_leads_into_the_desk(app, arrive, kind):
    mail = arrive(kind)
    found = re.findall(r"https?://[^\s<>\"]+", text_of(mail)) + re.findall(r'href="([^"]+)"', html_of(mail))
    assert found or kind in ("address_changed", "role_changed")
    for address in found:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("http", "desk.test")
        assert app.url_map.bind("desk.test").match(parts.path, method="GET")


@pytest.mark.parametrize("kind", PURPOSES)
def test_a_one_time_link_works_and_is_kept_nowhere(arrive, kind):
    mail = arrive(kind)
    token = urlsplit(re.search(r"http://\S+", text_of(mail)).group()).path.rpartition("/")[2]
    assert token in html_of(mail)
    assert one_time_links.find(token, PURPOSES[kind]) is not None
    row = db.session.query(OneTimeLink).filter_by(purpose=PURPOSES[kind]).one()
    delivery = db.session.query(Delivery).filter_by(mail=kind).one()
    assert token not in row.token_hash
    assert (delivery.state, delivery.shown_text) == ("sent", None)


@pytest.mark.parametrize("kind", ["received", "answer", *PURPOSES])
def test_no_mail_is_rendered_while_the_turn_to_write_is_taken(arrive, kind):
    turns = []

    def note(sender, **_what):
        turns.append(transactions._writes.get())

    with before_render_template.connected_to(note):
        arrive(kind)
    assert len(turns) >= 2 and not any(turns)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_names_its_sender_its_thread_and_that_a_machine_sent_it(arrive, kind):
    mail = arrive(kind)
    delivery = db.session.query(Delivery).filter_by(mail=kind).one()
    assert mail["From"] == "IT helpdesk <it@desk.test>"
    assert mail["Message-ID"] == f"<{delivery.message_id}@desk.test>"
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    number = delivery.event.ticket_id
    root = f"<ticket-{number}@desk.test>" if number else None
    assert (mail["In-Reply-To"], mail["References"]) == (root, root)
    if number:
        assert mail["Subject"] == f"[#{number}] Printer on floor 3 prints blank pages"


@pytest.mark.parametrize("kind", KINDS)
def test_internal_notes_never_leave(arrive, mailbox, kind):
    arrive(kind)
    for mail in mailbox.messages:
        assert SECRET not in mail.as_string() + text_of(mail) + html_of(mail)


def test_an_answer_quotes_the_reply_and_no_other_message(cast, mailbox, work):
    made = ticket(cast.ada, description="What I wrote first")
    reply(made, "An earlier answer", by=cast.cleo)
    work()
    mailbox.empty()
    reply(made, "The newest answer", by=cast.dan)
    work()
    (mail,) = mailbox.messages
    assert "The newest answer" in text_of(mail)
    for other in ("What I wrote first", "An earlier answer"):
        assert other not in text_of(mail) + html_of(mail)


def test_a_mail_about_a_note_is_not_sent_even_if_one_were_owed(cast, mailbox, work):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.cleo)
    reply(made, by=cast.cleo)
    with transactions.writing():
        answer = db.session.query(Delivery).filter_by(mail="answer").one()
        answer.event.message.kind = "note"
    work()
    assert [mail for mail in mailbox.messages if "answered" in text_of(mail)] == []
    assert db.session.query(Delivery).filter_by(mail="answer").one().state == "cancelled"


def test_what_happens_next_is_told_as_things_stand(cast, mailbox, work):
    made = ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    act(messages.reply_and_resolve, made, "Done.", by=cast.cleo)
    work()
    to_ada = [text_of(mail) for mail in mailbox.sent_to("ada@example.com") if "Done." in text_of(mail)]
    to_ben = [text_of(mail) for mail in mailbox.sent_to("ben@example.com")]
    assert "closes by itself after 7 days" in to_ada[0] and "write a reply" in to_ada[0]
    assert "a ticket that you watch" in to_ben[0] and "write a reply" not in to_ben[0]


def test_a_ticket_that_closed_by_itself_says_so(cast, mailbox, work):
    made = ticket(cast.ada)
    act(tickets.set_status, made, "resolved", by=cast.cleo)
    act(tickets.set_status, made, "closed", by=None)
    work()
    assert "nobody wrote again, so it is closed now" in text_of(mailbox.sent_to("ada@example.com")[-1])


def test_somebody_who_is_only_an_address_is_told_how_to_get_an_account(cast, mailbox, work):
    ticket(cast.cleo, requester=cast.mel)
    work()
    (mail,) = mailbox.sent_to("mel@example.com")
    assert "Cleo Hart has raised a ticket for you." in text_of(mail)
    assert "http://desk.test/register" in text_of(mail) and "http://desk.test/register" in html_of(mail)


def test_times_are_in_the_zone_of_the_reader(cast, mailbox, work):
    cast.ada.time_zone = "Asia/Tokyo"
    db.session.commit()
    act(self_service.ask_reset, "ada@example.com")
    work()
    (mail,) = mailbox.messages
    assert re.search(r"The link works once, until \d+ \w+ \d{4}, \d\d:\d\d \(Asia/Tokyo\)\.", text_of(mail))


NAMES = ("Zoë 🔥 Müller", "שרה כהן", "محمد", 'O\'Brien, Pat "P" <x@evil.example>', "Anna Maria " * 10 + "Lopez")


@pytest.mark.parametrize("name", NAMES, ids=["emoji", "hebrew", "arabic", "quotes", "long"])
def test_any_name_and_subject_arrives_as_it_was_typed(cast, mailbox, work, name):
    with transactions.writing():
        people.rename(db.session.merge(cast.ada), name)
    made = ticket(cast.ada, subject=f"🖨 é {name}")
    work()
    (mail,) = mailbox.messages
    assert [to.addr_spec for to in mail["To"].addresses] == ["ada@example.com"]
    assert shown(mail, "To") == f"{name} <ada@example.com>"
    assert mail.envelope_to == ["ada@example.com"]
    assert mail["Subject"] == f"[#{made.id}] 🖨 é {name}"
    assert name in text_of(mail)


def test_nothing_that_was_typed_becomes_a_header(cast, mailbox, work):
    evil = "Hello\r\nBcc: everybody@example.com\nX-Evil: 1\x85\u2028end"
    with transactions.writing():
        db.session.merge(cast.ada).name = evil
    ticket(cast.ada, subject=evil)
    work()
    (mail,) = mailbox.messages
    assert (mail["Bcc"], mail["X-Evil"]) == (None, None)
    assert mail.envelope_to == ["ada@example.com"]
    assert mail["Subject"].endswith("Hello Bcc: everybody@example.com X-Evil: 1 end")


def test_html_that_was_typed_is_shown_and_not_run(cast, mailbox, work):
    cast.cleo.wants_every_new = True
    db.session.commit()
    ticket(cast.ada, subject="<b>big</b>", description="<img src=x onerror=alert(1)> [here](javascript:alert(1))")
    work()
    html = html_of(mailbox.sent_to("cleo@example.com")[0])
    assert "&lt;b&gt;big" in html and "<img" not in html and 'href="javascript' not in html


def test_a_very_long_line_and_lines_of_dots_arrive_whole(cast, mailbox, work):
    made = ticket(cast.ada)
    body = "ü" * 49_000 + "\n.\n..\nFrom here\n"
    reply(made, body, by=cast.cleo)
    work()
    mail = mailbox.sent_to("ada@example.com")[-1]
    assert "ü" * 49_000 + "\n.\n..\nFrom here\n" in text_of(mail)
    assert max(map(len, mail.as_bytes().splitlines())) < 998


def test_a_ticket_mail_follows_the_person_to_a_new_address(cast, mailbox, work):
    ticket(cast.ada)
    act(self_service.ask_address, cast.ada, "ada@new.example.com", confirm=False)
    work()
    assert len(mailbox.sent_to("ada@new.example.com")) == 1
    assert db.session.query(Delivery).filter_by(mail="received").one().email == "ada@new.example.com"


def test_a_mail_names_the_files_that_came_and_none_of_a_note(cast, mailbox, work):
    made = ticket(cast.ada)
    note(made, "Among us", by=cast.cleo)
    message = db.session.query(Message).one()
    file(made, "secret.txt", b"x", message=message)
    reply(made, "See the file", by=cast.cleo)
    answer = db.session.query(Message).filter_by(kind="reply").one()
    file(made, "how-to.pdf", b"%PDF-1.7", message=answer)
    work()
    text = text_of(mailbox.sent_to("ada@example.com")[-1])
    assert "Attached, to be seen on the page: how-to.pdf" in text and "secret" not in text
