"""Raising a ticket, from the form to the rows it leaves."""

from models import Delivery, Event, Ticket, db
from tests.browser import text_of


def test_a_ticket_is_raised_with_its_event_and_its_mail(browse, cast):
    ada = browse(cast.ada)
    answer = ada.post("/tickets/new", {"subject": "Printer is broken", "description": "It *smokes* 🔥"} | CHOICES)
    ticket = db.session.query(Ticket).one()
    page = ada.follow(answer)
    assert f"#{ticket.id} Printer is broken" in text_of(page)
    assert "<em>smokes</em> 🔥" in page.text
    assert db.session.query(Event).one().kind == "raised"
    delivery = db.session.query(Delivery).one()
    assert (delivery.email, delivery.mail, delivery.state) == ("ada@example.com", "received", "waiting")


def test_a_ticket_without_a_subject_is_refused_and_what_was_typed_stays(browse, cast):
    page = browse(cast.ada).post("/tickets/new", {"subject": "   ", "description": "My own words"} | CHOICES)
    assert page.status_code == 422
    assert "Please fill in this field." in text_of(page)
    assert "My own words" in page.text
    assert db.session.query(Ticket).count() == 0


CHOICES = {"type": "incident", "category": "", "priority": "normal"}
