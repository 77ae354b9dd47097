"""No list, count or badge walks a whole table: a desk of thousands of tickets, asked as the pages ask it."""

import re
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from app import create_app
from bench import fill
from helpdesk.lists import sorting, ticket_lists
from helpdesk.lists.saved_views import STANDING
from helpdesk.live import feed, presence
from helpdesk.notifications import inbox
from helpdesk.reports import daily_counts, dashboard
from helpdesk.tickets import sidebar, timeline
from models import Person, Ticket, db
from tests.conftest import SETTINGS
from tests.support.databases import empty_database
from tests.support.rows_read import asked, plan, rows_read

SIZE = 8000
# Signs that a database sorts rows, or reads a table from end to end, where it could follow an index. Tickets raised in
# the very same moment may be put in order: the index of the list of all ends there.
BY_HAND = {
    "sqlite": r"B-TREE FOR ORDER BY|SCAN tickets(?! USING)",
    "postgresql": r"(?<!Incremental )Sort  \(|Seq Scan",
    "mysql": r"filesort|temporary|tickets ALL",
}
# Rows that one query may look at: lists show fifty, and sorting the few hundred of a small view is no walk either.
MOST = 600
# Steps in tens: SQLite needs some twenty for a row of a list with all that is joined to it.
MOST_ON_SQLITE = 1500


@pytest.fixture(scope="module")
def desk():
    with empty_database() as address:
        app = create_app(SETTINGS | {"DATABASE_URL": address})
        fill.fill(app, SIZE)
        with app.app_context():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(daily_counts, "LARGE", 1)
                daily_counts.keep("UTC")
            yield app
            db.session.remove()
            db.engine.dispose()


def agent():
    return db.session.get(Person, 2)


def user():
    return db.session.get(Person, fill.AGENTS + 5)


def listed(view, sort, deep):
    page = ticket_lists.listing(view, agent(), sort=sort)
    for _ in range(3 if deep else 0):
        page = ticket_lists.listing(view, agent(), sort=sort, cursor=page.older or "")
    return page


def own(finished):
    page = ticket_lists.own(user(), finished=finished)
    ticket_lists.own(user(), finished=finished, cursor=page.older or "")


ASKED = {
    f"{view}, {sort}{', deep' if deep else ''}": lambda view=view, sort=sort, deep=deep: listed(view, sort, deep)
    for view in STANDING
    for sort in sorting.SORTS
    for deep in (False, True)
} | {
    "my tickets": lambda: own(False),
    "my finished tickets": lambda: own(True),
    "counts": lambda: ticket_lists.counts(agent(), STANDING),
    "dashboard": lambda: dashboard.figures(agent(), ZoneInfo("UTC")),
    "bell": lambda: inbox.unread(user()),
    "newest news": lambda: inbox.newest_unread(user()),
    "notifications": lambda: inbox.listing(user()),
    "mark": feed.cursor,
    "missed news": lambda: feed.missed(user(), feed.cursor()),
    "timeline": lambda: timeline.timeline(db.session.get(Ticket, SIZE // 2), agent(), 51),
    "around a ticket": lambda: sidebar.load(db.session.get(Ticket, SIZE // 2), agent()),
    "around, for its requester": lambda: sidebar.load(db.session.get(Ticket, SIZE // 2), user()),
    "presence": lambda: presence.present_agents(db.session.get(Ticket, SIZE // 2), agent()),
}


@pytest.mark.parametrize("name", ASKED)
def test_no_query_walks_a_whole_table(desk, monkeypatch, name):
    monkeypatch.setattr(ticket_lists, "COUNT_CAP", 20)
    agent(), user()
    with asked() as queries:
        ASKED[name]()
    assert queries
    most = MOST_ON_SQLITE if db.engine.dialect.name == "sqlite" else MOST
    read = {statement: rows_read(statement, parameters) for statement, parameters in queries}
    assert max(read.values()) <= most, read


@pytest.mark.parametrize("view", STANDING)
@pytest.mark.parametrize("sort", sorting.SORTS)
def test_the_tickets_of_a_page_are_read_off_an_index_in_their_order(desk, view, sort):
    by = sorting.SORTS[sort]
    with asked() as queries:
        for part in ticket_lists.parts(view, agent()):
            for descending in (by.descending, not by.descending):
                db.session.execute(part.first(ticket_lists.PAGE + 1, by.columns, descending=descending)).all()
    plans = [plan(*query) for query in queries if "people" not in query[0]]
    assert plans
    for told in plans:
        assert not re.search(BY_HAND[db.engine.dialect.name], told), told


def test_however_mariadb_draws_its_samples_it_takes_the_index_of_the_list(desk):
    if db.engine.dialect.name != "mysql":
        pytest.skip("only MariaDB chooses the index of a list by samples that it draws now and then")
    for _ in range(30):
        db.session.rollback()
        db.session.execute(text("ANALYZE TABLE tickets")).all()
        with asked() as queries:
            listed("open", "activity", deep=True)
        assert max(rows_read(*query) for query in queries) <= MOST


def test_the_signs_of_sorting_by_hand_are_known(desk):
    for order in (Ticket.subject, Ticket.description):
        with asked() as queries:
            db.session.execute(select(Ticket.id).order_by(order).limit(5)).all()
        assert re.search(BY_HAND[db.engine.dialect.name], plan(*queries[0]))


def test_the_measure_notices_a_query_that_does(desk):
    with asked() as queries:
        db.session.query(Ticket.id).filter(Ticket.description.contains("nowhere")).order_by(Ticket.subject).all()
    most = MOST_ON_SQLITE if db.engine.dialect.name == "sqlite" else MOST
    assert rows_read(*queries[0]) > most
