"""Changing subject, description and requester of a ticket."""

import pytest

from helpdesk.tickets import editing, tickets
from models import Person, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.forms_of import fields


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada, "Old words", "Old text")


def path(ticket):
    return f"/tickets/{ticket.id}/edit"


def test_the_requester_changes_their_words(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(path(ticket)), path(ticket))
    assert (form["subject"], form["description"]) == ("Old words", "Old text")
    page = ada.follow(ada.post(path(ticket), form | {"subject": "New words", "status": "closed", "requester": "x"}))
    assert "New words" in text_of(page) and "The ticket is changed." in text_of(page)
    db.session.refresh(ticket)
    assert (ticket.status, ticket.requester) == ("new", cast.ada)


def test_once_an_agent_works_on_it_the_requester_is_told_why_not(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(path(ticket)), path(ticket)) | {"subject": "New words", "description": "My new text"}
    act(tickets.take, ticket, by=cast.cleo)
    page = ada.post(path(ticket), form)
    assert page.status_code == 409 and "Somebody from IT is working on this ticket" in text_of(page)
    assert "My new text" in page.text
    assert "Edit subject and description" not in ada.get(f"/tickets/{ticket.id}").text
    db.session.refresh(ticket)
    assert ticket.subject == "Old words"


def test_an_agent_changes_words_and_requester(browse, cast, ticket):
    act(tickets.take, ticket, by=cast.cleo)
    cleo = browse(cast.cleo)
    form = fields(cleo.get(path(ticket)), path(ticket))
    assert form["requester"] == "Ada Okafor <ada@example.com>"
    assert cleo.post(path(ticket), form | {"requester": "Ben Adeyemi", "subject": "New words"}).status_code == 303
    db.session.refresh(ticket)
    assert (ticket.requester, ticket.subject) == (cast.ben, "New words")
    assert browse(cast.ada).get(f"/tickets/{ticket.id}").status_code == 404


@pytest.mark.parametrize("typed", ["Nobody Known", "Zoe Brandt", "a@b@c"])
def test_a_requester_who_cannot_be_is_refused_and_nothing_is_saved(browse, cast, ticket, typed):
    cleo = browse(cast.cleo)
    form = fields(cleo.get(path(ticket)), path(ticket)) | {"requester": typed, "subject": "New words"}
    page = cleo.post(path(ticket), form)
    assert page.status_code == 409 and 'id="requester-error"' in page.text and "New words" in page.text
    db.session.refresh(ticket)
    assert (ticket.subject, ticket.requester) == ("Old words", cast.ada)
    assert db.session.query(Person).count() == 7


def test_who_may_not_edit(browse, cast, ticket):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    assert browse(cast.ben).get(path(ticket)).status_code == 403
    assert browse(cast.zoe).get(path(ticket)).headers["Location"] == f"/login?next={path(ticket)}"
    assert browse(cast.cleo).get("/tickets/99999/edit").status_code == 404


def test_a_missing_subject_is_refused_and_the_text_stays(browse, cast, ticket):
    page = browse(cast.ada).post(path(ticket), {"subject": " ", "description": "FragmentCache"})
    assert page.status_code == 422 and "FragmentCache" in page.text and 'id="subject-error"' in page.text


def test_saving_over_newer_words_changes_nothing_and_shows_them(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(path(ticket)), path(ticket)) | {"description": "From the second window"}
    act(editing.edit, ticket, subject="Old words", description="From the first window", by=cast.ada)
    page = ada.post(path(ticket), form)
    assert page.status_code == 409 and "changed the description" in text_of(page)
    assert "From the first window" in page.text and "From the second window" in page.text
    db.session.refresh(ticket)
    assert ticket.description == "From the first window"
    assert ada.post(path(ticket), fields(page, path(ticket))).status_code == 303


def test_the_same_edit_sent_twice_is_saved_once(browse, cast, ticket):
    ada = browse(cast.ada)
    form = fields(ada.get(path(ticket)), path(ticket)) | {"description": "Once"}
    assert [ada.post(path(ticket), form).status_code for _ in range(2)] == [303, 303]
