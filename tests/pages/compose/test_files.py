"""Files on pages: attached with and without scripts, kept with the draft, sent."""

import pytest
from helpdesk.tickets import tickets
from models import Attachment, Draft, Message, Session, Ticket, db
from tests.support import builders, files
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.files import NEW, TYPED, attached, only, reply_path
from tests.support.forms_of import fields


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


# ---- without scripts


def test_a_ticket_is_raised_with_files(browse, cast):
    ada = browse(cast.ada)
    page = ada.follow(files.send(ada, NEW, TYPED, ("red.png", files.picture()), ("log.txt", b"line")))
    made = db.session.query(Ticket).one()
    rows = db.session.query(Attachment).order_by(Attachment.id).all()
    assert [(row.name, row.kind, row.ticket_id, row.path) for row in rows] == [
        ("red.png", "picture", made.id, None),
        ("log.txt", "text", made.id, None),
    ]
    assert f"/tickets/{made.id}/files/{rows[0].id}/small" in page.text
    assert "log.txt Text · 4 B" in text_of(page)
    assert "Download all (2)" in text_of(page)


@pytest.mark.parametrize("how", ["reply", "note"])
def test_a_reply_and_a_note_carry_files(browse, cast, ticket, how):
    row = attached(browse(cast.cleo), ticket, how=how)
    assert (row.message_id, row.ticket_id) == (db.session.query(Message).one().id, ticket.id)


def test_a_form_that_is_not_accepted_keeps_its_files(browse, cast, ticket):
    ada = browse(cast.ada)
    page = files.send(ada, reply_path(ticket), {"body": " "}, ("log.txt", b"line"))
    assert page.status_code == 422 and "log.txt" in text_of(page)
    again = fields(page, reply_path(ticket)) | {"body": "Now with words"}
    assert files.send(ada, reply_path(ticket), again).status_code == 303
    assert only().message_id == db.session.query(Message).one().id


def test_a_file_that_is_not_ticked_is_not_sent_and_not_offered_again(browse, cast, ticket):
    ada = browse(cast.ada)
    page = files.send(ada, reply_path(ticket), {"body": ""}, ("one.txt", b"1"), ("two.txt", b"2"))
    one, two = db.session.query(Attachment).order_by(Attachment.id)
    form = fields(page, reply_path(ticket)) | {"body": "Only one", "shown": [str(one.id), str(two.id)]}
    page = ada.follow(files.send(ada, reply_path(ticket), form | {"file": str(one.id)}))
    assert "one.txt" in text_of(page) and "two.txt" not in text_of(page)
    db.session.expire_all()
    assert (two.path, two.ticket_id) == (None, None)


def test_the_same_form_sent_twice_carries_its_files_once(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(f"/tickets/{ticket.id}"), reply_path(ticket)) | {"body": "Twice"}
    for _time in range(2):
        assert files.send(ada, reply_path(ticket), form, ("log.txt", b"line")).status_code == 303
    assert only().message_id == db.session.query(Message).one().id


def test_a_reply_to_a_closed_ticket_takes_its_files_to_the_new_one(browse, cast, ticket):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    row = attached(browse(cast.ada), ticket)
    assert (row.ticket_id, row.message_id) == (
        db.session.query(Ticket.id).filter_by(follows_id=ticket.id).scalar(),
        None,
    )


def test_a_form_sent_after_the_session_ended_comes_back_with_what_was_typed(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(f"/tickets/{ticket.id}"), reply_path(ticket)) | {"body": "Typed for long"}
    db.session.query(Session).delete()
    db.session.commit()
    page = files.send(ada, reply_path(ticket), form, ("large.bin", bytes(3_000_000)))
    assert page.status_code == 401 and "Files have to be chosen once more." in text_of(page)
    assert "carried" in page.text
    assert db.session.query(Attachment).count() == 0


# ---- with scripts


def test_a_file_is_kept_with_the_draft_until_the_form_is_sent(browse, cast, ticket):
    ada = browse(cast.ada)
    answer = files.attach(ada, reply_path(ticket), "red.png", files.picture())
    assert answer.status_code == 201
    row = only()
    assert answer.json["file"] == row.id and 'alt="' in answer.json["row"]
    assert (row.path, row.ticket_id) == (reply_path(ticket), None)
    other_device = browse(cast.ada).get(f"/tickets/{ticket.id}")
    assert f"/files/{row.id}/small" in other_device.text
    form = fields(ada.get(f"/tickets/{ticket.id}"), reply_path(ticket)) | {
        "body": "Here",
        f"alt-{row.id}": "A red  screen\n",
    }
    page = ada.follow(ada.post(reply_path(ticket), form))
    assert 'alt="A red screen"' in page.text
    assert ada.get(f"/files/{row.id}").status_code == 404


def test_what_another_window_added_meanwhile_is_not_sent_along_and_not_lost(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(f"/tickets/{ticket.id}"), reply_path(ticket)) | {"body": "First"}
    files.attach(ada, reply_path(ticket), "later.txt", b"later")
    page = ada.follow(ada.post(reply_path(ticket), form))
    assert only().path == reply_path(ticket)
    assert fields(page, reply_path(ticket))["file"] == str(only().id)


def test_a_file_is_removed_before_sending(browse, cast, ticket):
    ada = browse(cast.ada)
    number = files.attach(ada, reply_path(ticket), "log.txt", b"line").json["file"]
    form = fields(ada.get(f"/tickets/{ticket.id}"), reply_path(ticket)) | {"body": "Gone?"}
    assert ada.post(f"/files/{number}/remove").status_code == 204
    assert ada.post(f"/files/{number}/remove").status_code == 404
    page = ada.post(reply_path(ticket), form)
    assert page.status_code == 409 and "A file is no longer there." in text_of(page) and "Gone?" in page.text
    assert db.session.query(Message).count() == 0


def test_discarding_a_draft_gives_its_files_up(browse, cast, ticket):
    ada = browse(cast.ada)
    files.attach(ada, reply_path(ticket), "log.txt", b"line")
    ada.post("/drafts/discard", {"path": reply_path(ticket)})
    assert only().path is None


def test_files_and_their_descriptions_outlive_a_closed_tab(browse, cast, ticket):
    ada = browse(cast.ada)
    number = files.attach(ada, NEW, "red.png", files.picture()).json["file"]
    ada.post("/drafts", {"path": NEW, "subject": "Half", f"alt-{number}": "Half described"})
    assert db.session.query(Draft).count() == 1
    assert fields(ada.get(NEW), NEW)[f"alt-{number}"] == "Half described"


@pytest.mark.parametrize("path, status", [("/login", 422), ("", 422), ("/tickets/99999/reply", 404), ("//x", 422)])
def test_a_file_for_no_form_of_ones_own_is_refused(browse, cast, path, status):
    assert files.attach(browse(cast.ada), path, "log.txt", b"line").status_code == status
    assert db.session.query(Attachment).count() == 0


def test_a_file_for_somebody_elses_form_is_refused(browse, cast, ticket):
    assert files.attach(browse(cast.ben), reply_path(ticket), "log.txt", b"x").status_code == 404
    assert files.attach(browse(cast.ada), f"/tickets/{ticket.id}/note", "log.txt", b"x").status_code == 403
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    assert files.attach(browse(cast.ben), reply_path(ticket), "log.txt", b"x").status_code == 403
    assert files.send(browse(cast.ben), reply_path(ticket), {"body": "x"}, ("log.txt", b"x")).status_code == 403
    assert db.session.query(Attachment).count() == 0


def test_a_file_needs_the_token_of_a_form(browse, cast, ticket):
    assert files.attach(browse(cast.ada), NEW, "log.txt", b"x", csrf_token="no").status_code == 400
    assert (
        files.send(browse(cast.ada), reply_path(ticket), {"body": "x"}, ("a.txt", b"x"), csrf=False).status_code == 400
    )
    assert db.session.query(Attachment).count() == 0
