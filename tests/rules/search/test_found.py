"""Queries made up at random, held against the plain rule in Python: who finds what, no more and no less."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from sqlalchemy import select

from helpdesk.db import transactions
from helpdesk.query import language
from helpdesk.search import filters, full_text, search
from helpdesk.search.filters import SearchContext
from helpdesk.search_index import indexer, normalize
from helpdesk.tickets import messages, tags, tickets
from models import Message, Ticket, db
from tests.support import builders, queries
from tests.support.builders import act

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
    second_thoughts(cast, made)
    act(tickets.trash, made[4], by=cast.eve)
    act(tickets.add_watcher, made[1], watcher=cast.ada, by=cast.cleo)
    cast.every, cast.watching = made, {(made[1].id, cast.ada.id)}
    cast.known = {agent: search.known_to(cast.cleo if agent else cast.ada) for agent in (True, False)}
    cast.fitting = {}
    return cast


def second_thoughts(cast, made):
    """What was said and does not count any more, a file that only agents see, a ticket that is over."""
    for number, words in ((8, "Zanzibar café"), (9, "Zanzibar"), (6, "Printer café")):
        (builders.note if number == 6 else builders.reply)(made[number], words, by=cast.dan)
    taken_back, corrected, with_file = (
        db.session.scalars(select(Message).where(Message.ticket_id == made[number].id).order_by(Message.id)).all()[-1]
        for number in (8, 9, 6)
    )
    with transactions.writing():
        taken_back.withdrawn_at = NOW
        indexer.rewrite(made[8])
    act(messages.correct, corrected, "paper jam", by=cast.dan)
    builders.file(made[6], message=with_file)
    act(tickets.set_status, made[11], "closed", by=cast.dan, at=NOW)


def document(ticket, agent):
    standing = Message.ticket_id == ticket.id, Message.withdrawn_at.is_(None)
    says_word = db.session.scalars(select(Message).where(*standing)).all()
    texts = [message.body for message in says_word if agent or message.kind == "reply"]
    return normalize.document(ticket.subject, ticket.description, *texts)


def as_list(wanted, asker):
    """What the query finds in Triage."""
    where, whole = search.where(wanted, asker)
    assert whole
    return set(db.session.scalars(select(Ticket.id).where(where)))


def as_results(wanted, asker):
    """What the query finds on the page of results."""
    return {row.id for row in search.run(wanted, asker).rows}


@pytest.fixture(params=[True, False], ids=["by index", "by reading"])
def ways(request, monkeypatch):
    """The ways to find words: a dozen tickets are read through, unless a few of them count as many already."""
    for name, value in (("FEW", 2), ("SAMPLE", 3), ("COMMON", 3)) if request.param else ():
        monkeypatch.setattr(full_text, name, value)


def check(desk, asked, find):
    """What this person finds is what the plain rule says, ticket by ticket."""
    name, typed = asked
    asker = SearchContext(getattr(desk, name), ZoneInfo("Asia/Tokyo"), NOW)
    wanted = language.parse(typed, desk.known[asker.person.is_agent])
    expected = seen_by(desk, asker.person)
    for part in (*normalize.together(wanted.terms), *wanted.filters):
        expected = expected & fitting(desk, part, asker)
    assert find(wanted, asker) == expected


def seen_by(desk, person):
    """Those that a list may show: theirs or watched by them, for agents all, and not in the trash."""
    return {
        one.id
        for one in desk.every
        if one.trashed_at is None
        and (person.is_agent or one.requester_id == person.id or (one.id, person.id) in desk.watching)
    }


def fitting(desk, part, asker):
    """The tickets for which one word or filter holds. Remembered, since asking for each ticket takes its time."""
    key = part, asker.person.id
    if key not in desk.fitting:
        holds = says_word if isinstance(part, normalize.Term) else filters.holds
        desk.fitting[key] = {one.id for one in desk.every if holds(part, asker, one)}
    return desk.fitting[key]


def says_word(term, asker, ticket):
    return full_text.holds(term, document(ticket, asker.person.is_agent))


@pytest.mark.parametrize("find", [as_list, as_results])
@given(queries.asked(queries.filters))
@queries.share(0.15)
def test_filters_find_exactly_what_the_plain_rule_says(desk, find, asked):
    check(desk, asked, find)


@pytest.mark.parametrize("find", [as_list, as_results])
@given(queries.asked(queries.words))
@queries.share(0.15)
def test_words_and_filters_find_exactly_what_the_plain_rule_says(desk, ways, find, asked):
    check(desk, asked, find)


def test_the_rules_in_sql_and_python_are_not_empty_talk(desk):
    """Each field finds something and leaves something out."""
    asker = SearchContext(desk.cleo, ZoneInfo("UTC"), NOW)
    for typed in ("status:open", "assignee:cleo", "category:hardware", "priority:low", "requester:ada", "is:active"):
        wanted = language.parse(typed, search.known_to(desk.cleo))
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
        wanted = language.parse(typed, search.known_to(desk.cleo))
        assert 0 < search.run(wanted, asker).total < 11, typed


def test_a_file_on_a_note_tells_a_requester_nothing(desk):
    quiet = builders.ticket(desk.ada, "Quiet one")
    builders.note(quiet, "see the picture", by=desk.cleo)
    note = db.session.scalars(select(Message).where(Message.ticket_id == quiet.id)).one()
    builders.file(quiet, message=note)
    asked = {who: language.parse("quiet has:file", search.known_to(getattr(desk, who))) for who in ("ada", "cleo")}
    found = {
        who: search.run(asked[who], SearchContext(getattr(desk, who), ZoneInfo("UTC"), NOW)).total for who in asked
    }
    assert found == {"ada": 0, "cleo": 1}


def test_a_time_that_a_note_has_moved_tells_a_requester_nothing(desk):
    quiet = builders.ticket(desk.ada, "Quiet one", "x", at=NOW - timedelta(days=300))
    typed = language.parse("updated:<1d", search.known_to(desk.ada))
    before = {row.id for row in search.run(typed, SearchContext(desk.ada, ZoneInfo("UTC"), transactions.now())).rows}
    builders.note(quiet, "secret", by=desk.cleo)
    after = {row.id for row in search.run(typed, SearchContext(desk.ada, ZoneInfo("UTC"), transactions.now())).rows}
    assert before == after and quiet.id not in after
