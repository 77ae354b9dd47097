"""Tags on the pages: the form beside the facts, the marks in triage, and nothing of it for requesters."""

import re

import pytest

from helpdesk.db import transactions
from helpdesk.import_export import importer
from helpdesk.import_export.import_file import examine
from helpdesk.tickets import tags
from models import Ticket, Watcher, db
from tests.support.browser import text_of
from tests.support.builders import act, ticket
from tests.support.forms_of import fields


def test_an_agent_tags_a_ticket_and_takes_it_back(make_app, browse, cast):
    made = ticket(cast.ada)
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    page = cleo.follow(cleo.post(f"/tickets/{made.id}/tags", {"tags": "vpn, New starter"}))
    assert 'value="New starter, vpn"' in page.text and '<span class="tag">vpn</span>' in page.text
    assert (
        cleo.get("/tags").json == {"tags": ["New starter", "vpn"]} and browse(cast.ada).get("/tags").status_code == 403
    )
    cleo.post(re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text).group(1))
    db.session.rollback()
    assert db.session.get(Ticket, made.id).tags == []


def test_a_tag_that_a_colleague_added_meanwhile_is_not_lost(browse, cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn"], by=cast.cleo)
    cleo, path = browse(cast.cleo), f"/tickets/{made.id}/tags"
    form = fields(cleo.get(f"/tickets/{made.id}"), path)
    act(tags.add, made, ["urgent"], by=cast.dan)
    refused = cleo.post(path, form | {"tags": "x" * 31})
    page = cleo.follow(cleo.post(path, fields(refused, path) | {"tags": "laptop"}))
    assert 'value="laptop, urgent"' in page.text


@pytest.mark.parametrize("typed, why", [("\ufdfa" * 10, "too much room"), ("\u200e", "can be seen")])
def test_what_cannot_be_kept_as_a_tag_is_said_wherever_it_is_typed(browse, cast, tmp_path, typed, why):
    made = ticket(cast.ada)
    cleo, sheet = browse(cast.cleo), tmp_path / "tickets.csv"
    page = cleo.post(f"/tickets/{made.id}/tags", {"tags": typed})
    assert page.status_code == 409 and why in text_of(page)
    page = cleo.post("/bulk", {"ticket": made.id, "tag": typed})
    assert page.status_code == 409 and why in text_of(page)
    sheet.write_text(f"external_id,subject,description,category,tags\nA1,Subject,Text,Hardware,{typed}\n")
    (bad,) = importer.run(examine(sheet), host="desk.example", progress=lambda lines: None).bad
    assert bad.place.line == 2 and why in bad.why


def test_triage_shows_the_tags_of_each_row(browse, cast):
    made, other = ticket(cast.ada), ticket(cast.ben)
    act(tags.set_tags, made, ["vpn", "<b>"], by=cast.cleo)
    act(tags.set_tags, other, ["laptop"], by=cast.cleo)
    page = browse(cast.dan).get("/triage?view=new").text
    first, second = page.split(f'data-ticket="{made.id}"')[1].split("</tr>")[0], page.split("</tr>")
    assert "vpn" in first and "&lt;b&gt;" in first and "laptop" not in first and len(second) > 2


def test_requesters_and_watchers_meet_no_tag_anywhere(browse, cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["difficultperson"], by=cast.cleo)
    with transactions.writing():
        db.session.add(Watcher(ticket_id=made.id, person_id=cast.ben.id))
    for person in (cast.ada, cast.ben):
        browser = browse(person)
        for path in (f"/tickets/{made.id}", "/tickets", "/notifications"):
            assert "difficultperson" not in browser.get(path).text, path
    assert browse(cast.ada).post(f"/tickets/{made.id}/tags", {"tags": "x"}).status_code == 403


def test_too_many_or_too_long_is_said_at_the_field_and_what_was_typed_stays(browse, cast):
    made = ticket(cast.ada)
    cleo = browse(cast.cleo)
    page = cleo.post(f"/tickets/{made.id}/tags", {"tags": "x" * 31})
    assert page.status_code == 409 and "at most 30 characters" in text_of(page) and "x" * 31 in page.text
    page = cleo.post(f"/tickets/{made.id}/tags", {"tags": ",".join(f"tag{n}" for n in range(11))})
    assert page.status_code == 409 and "at most 10 tags" in text_of(page) and "tag10" in page.text
    assert cleo.post(f"/tickets/{made.id}/tags", {"tags": "y" * 401}).status_code == 422


def test_an_empty_field_takes_all_tags_away(browse, cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn"], by=cast.cleo)
    browse(cast.cleo).post(f"/tickets/{made.id}/tags", {"tags": " "})
    db.session.rollback()
    assert db.session.get(Ticket, made.id).tags == []
