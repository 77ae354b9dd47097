"""A process asks the queries of its pages before the first page; /readyz says whether it can."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats

from helpdesk.lists import ticket_lists
from helpdesk.operations import warm_up
from models import db
from tests.support import builders


@contextmanager
def compiled_queries(engine):
    """Collects the queries that had to be compiled."""
    found = []

    def note(connection, cursor, statement, parameters, context, many):
        if context.cache_hit is CacheStats.CACHE_MISS:
            found.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("who", ["ada", "cleo", "eve"])
def test_after_the_start_no_list_search_or_ticket_page_compiles_a_query(make_app, cast, browse, who):
    """The other desk has an engine of its own, as a new process has, which has compiled nothing yet."""
    reader, number, other = getattr(cast, who), builders.ticket(cast.ada).id, make_app()
    browser = browse(reader, other)
    # What a requester's search asks depends on which tickets are theirs, so its last query is theirs alone.
    pages = ["/tickets", "/tickets?show=finished", f"/tickets/{number}"]
    pages += ["/triage", "/triage?view=mine", "/search?q=printer"] if reader.is_agent else []
    db.session.rollback()
    with other.app_context():
        assert warm_up.run()
        engine = db.engine
    for page in pages:
        with compiled_queries(engine) as compiled:
            assert browser.get(page).status_code == 200
        assert not [statement for statement in compiled if statement.startswith("SELECT")], page
    engine.dispose()


def test_the_desk_is_ready_where_lists_searches_and_tickets_can_be_read(cast, browse):
    assert browse().get("/readyz").json["status"] == "ready"


def test_the_desk_is_not_ready_where_a_list_cannot_be_read(cast, browse, monkeypatch):
    """An alias that is none: the names of two people are asked for in one table."""
    ticket_lists._listing.cache_clear()
    monkeypatch.setattr(ticket_lists, "aliased", lambda entity: entity)
    answer = browse().get("/readyz")
    ticket_lists._listing.cache_clear()
    assert answer.status_code == 503 and "restart" in answer.json["reason"]
