"""How a text will look, shown before it is sent: by the renderer that shows it afterwards, and kept nowhere."""

from helpdesk.markup.markdown import to_html
from models import Draft, Event, Message, db
from tests.support import builders


def test_a_preview_is_what_the_page_will_show(cast, browse):
    ada = browse(cast.ada)
    number, text = builders.ticket(cast.ada).id, "Path \\\\fs01\\projects and **bold** <b>"
    shown = ada.post("/preview", {"text": text})
    assert shown.status_code == 200 and shown.json == {"html": to_html(text)}
    ada.post(f"/tickets/{number}/reply", {"body": text})
    assert shown.json["html"].strip() in ada.get(f"/tickets/{number}").text


def test_a_preview_keeps_nothing_and_tells_nobody(cast, browse):
    before = db.session.query(Event).count()
    browse(cast.ada).post("/preview", {"text": "**Half** a sentence"})
    assert db.session.query(Event).count() == before
    assert db.session.query(Draft).count() == db.session.query(Message).count() == 0


def test_a_text_that_is_too_long_to_be_sent_has_no_preview(cast, browse):
    assert browse(cast.ada).post("/preview", {"text": "x" * 50_001}).status_code == 413


def test_every_long_field_says_what_works_and_has_a_preview(cast, browse):
    ticket = builders.ticket(cast.ada)
    ada, cleo = browse(cast.ada), browse(cast.cleo)
    own = f"/tickets/{ticket.id}"
    for browser, path, count in ((ada, "/tickets/new", 1), (ada, own, 1), (cleo, own, 2)):
        page = browser.get(path).text
        assert page.count("data-preview=") == page.count("You can use **bold**") == count, path
