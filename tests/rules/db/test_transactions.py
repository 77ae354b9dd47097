"""How the desk writes: all or nothing, one at a time where the database needs it, and who wins a race."""

import threading

import pytest
from sqlalchemy.exc import OperationalError

from helpdesk.db import transactions
from helpdesk.tickets import tickets
from models import Delivery, Event, Message, Person, Ticket, db
from tests.support import builders
from tests.support.browser import Browser


def at_once(number, act):
    """Run act(0) ... act(number - 1) in threads that start together; their results in order."""
    gate, results = threading.Barrier(number), [None] * number

    def run(index):
        gate.wait()
        results[index] = act(index)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return results


def test_what_fails_halfway_leaves_nothing(cast):
    with pytest.raises(ZeroDivisionError), transactions.writing():
        tickets.raise_ticket(by=cast.ada, subject="Half", description="done")
        raise ZeroDivisionError
    assert db.session.query(Ticket).count() == db.session.query(Event).count() == 0


def test_writing_inside_writing_is_a_mistake(app):
    with transactions.writing(), pytest.raises(RuntimeError):
        with transactions.writing():
            pass
    with transactions.writing(), pytest.raises(RuntimeError):
        with transactions.separate():
            pass


def test_an_aside_is_kept_whatever_becomes_of_the_rest(cast):
    who = cast.ada.id
    with transactions.separate() as session:
        session.get(Person, who).theme = "dark"
    transactions.rollback()
    assert cast.ada.theme == "dark"


def test_sqlite_keeps_what_it_acknowledged_and_checks_its_references(app):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite needs to be told")
    pragma = lambda name: db.session.connection().exec_driver_sql(f"PRAGMA {name}").scalar()  # noqa: E731
    assert (pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")) == ("wal", 2, 1)


def test_a_lost_race_is_known_from_an_error(app):
    deadlock = type("Deadlock", (Exception,), {"sqlstate": "40P01"})
    assert transactions.lost_a_race(OperationalError("", {}, deadlock()))
    assert transactions.lost_a_race(OperationalError("", {}, Exception(1213, "Deadlock found")))
    assert not transactions.lost_a_race(OperationalError("", {}, Exception("no such table")))


def test_times_come_back_as_they_went_in(cast):
    now = transactions.now()
    ticket = builders.ticket(cast.ada, at=now)
    db.session.expire_all()
    assert ticket.created_at == now and ticket.created_at.tzinfo is not None


# ---- races, over HTTP, as they come


def test_of_two_agents_who_take_a_ticket_at_once_one_wins(app, cast, browse):
    for _round in range(5):
        ticket = builders.ticket(cast.ada)
        agents = [browse(cast.cleo), browse(cast.dan)]
        tokens = [agent.token() for agent in agents]
        number = ticket.id
        codes = at_once(2, lambda i: agents[i].post(f"/tickets/{number}/take", csrf=tokens[i]).status_code)
        assert sorted(codes) == [303, 409]
        taken = db.session.query(Event).filter_by(ticket_id=number, kind="taken").all()
        assert [event.actor for event in taken] == [db.session.get(Ticket, number).assignee]


def test_the_same_ticket_posted_twenty_times_at_once_is_there_once(app, cast, browse):
    browsers, csrf = copies(app, browse(cast.ada), 20)
    form = {"subject": "Printer", "description": "x", "type": "incident", "category": "", "priority": "normal"}
    form["form_token"] = "the same"
    answers = at_once(20, lambda i: browsers[i].post("/tickets/new", form, csrf=csrf))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    for table in (Ticket, Event, Delivery):
        assert db.session.query(table).count() == 1


def test_the_same_reply_posted_twenty_times_at_once_is_there_once(app, cast, browse):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.take, ticket, by=cast.cleo)
    path = f"/tickets/{ticket.id}/reply"
    browsers, csrf = copies(app, browse(cast.ada), 20)
    form = {"body": "Any news?", "form_token": "the same"}
    answers = at_once(20, lambda i: browsers[i].post(path, form, csrf=csrf))
    assert {answer.status_code for answer in answers} == {303}
    assert db.session.query(Message).count() == 1
    assert db.session.query(Delivery).filter_by(mail="requester_reply").count() == 1


def test_different_replies_at_once_are_all_there(app, cast, browse):
    ticket = builders.ticket(cast.ada)
    path = f"/tickets/{ticket.id}/reply"
    browsers, csrf = copies(app, browse(cast.ada), 8)
    form = {"body": "Any news?"}
    answers = at_once(8, lambda i: browsers[i].post(path, form | {"form_token": f"{i}"}, csrf=csrf))
    assert {answer.status_code for answer in answers} == {303}
    assert db.session.query(Message).count() == 8


def test_twenty_tickets_at_once_are_twenty_tickets(app, cast, browse):
    browsers, csrf = copies(app, browse(cast.ada), 20)
    form = {"subject": "Printer", "description": "x", "type": "incident", "category": "", "priority": "normal"}
    answers = at_once(20, lambda i: browsers[i].post("/tickets/new", form | {"form_token": f"{i}"}, csrf=csrf))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 20


def copies(app, browser, number):
    """The same signed-in browser `number` times, each with a client of its own, for threads; and its CSRF token."""
    csrf, cookie = browser.token(), browser.client.get_cookie("desk", domain="localhost")
    found = [Browser(app) for _ in range(number)]
    for one in found:
        one.client.set_cookie("desk", cookie.value, domain="localhost")
    return found, csrf
