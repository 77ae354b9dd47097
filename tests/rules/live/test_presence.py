"""Who has a ticket open: who is told, for how long, and that the table does not grow."""

from datetime import timedelta

from flask_babel import force_locale

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.live import presence
from helpdesk.tickets import tickets
from jobs import maintenance
from models import Event, Presence, Ticket, db
from tests.support import builders


def here(ticket, person, **more):
    builders.act(presence.here, ticket, person, **{"writing": False} | more)


def present(ticket, reader, **more):
    with force_locale("en"):
        return presence.present_agents(ticket, reader, **more)


def test_agents_on_one_ticket_see_each_other_and_not_themselves(cast):
    ticket, other = builders.ticket(cast.ada), builders.ticket(cast.ada)
    here(ticket, cast.cleo)
    here(ticket, cast.dan, writing=True)
    assert present(ticket, cast.cleo) == ["Dan is writing a reply"]
    assert present(ticket, cast.dan) == ["Cleo is looking"]
    assert present(ticket, cast.eve) == ["Dan is writing a reply", "Cleo is looking"]
    assert present(other, cast.eve) == []


def test_a_page_that_falls_silent_is_gone_within_half_a_minute(cast):
    ticket = builders.ticket(cast.ada)
    here(ticket, cast.cleo)
    beat = timedelta(seconds=10)
    assert present(ticket, cast.dan, at=transactions.now() + beat)
    assert not present(ticket, cast.dan, at=transactions.now() + presence.LASTS)
    assert presence.LASTS + beat < timedelta(seconds=30)


def test_a_page_that_closes_is_gone_at_once(cast):
    ticket = builders.ticket(cast.ada)
    here(ticket, cast.cleo)
    builders.act(presence.gone, ticket, cast.cleo)
    builders.act(presence.gone, ticket, cast.cleo)
    assert present(ticket, cast.dan) == []


def test_two_people_of_one_first_name_are_told_by_their_full_names(cast):
    ticket = builders.ticket(cast.ada)
    twin = builders.act(people.add, "Cleo Young", "young@example.com", role="agent")
    here(ticket, cast.cleo)
    here(ticket, twin)
    assert present(ticket, cast.dan) == ["Cleo Hart is looking", "Cleo Young is looking"]


def test_of_a_crowd_the_first_three_are_named(cast):
    ticket = builders.ticket(cast.ada)
    for number in range(5):
        here(ticket, builders.act(people.add, f"Agent{number} X", f"a{number}@example.com", role="agent"))
    assert present(ticket, cast.dan)[3:] == ["2 more"]


def test_whoever_is_no_agent_any_more_is_not_told_of(cast):
    ticket = builders.ticket(cast.ada)
    here(ticket, cast.cleo)
    here(ticket, cast.dan)
    builders.act(people.set_role, cast.cleo, "user", by=cast.eve)
    builders.act(people.switch_off, cast.dan, by=cast.eve)
    assert present(ticket, cast.eve) == []


def test_there_is_one_row_a_person_and_ticket_and_the_worker_sweeps_it(cast):
    ticket = builders.ticket(cast.ada)
    before = transactions.now() - timedelta(minutes=2)
    for _ in range(3):
        here(ticket, cast.cleo, at=before)
    here(ticket, cast.dan)
    assert db.session.query(Presence).count() == 2
    maintenance.forget_presence()
    assert [row.person_id for row in db.session.query(Presence)] == [cast.dan.id]


def test_presence_is_no_event_and_touches_no_ticket(cast):
    ticket = builders.ticket(cast.ada)
    before = db.session.query(Event).count(), db.session.get(Ticket, ticket.id).activity_at
    here(ticket, cast.cleo, writing=True)
    builders.act(presence.gone, ticket, cast.cleo)
    assert (db.session.query(Event).count(), db.session.get(Ticket, ticket.id).activity_at) == before


def test_a_ticket_that_somebody_has_open_can_be_removed_for_good(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.trash, ticket, by=cast.eve)
    here(ticket, cast.eve)
    builders.act(tickets.purge, ticket, by=cast.eve)
    assert db.session.query(Presence).count() == 0


def test_the_watch_tells_who_came_began_to_write_and_fell_silent_and_nothing_else(cast):
    ticket, watch = builders.ticket(cast.ada), presence.Watch()
    assert watch.changed() == set()
    here(ticket, cast.cleo)
    assert watch.changed() == {ticket.id}
    here(ticket, cast.cleo)
    assert watch.changed() == set()
    here(ticket, cast.cleo, writing=True)
    assert watch.changed() == {ticket.id}
    assert watch.changed(at=transactions.now() + presence.LASTS) == {ticket.id}
    assert watch.known == set()
