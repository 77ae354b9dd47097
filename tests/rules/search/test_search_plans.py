"""How the databases go about each kind of search, by their own account: none may read the whole table of tickets."""

import json
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, select, text

from helpdesk.db import transactions
from helpdesk.lists import ticket_lists
from helpdesk.query import language
from helpdesk.search import filters, full_text, search, snippets
from helpdesk.search.filters import SearchContext
from helpdesk.search_index import indexer
from models import Ticket, db
from tests.support import builders

MANY = 3000
NOW = datetime(2026, 3, 15, 12, tzinfo=timezone.utc)
SEARCHES = (
    "wombat",
    "printer",
    "printer wombat",
    "printer paper",
    '"paper jam"',
    "printer -jam",
    "printer status:open",
    "printer status:open,new priority:high created:<60d",
    "status:open",
    "status:open,pending category:hardware",
    "category:hardware",
    "category:none",
    "assignee:me",
    "assignee:nobody is:active",
    "requester:ada",
    "created:2025-10",
    "updated:>300d",
    "priority:urgent status:new",
    "has:note",
)


@pytest.fixture
def big(cast, monkeypatch):
    """A desk of three thousand tickets, for which a few hundred are many."""
    for name, value in (("MOST", 50), ("FEW", 50), ("SAMPLE", 100), ("DEEP", 200), ("WINDOWS", (100, 500))):
        monkeypatch.setattr(full_text, name, value)
    monkeypatch.setattr(full_text, "IN_TRASH", 10)
    filed = builders.category().id
    with transactions.writing():
        db.session.execute(insert(Ticket), [row(number, cast, filed) for number in range(MANY)])
        indexer.index_new(map(tuple, db.session.execute(select(Ticket.id, Ticket.subject, Ticket.description))))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in {"postgresql": ["ANALYZE"], "mysql": ["ANALYZE TABLE tickets, search_texts"]}.get(
            db.engine.dialect.name, ()
        ):
            connection.execute(text(statement))
    return cast


def row(number, cast, filed):
    at = NOW - timedelta(hours=3 * number)
    status = "new open pending resolved".split()[number % 16] if number % 16 < 4 else "closed"
    return {
        "subject": f"Case {number}",
        "description": ("wombat " if number in (700, 1400) else "")
        + ("printer paper jam" if number % 3 else "scanner"),
        "status": status,
        "priority": 1 + number % 4,
        "category_id": filed if number % 10 == 0 else None,
        "requester_id": (cast.mel if number % 100 else cast.ada).id,
        "raised_by_id": cast.cleo.id,
        "assignee_id": cast.cleo.id if number % 50 == 0 else cast.dan.id,
        "created_at": at,
        "activity_at": at,
        "public_activity_at": at,
    }


@pytest.mark.parametrize("who", ["cleo", "ada"])
def test_no_search_reads_the_whole_table(big, who):
    asker = SearchContext(getattr(big, who), ZoneInfo("UTC"), NOW)
    for typed in SEARCHES:
        wanted = language.parse(
            typed if who == "cleo" else typed.replace("note", "reply"), search.known_to(asker.person)
        )
        plans = explained(lambda: whole_page(wanted, asker))
        assert plans
        for statement, plan in plans:
            assert not whole_tables(plan), f"{typed}\n{statement}\n{plan}"


def test_a_rare_word_goes_by_the_index_of_words_also_once_postgresql_plans_for_any_word(big):
    """psycopg prepares what it has sent five times, and the server then keeps one plan for whatever is looked for."""
    if db.engine.dialect.name != "postgresql":
        pytest.skip("only PostgreSQL keeps a plan for values that it does not know")
    asker = SearchContext(big.cleo, ZoneInfo("UTC"), NOW)
    queries = asked(lambda: full_text.find(language.parse("wombat", search.known_to(big.cleo)), asker))
    plan = generic_plan(*queries[-1])
    assert "ix_search_texts_words" in [node.get("Index Name") for node in nodes(plan)], list(nodes(plan))


def generic_plan(statement, parameters):
    connection = db.session.connection()
    for setting in ("plan_cache_mode = force_generic_plan", "enable_seqscan = off"):
        connection.exec_driver_sql(f"SET LOCAL {setting}")
    places = {name: f"${place}" for place, name in enumerate(parameters, 1)}
    values = ", ".join("'" + str(value).replace("'", "''") + "'" for value in parameters.values())
    connection.exec_driver_sql(f"PREPARE any_word AS {statement % places}")
    found = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE any_word ({values})").scalar()
    connection.exec_driver_sql("DEALLOCATE any_word")
    return found[0]["Plan"]


@pytest.mark.parametrize("who", ["cleo", "ada"])
def test_a_name_is_looked_up_in_the_index_of_names(big, who):
    asker = SearchContext(getattr(big, who), ZoneInfo("UTC"), NOW)
    for look_up in (lambda: filters.called("ada", asker), lambda: filters.people_named("ada", 8)):
        [(statement, plan)] = explained(look_up, of="name_keys")
        assert "ix_name_keys_is_address_key_person_id" in str(plan), f"{statement}\n{plan}"


def test_the_test_itself_sees_a_scan(big):
    plans = explained(lambda: db.session.execute(select(Ticket.id).where(Ticket.description.like("%x%"))).all())
    assert any(whole_tables(plan) for _statement, plan in plans)


def whole_page(wanted, asker):
    results = search.run(wanted, asker)
    snippets.of([row.id for row in results.rows], wanted, asker.person)
    where, _all = search.where(wanted, asker)
    search.count(where)
    ticket_lists.found(where, asker.person)


def asked(function, of="tickets"):
    """The queries of a table that the function asks, with their parameters."""
    found = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if of in statement and statement.lstrip().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        function()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return found


def explained(function, of="tickets"):
    """What the database says about each query that the function asks."""
    queries, connection = asked(function, of), db.session.connection()
    # On so small a table a scan may be the fastest; what counts is that there is another way, which it will take later.
    for setting in {
        "postgresql": ["SET LOCAL enable_seqscan = off"],
        "mysql": ["SET SESSION max_seeks_for_key = 1"],
    }.get(db.engine.dialect.name, ()):
        connection.exec_driver_sql(setting)
    how = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN (FORMAT JSON) "}.get(
        db.engine.dialect.name, "EXPLAIN "
    )
    return [(s, [tuple(line) for line in connection.exec_driver_sql(how + s, p)]) for s, p in queries]


def whole_tables(plan):
    """Steps that read tickets or their documents from end to end."""
    big_ones = ("tickets", "search_texts")
    if db.engine.dialect.name == "sqlite":
        return [
            step
            for *_ids, step in plan
            if step.startswith(tuple(f"SCAN {one}" for one in big_ones)) and "INDEX" not in step
        ]
    if db.engine.dialect.name == "mysql":
        return [line for line in plan if line[2] in big_ones and line[3] == "ALL"]
    found = plan[0][0]
    return [
        node
        for node in nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
        if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in big_ones
    ]


def nodes(node):
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)
