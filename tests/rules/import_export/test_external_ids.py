"""The ids and the people of exported tickets: whole on the way back, at home, on another desk, after somebody left."""

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.import_export import exporter, external_ids
from helpdesk.lists import ticket_lists
from helpdesk.tickets import tickets
from models import DeskFact, Ticket, db
from tests.support import builders
from tests.support.builders import act


@pytest.fixture
def exported(cast):
    """Every ticket as CSV. A desk without its name is as good as another one: it makes a new one."""

    def exported(on_another_desk=False):
        if on_another_desk:
            with transactions.writing():
                db.session.query(DeskFact).delete()
        rows = exporter.rows(cast.cleo.id, ticket_lists.in_view("all", cast.cleo))
        return b"".join(exporter.pieces("csv", rows))

    return exported


def remove_all():
    with transactions.writing():
        db.session.query(Ticket).delete()


def test_an_export_read_in_by_its_own_desk_doubles_no_ticket(cast, exported, load):
    builders.ticket(cast.ada), act(tickets.trash, builders.ticket(cast.ada), by=cast.eve)
    outcome = load(exported())
    assert (outcome.added, outcome.known, db.session.query(Ticket).count()) == (0, 1, 2)


def test_a_ticket_that_is_gone_comes_back_from_the_export_and_is_known_from_then_on(cast, exported, load):
    gone = builders.ticket(cast.ada, subject="Gone")
    builders.ticket(cast.ada)
    content = exported()
    act(tickets.trash, gone, by=cast.eve), act(tickets.purge, gone, by=cast.eve)
    assert [load(content).added, load(content).added, load(exported()).added] == [1, 0, 0]


def test_exports_of_two_desks_both_go_into_a_third(cast, exported, load):
    first = builders.ticket(cast.ada, subject="From the first desk").id
    one = exported()
    other = exported(on_another_desk=True).replace(b"first desk", b"other desk")
    remove_all()
    exported(on_another_desk=True)
    assert (load(one).added, load(other).added) == (1, 1)
    found = db.session.query(Ticket).order_by(Ticket.id).all()
    assert [ticket.subject for ticket in found] == ["From the first desk", "From the other desk"]
    assert {ticket.external_id.rpartition("-")[2] for ticket in found} == {str(first)}


def test_no_id_of_another_system_is_taken_for_one_of_ours(cast, exported, load):
    number = builders.ticket(cast.ada).id
    desk = external_ids.name()
    ids = [f"ticket-{number}", f"desk-{desk}-0{number}", f"desk-{desk}-{number}x", f"desk-{desk}x-{number}"]
    lines = [f"{one},Subject,Text," for one in ids]
    assert load("\n".join(["external_id,subject,description,category", *lines]).encode()).added == 4
    assert len({line.split(b",")[1] for line in exported().splitlines()}) == 6, "a heading, and five of their own"


def test_a_finished_ticket_keeps_its_assignee_who_is_no_agent_any_more(cast, exported, load):
    for agent, status in ((cast.dan, "closed"), (cast.cleo, "resolved")):
        done = builders.ticket(cast.ada)
        act(tickets.assign, done, to=agent, by=cast.eve), act(tickets.set_status, done, status, by=cast.eve)
    content = exported()
    act(people.switch_off, cast.dan, by=cast.eve), act(people.set_role, cast.cleo, "user", by=cast.eve)
    remove_all()
    outcome = load(content)
    assert (outcome.added, outcome.bad, outcome.unassigned) == (2, [], [])
    assert [ticket.assignee.name for ticket in db.session.query(Ticket).order_by(Ticket.id)] == [
        "Dan Ruiz",
        "Cleo Hart",
    ]


def test_an_assignee_nobody_knows_costs_a_finished_ticket_no_more_than_its_assignee(load, cast):
    head = "external_id,subject,description,category,assignee_email,status"
    outcome = load(f"{head}\nA-1,Screen,Dark,,who@example.com,closed\nA-2,Screen,Dark,,who@example.com,open".encode())
    assert (outcome.added, db.session.query(Ticket).one().assignee) == (1, None)
    assert [row.place.line for row in outcome.unassigned] == [2] and "who@example.com" in outcome.unassigned[0].why
    assert [row.place.line for row in outcome.bad] == [3]
