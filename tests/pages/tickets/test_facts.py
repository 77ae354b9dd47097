"""The facts of a ticket, as agents set them, and what becomes of two who set them at once."""

import pytest

from helpdesk.accounts import people
from helpdesk.tickets import tickets
from models import Event, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act
from tests.support.forms_of import fields


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def path(ticket, *below):
    return "/".join(["/tickets", str(ticket.id), *below])


def opened(browser, ticket):
    """The facts form as the browser's page shows it."""
    return fields(browser.get(path(ticket)), path(ticket, "facts"))


def test_every_fact_can_be_set_at_once(browse, cast, ticket):
    category, cleo = builders.category("Access"), browse(cast.cleo)
    form = opened(cleo, ticket) | {"status": "pending", "reason": "the supplier", "assignee": str(cast.dan.id)}
    form |= {"priority": "urgent", "category": str(category.id), "type": "request"}
    page = cleo.follow(cleo.post(path(ticket, "facts"), form))
    assert "The changes are saved." in text_of(page) and "Waiting: the supplier" in text_of(page)
    db.session.refresh(ticket)
    assert (ticket.status, ticket.assignee, ticket.priority) == ("pending", cast.dan, 4)
    assert (ticket.category, ticket.type) == (category, "request")


def test_saving_what_is_there_already_is_no_event(browse, cast, ticket):
    cleo, before = browse(cast.cleo), db.session.query(Event).count()
    assert cleo.post(path(ticket, "facts"), opened(cleo, ticket)).status_code == 303
    assert db.session.query(Event).count() == before


def test_assigning_a_new_ticket_in_the_form_opens_it(browse, cast, ticket):
    cleo = browse(cast.cleo)
    cleo.post(path(ticket, "facts"), opened(cleo, ticket) | {"assignee": str(cast.dan.id)})
    db.session.refresh(ticket)
    assert (ticket.status, ticket.assignee) == ("open", cast.dan)


def test_pending_without_a_reason_is_refused_at_the_reason(browse, cast, ticket):
    cleo = browse(cast.cleo)
    page = cleo.post(path(ticket, "facts"), opened(cleo, ticket) | {"status": "pending", "priority": "high"})
    assert page.status_code == 409 and 'id="reason-error"' in page.text
    db.session.refresh(ticket)
    assert (ticket.status, ticket.priority) == ("new", 2)
    assert fields(page, path(ticket, "facts"))["priority"] == "high"


def test_what_is_refused_leaves_the_other_fields_unsaved_too(browse, cast, ticket):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    cleo = browse(cast.cleo)
    form = opened(cleo, ticket) | {"assignee": str(cast.dan.id), "priority": "high"}
    page = cleo.post(path(ticket, "facts"), form)
    assert page.status_code == 409 and "Reopen it first" in text_of(page)
    db.session.refresh(ticket)
    assert (ticket.assignee, ticket.priority) == (None, 2)


def test_reopening_and_assigning_in_one_go(browse, cast, ticket):
    act(tickets.set_status, ticket, "closed", by=cast.cleo)
    cleo = browse(cast.cleo)
    form = opened(cleo, ticket) | {"status": "open", "assignee": str(cast.dan.id)}
    assert cleo.post(path(ticket, "facts"), form).status_code == 303


@pytest.mark.parametrize(
    "name, value",
    [("status", "exploded"), ("status", "new "), ("assignee", "1"), ("assignee", "x"), ("priority", "5")]
    + [("category", "99"), ("category", "-1"), ("type", ""), ("reason", "x" * 201), ("reason", "a\nb")],
)
def test_a_value_that_is_not_offered_is_refused(browse, cast, ticket, name, value):
    cleo = browse(cast.cleo)
    page = cleo.post(path(ticket, "facts"), opened(cleo, ticket) | {name: value})
    assert page.status_code == 422 and f'id="{name}-error"' in page.text
    assert [event.kind for event in db.session.query(Event)] == ["raised"]


def test_a_user_sets_no_facts(browse, cast, ticket):
    assert browse(cast.ada).post(path(ticket, "facts"), {"status": "closed"}).status_code == 403
    assert browse(cast.ben).post(path(ticket, "facts"), {"status": "closed"}).status_code == 404
    assert browse(cast.cleo).get(path(ticket, "facts")).status_code == 405
    db.session.refresh(ticket)
    assert ticket.status == "new"


# ---- two at once


def test_saving_over_a_newer_change_changes_nothing_and_shows_it(browse, cast, ticket):
    cleo = browse(cast.cleo)
    form = opened(cleo, ticket) | {"priority": "urgent"}
    act(tickets.take, ticket, by=cast.dan)
    page = cleo.post(path(ticket, "facts"), form)
    assert page.status_code == 409
    assert "Dan Ruiz took the ticket" in text_of(page) and "Nothing was saved yet" in text_of(page)
    db.session.refresh(ticket)
    assert (ticket.priority, ticket.assignee) == (2, cast.dan)
    again = fields(page, path(ticket, "facts"))
    assert (again["priority"], again["assignee"], again["status"]) == ("urgent", str(cast.dan.id), "open")
    assert cleo.post(path(ticket, "facts"), again).status_code == 303
    db.session.refresh(ticket)
    assert (ticket.priority, ticket.assignee) == (4, cast.dan)


def test_the_reason_of_somebody_else_comes_along(browse, cast, ticket):
    cleo = browse(cast.cleo)
    form = opened(cleo, ticket) | {"priority": "urgent"}
    act(tickets.set_status, ticket, "pending", by=cast.dan, reason="a part")
    page = cleo.post(path(ticket, "facts"), form)
    again = fields(page, path(ticket, "facts"))
    assert (again["status"], again["reason"]) == ("pending", "a part")
    assert cleo.post(path(ticket, "facts"), again).status_code == 303


def test_the_same_form_sent_twice_is_saved_once(browse, cast, ticket):
    cleo = browse(cast.cleo)
    form = opened(cleo, ticket) | {"priority": "urgent", "assignee": str(cast.dan.id)}
    assert [cleo.post(path(ticket, "facts"), form).status_code for _ in range(2)] == [303, 303]
    assert db.session.query(Event).filter_by(kind="priority_set").count() == 1


def test_an_assignee_who_left_does_not_stand_in_the_way(browse, cast, ticket):
    act(tickets.take, ticket, by=cast.dan)
    act(tickets.set_status, ticket, "resolved", by=cast.dan)
    act(people.switch_off, cast.dan, by=cast.eve)
    cleo = browse(cast.cleo)
    assert cleo.post(path(ticket, "facts"), opened(cleo, ticket) | {"priority": "low"}).status_code == 303
    assert db.session.get(Ticket, ticket.id).priority == 1
