"""Queries made up at random, held against the plain rule in Python: who finds what, no more and no less."""

import os
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from helpdesk import conditions, folding, hits, query, search, store, tags, tickets
from helpdesk.conditions import Asker
from models import Message, Ticket, db
from tests import builders, queries
from tests.builders import act

EXAMPLES = settings(
    max_examples=int(os.environ.get("GENERATED_QUERIES", "500")),
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NOW = datetime(2026, 3, 15, 12, tzinfo=timezone.utc)


@pytest.fixture
def desk(cast):
    """A dozen tickets that differ in all that a query can ask for."""
    filed = [builders.category(name, position=i) for i, name in enumerate(queries.CATEGORIES)] + [None]
    for number in range(12):
        made = builders.ticket(
            (cast.ada, cast.ben, cast.cleo)[number % 3],
            ("Printer broken", "PC and 打印机", "100 % café_au_lait")[number % 3],
            ("paper jam", "printed it all", "jam of paper")[number // 3 % 3],
            category=filed[number % 4],
            priority=queries.PRIORITIES[number // 2 % 4],
            at=NOW - timedelta(days=number * 9, hours=number),
        )
        if number % 2:
            act(tickets.assign, made, to=(cast.cleo, cast.dan)[number // 2 % 2], by=cast.eve, at=NOW)
        if number % 3 == 1:
            builders.note(made, "zanzibar", by=cast.dan)
        if number % 4 == 2:
            builders.reply(made, "Café closed", by=cast.dan)
        if number % 4 == 1:
            builders.file(made)
        if number % 5 == 2:
            act(tags.set_tags, made, ["VPN", "new starter"][: number % 3], by=cast.cleo)
        if number in (5, 6):
            act(tickets.set_status, made, ("pending", "resolved")[number % 2], reason="a part", by=cast.dan)
    made = list(db.session.scalars(select(Ticket).order_by(Ticket.id)))
    act(tickets.trash, made[4], by=cast.eve)
    act(tickets.add_watcher, made[1], watcher=cast.ada, by=cast.cleo)
    cast.every, cast.watching = made, {(made[1].id, cast.ada.id)}
    cast.documents = {(one.id, agent): document(one, agent) for one in made for agent in (True, False)}
    return cast


def document(ticket, agent):
    said = db.session.scalars(select(Message).where(Message.ticket_id == ticket.id)).all()
    texts = [message.body for message in said if agent or message.kind == "reply"]
    return folding.document(ticket.subject, ticket.description, *texts)


def check(desk, name, typed):
    """What this person finds is what the Python rule says, ticket by ticket."""
    asker = Asker(getattr(desk, name), ZoneInfo("Asia/Tokyo"), NOW)
    wanted = query.parse(typed, search.known_to(asker.person))
    where, all_of_them = search.where(wanted, asker)
    assert all_of_them
    found = set(db.session.scalars(select(Ticket.id).where(where)))
    assert found == {ticket.id for ticket in desk.every if holds(desk, wanted, asker, ticket)}
    assert {row.id for row in search.run(wanted, asker).rows} == found


def holds(desk, wanted, asker, ticket):
    """The rule, ticket by ticket: seen, not in the trash, all filters, all words."""
    agent = asker.person.role != "user"
    seen = agent or ticket.requester_id == asker.person.id or (ticket.id, asker.person.id) in desk.watching
    if not seen or ticket.trashed_at is not None:
        return False
    words = all(hits.holds(term, desk.documents[ticket.id, agent]) for term in wanted.terms)
    return words and all(conditions.holds(part, asker, ticket) for part in wanted.filters)


PEOPLE = some.sampled_from(["ada", "ben", "cleo", "eve"])


@given(PEOPLE, queries.filter_queries)
@EXAMPLES
def test_filters_find_exactly_what_the_plain_rule_says(desk, name, typed):
    check(desk, name, typed)


@given(PEOPLE, queries.queries)
@EXAMPLES
def test_words_and_filters_find_exactly_what_the_plain_rule_says(desk, name, typed):
    check(desk, name, typed)


def test_the_rules_in_sql_and_python_are_not_empty_talk(desk):
    """Each field finds something and leaves something out."""
    asker = Asker(desk.cleo, ZoneInfo("UTC"), NOW)
    for typed in ("status:open", "assignee:cleo", "category:hardware", "priority:low", "requester:ada", "is:active"):
        wanted = query.parse(typed, search.known_to(desk.cleo))
        assert 0 < search.run(wanted, asker).total < 11, typed
    for typed in (
        "has:note",
        "has:reply",
        "has:file",
        "tag:vpn",
        "-tag:vpn",
        "created:<30d",
        "updated:2026-03-15",
        "printer",
        "zanzibar",
        "-jam",
    ):
        wanted = query.parse(typed, search.known_to(desk.cleo))
        assert 0 < search.run(wanted, asker).total < 11, typed


@given(some.sampled_from(["cleo", "eve"]), some.sampled_from(["tag:vpn", "-tag:VPN is:active", 'tag:"new  starter",x']))
@EXAMPLES
def test_tags_find_what_bears_them(desk, name, typed):
    check(desk, name, typed)


def test_a_file_on_a_note_tells_a_requester_nothing(desk):
    quiet = builders.ticket(desk.ada, "Quiet one")
    builders.note(quiet, "see the picture", by=desk.cleo)
    note = db.session.scalars(select(Message).where(Message.ticket_id == quiet.id)).one()
    builders.file(quiet, message=note)
    asked = {who: query.parse("quiet has:file", search.known_to(getattr(desk, who))) for who in ("ada", "cleo")}
    found = {who: search.run(asked[who], Asker(getattr(desk, who), ZoneInfo("UTC"), NOW)).total for who in asked}
    assert found == {"ada": 0, "cleo": 1}


def test_a_time_that_a_note_has_moved_tells_a_requester_nothing(desk):
    quiet = builders.ticket(desk.ada, "Quiet one", "x", at=NOW - timedelta(days=300))
    typed = query.parse("updated:<1d", search.known_to(desk.ada))
    before = {row.id for row in search.run(typed, Asker(desk.ada, ZoneInfo("UTC"), store.now())).rows}
    builders.note(quiet, "secret", by=desk.cleo)
    after = {row.id for row in search.run(typed, Asker(desk.ada, ZoneInfo("UTC"), store.now())).rows}
    assert before == after and quiet.id not in after
