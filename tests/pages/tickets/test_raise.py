"""Raising a ticket, from the form to the rows it leaves."""

import pytest

from helpdesk.db import transactions
from models import Delivery, Event, Person, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.forms_of import fields

CHOICES = {"type": "incident", "category": "", "priority": "normal"}
WORDS = {"subject": "Printer is broken", "description": "It **smokes** 🔥"}


def test_a_ticket_is_raised_with_its_event_and_its_mail(browse, cast):
    ada = browse(cast.ada)
    answer = ada.post("/tickets/new", WORDS | CHOICES)
    ticket = db.session.query(Ticket).one()
    page = ada.follow(answer)
    assert f"#{ticket.id} Printer is broken" in text_of(page)
    assert "<strong>smokes</strong> 🔥" in page.text
    assert f"Ticket #{ticket.id} is raised" in text_of(page)
    assert "The next thing you see here is who has it, or an answer." in text_of(page)
    assert db.session.query(Event).one().kind == "raised"
    delivery = db.session.query(Delivery).one()
    assert (delivery.email, delivery.mail, delivery.state) == ("ada@example.com", "received", "waiting")


def test_what_was_chosen_is_on_the_ticket(browse, cast):
    category = builders.category("Access")
    browse(cast.ada).post(
        "/tickets/new", WORDS | {"type": "request", "category": str(category.id), "priority": "urgent"}
    )
    ticket = db.session.query(Ticket).one()
    assert (ticket.type, ticket.category.name, ticket.priority) == ("request", "Access", 4)


def test_a_retired_category_is_neither_offered_nor_taken(browse, cast):
    retired = builders.category("Fax", retired_at=transactions.now())
    ada = browse(cast.ada)
    assert "Fax" not in text_of(ada.get("/tickets/new"))
    assert ada.post("/tickets/new", WORDS | CHOICES | {"category": str(retired.id)}).status_code == 422


def test_a_ticket_without_a_subject_is_refused_and_what_was_typed_stays(browse, cast):
    page = browse(cast.ada).post("/tickets/new", {"subject": "   ", "description": "My own words"} | CHOICES)
    assert page.status_code == 422
    assert "Please fill in this field." in text_of(page)
    assert "My own words" in page.text
    assert db.session.query(Ticket).count() == 0


def test_the_form_sent_twice_makes_one_ticket(browse, cast):
    ada = browse(cast.ada)
    form = fields(ada.get("/tickets/new"), "/tickets/new") | WORDS
    first, second = ada.post("/tickets/new", form), ada.post("/tickets/new", form)
    assert first.headers["Location"] == second.headers["Location"]
    assert db.session.query(Ticket).count() == db.session.query(Delivery).count() == 1
    fresh = fields(ada.get("/tickets/new"), "/tickets/new") | WORDS
    ada.post("/tickets/new", fresh)
    assert db.session.query(Ticket).count() == 2


# ---- on behalf of


def test_only_agents_are_asked_whom_it_is_for(browse, cast):
    assert "On behalf of" not in text_of(browse(cast.ada).get("/tickets/new"))
    assert "On behalf of" in text_of(browse(cast.cleo).get("/tickets/new"))


@pytest.mark.parametrize("typed", ["Ben Adeyemi", "ben adeyemi", "ben@example.com", "Ben Adeyemi <BEN@example.com>"])
def test_an_agent_raises_for_somebody(browse, cast, typed):
    browse(cast.cleo).post("/tickets/new", WORDS | CHOICES | {"requester": typed})
    ticket = db.session.query(Ticket).one()
    assert (ticket.requester, ticket.raised_by) == (cast.ben, cast.cleo)


def test_an_address_nobody_has_becomes_a_person_who_is_only_an_address(browse, cast):
    browse(cast.cleo).post("/tickets/new", WORDS | CHOICES | {"requester": "New One <new@example.com>"})
    person = db.session.query(Ticket).one().requester
    assert (person.name, person.email, person.password_hash) == ("New One", "new@example.com", None)


@pytest.mark.parametrize("typed", ["Nobody Known", "not@an@address", "@", "Zoe Brandt", "<>", "x <>"])
def test_somebody_who_cannot_be_found_or_is_off_is_refused_at_the_field(browse, cast, typed):
    page = browse(cast.cleo).post("/tickets/new", WORDS | CHOICES | {"requester": typed})
    assert page.status_code == 422
    assert 'id="requester-error"' in page.text
    assert db.session.query(Ticket).count() == 0
    assert db.session.query(Person).count() == 7


def test_a_user_cannot_raise_for_somebody_else(browse, cast):
    browse(cast.ada).post("/tickets/new", WORDS | CHOICES | {"requester": "ben@example.com", "status": "closed"})
    ticket = db.session.query(Ticket).one()
    assert (ticket.requester, ticket.status) == (cast.ada, "new")


# ---- nobody


def test_somebody_who_is_not_signed_in_is_led_to_the_sign_in_and_back(browse):
    answer = browse().get("/tickets/new")
    assert answer.headers["Location"] == "/login?next=/tickets/new"


def test_a_form_sent_after_the_session_ended_is_kept(browse, cast):
    page = browse().post("/tickets/new", WORDS | CHOICES)
    assert page.status_code == 401
    assert 'name="carried" value="' in page.text and "Sign in" in text_of(page)
    assert db.session.query(Ticket).count() == 0
