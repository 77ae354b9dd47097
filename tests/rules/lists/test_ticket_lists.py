"""Lists of tickets: what is in a view, how it is sorted, that paging meets each ticket once, and the counts."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from helpdesk.db import transactions
from helpdesk.lists import sorting, ticket_lists
from helpdesk.lists.saved_views import STANDING
from helpdesk.notifications import read_marks
from helpdesk.reports import dashboard
from helpdesk.tickets import tickets
from models import Ticket, db
from tests.support import builders
from tests.support.builders import act


def counts(reader):
    return ticket_lists.counts(reader, STANDING)


NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@pytest.fixture
def many(cast, monkeypatch):
    """Twenty-three tickets of Ada's, in pages of five, many of them alike in whatever they are sorted by."""
    monkeypatch.setattr(ticket_lists, "PAGE", 5)
    with transactions.writing():
        for number in range(23):
            at = NOW - timedelta(hours=number // 4)
            made = tickets.raise_ticket(by=cast.ada, subject=f"Ticket {number}", description="x", at=at)
            made.priority = number % 2 + 1
    return [ticket.id for ticket in db.session.query(Ticket)]


LISTS = {
    sort: lambda who, cursor, sort=sort: ticket_lists.listing("all", who, sort=sort, cursor=cursor)
    for sort in sorting.SORTS
}
LISTS |= {
    f"search, {sort}": lambda who, cursor, sort=sort: ticket_lists.found(
        Ticket.status == "new", who, sort=sort, cursor=cursor
    )
    for sort in sorting.SORTS
}
LISTS["my tickets"] = lambda who, cursor: ticket_lists.own(who, finished=False, cursor=cursor)


@pytest.mark.parametrize("name", LISTS)
def test_paging_meets_each_ticket_once_forwards_and_backwards(many, cast, name):
    who = cast.ada if name == "my tickets" else cast.cleo
    forwards, page = [], LISTS[name](who, "")
    assert page.newer is None
    while True:
        forwards.append([row.id for row in page.rows])
        if page.older is None:
            break
        page = LISTS[name](who, page.older)
    assert sorted(sum(forwards, [])) == sorted(many)
    backwards = [[row.id for row in page.rows]]
    while page.newer is not None:
        page = LISTS[name](who, page.newer)
        backwards.append([row.id for row in page.rows])
    assert backwards == forwards[::-1]


ORDERS = {
    "activity": (lambda row: (row.activity_at, row.id), True),
    "quiet": (lambda row: (row.activity_at, row.id), False),
    "newest": (lambda row: (row.created_at, row.id), True),
    "age": (lambda row: (row.created_at, row.id), False),
    "priority": (lambda row: (row.priority, row.activity_at, row.id), True),
    "lowest": (lambda row: (row.priority, row.activity_at, row.id), False),
}


@pytest.mark.parametrize("sort", sorting.SORTS)
def test_each_sort_is_in_its_order_in_a_view_and_in_a_search(many, cast, monkeypatch, sort):
    monkeypatch.setattr(ticket_lists, "PAGE", 50)
    by, descending = ORDERS[sort]
    search = ticket_lists.found(Ticket.status == "new", cast.cleo, sort=sort)
    for page in (
        ticket_lists.listing("all", cast.cleo, sort=sort),
        ticket_lists.listing("new", cast.cleo, sort=sort),
        search,
    ):
        assert [row.id for row in page.rows] == [row.id for row in sorted(page.rows, key=by, reverse=descending)]
        assert len(page.rows) == 23


BROKEN = [
    "x",
    "older",
    "older~",
    "older~x~1",
    "older~2026-11-20T12:00:00~1",
    "older~2026-11-20T12:00:00+00:00~-1",
    "older~2026-11-20T12:00:00+00:00~99999999999999999999",
    "older~2026-11-20T12:00:00+00:00~" + "9" * 5000,
    "older~0001-01-01T00:00:00+14:00~1",
    "older~9999-12-31T23:59:59-14:00~1",
    "sideways~2026-11-20T12:00:00+00:00~1",
    "older~2026-11-20T12:00:00+00:00~1~1",
    "older~\x00~1",
    "older~1990-01-01T00:00:00+00:00~1",
]


@pytest.mark.parametrize("cursor", BROKEN)
def test_a_broken_cursor_and_one_beyond_the_end_start_over(many, cast, cursor):
    first = [row.id for row in ticket_lists.listing("all", cast.cleo).rows]
    assert [row.id for row in ticket_lists.listing("all", cast.cleo, cursor=cursor).rows] == first


@pytest.mark.parametrize("priority", ["5", "2147483647", "0", "-1"])
def test_a_cursor_made_up_with_a_priority_that_no_ticket_has_starts_over(many, cast, priority):
    cursor = f"older~{priority}~2026-11-20T12:00:00+00:00~1"
    assert sorting.SORTS["priority"].read(cursor) == (False, [])
    first = [row.id for row in ticket_lists.listing("all", cast.cleo, sort="priority").rows]
    assert [row.id for row in ticket_lists.listing("all", cast.cleo, sort="priority", cursor=cursor).rows] == first


def test_each_view_holds_what_its_name_says(cast):
    made = {status: builders.ticket(cast.ada) for status in ("new", "open", "pending", "resolved", "closed", "trash")}
    for status in ("open", "pending", "resolved", "closed"):
        act(tickets.set_status, made[status], status, by=cast.cleo, reason="a part")
    act(tickets.assign, made["pending"], to=cast.cleo, by=cast.dan)
    act(tickets.trash, made["trash"], by=cast.eve)
    in_view = {view: {row.id for row in ticket_lists.listing(view, cast.cleo).rows} for view in STANDING}
    for status in ("new", "open", "pending", "resolved", "closed"):
        assert in_view[status] == {made[status].id}
    assert in_view["unassigned"] == {made["new"].id, made["open"].id}
    assert in_view["mine"] == {made["pending"].id}
    assert len(in_view["all"]) == 5
    assert counts(cast.cleo) == {view: len(ids) for view, ids in in_view.items()}


def test_counts_stop_at_their_cap(many, cast, monkeypatch):
    monkeypatch.setattr(ticket_lists, "COUNT_CAP", 10)
    assert counts(cast.cleo)["new"] == 10


def test_a_list_takes_one_query_and_its_counts_one(many, cast):
    who, asked = cast.cleo, []
    who.id, who.is_active, who.is_agent
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    ticket_lists.listing("all", who)
    counts(who)
    assert len([sql for sql in asked if sql.startswith("SELECT")]) == 2


def test_a_ticket_is_unread_until_it_is_opened_and_again_after_an_answer(cast):
    ticket = builders.ticket(cast.ada)
    seen = lambda who=cast.ada: ticket_lists.own(who, finished=False).rows[0].unread  # noqa: E731
    assert seen()
    read_marks.mark_read(cast.ada.id, ticket.id, ticket.public_activity_at)
    assert not seen()
    builders.note(ticket, by=cast.cleo)
    assert not seen()
    builders.reply(ticket, by=cast.cleo)
    assert seen()


def test_a_read_mark_never_moves_back(cast):
    ticket = builders.ticket(cast.ada)
    read_marks.mark_read(cast.ada.id, ticket.id, NOW)
    read_marks.mark_read(cast.ada.id, ticket.id, NOW - timedelta(days=1))
    assert db.session.get(read_marks.ReadMark, (cast.ada.id, ticket.id)).seen_at == NOW


def test_my_tickets_holds_those_asked_for_and_watched_by_their_state(cast):
    own, watched, other = builders.ticket(cast.ada), builders.ticket(cast.ben), builders.ticket(cast.ben)
    act(tickets.add_watcher, watched, watcher=cast.ada, by=cast.cleo)
    assert {row.id for row in ticket_lists.own(cast.ada, finished=False).rows} == {own.id, watched.id}
    act(tickets.solve, own, by=cast.ada)
    assert {row.id for row in ticket_lists.own(cast.ada, finished=True).rows} == {own.id}
    assert other.id in {row.id for row in ticket_lists.own(cast.ben, finished=False).rows}


# ---- figures


def test_the_figures_count_what_came_and_went_by_the_readers_day(cast):
    late = datetime(2026, 11, 19, 23, 30, tzinfo=timezone.utc)
    ticket = builders.ticket(cast.ada, at=late)
    act(tickets.set_status, ticket, "resolved", by=cast.cleo, at=NOW)
    in_utc = dashboard.figures(cast.cleo, ZoneInfo("UTC"), at=NOW).days
    assert len(in_utc) == 30 and in_utc[-1].day == NOW.date()
    assert [(day.came, day.went) for day in in_utc[-2:]] == [(1, 0), (0, 1)]
    in_lagos = dashboard.figures(cast.cleo, ZoneInfo("Africa/Lagos"), at=NOW).days
    assert [(day.came, day.went) for day in in_lagos[-2:]] == [(0, 0), (1, 1)]


def test_the_figures_name_what_has_waited_longest(cast):
    category = builders.category()
    first = builders.ticket(cast.ada, at=NOW - timedelta(days=2), priority="high", category=category)
    builders.ticket(cast.ada, at=NOW - timedelta(days=1))
    act(tickets.take, first, by=cast.cleo)
    shown = dashboard.figures(cast.cleo, ZoneInfo("UTC"), at=NOW)
    assert (shown.new, shown.unassigned, shown.mine) == (1, 1, 1)
    assert shown.waiting.id == first.id and shown.oldest_new.id != first.id
    assert sorted(shown.by_category, key=str) == [("Hardware", 1), (None, 1)]
    assert shown.by_priority == ((3, 1), (2, 1))


def test_the_figures_of_an_empty_desk_are_naught(cast):
    shown = dashboard.figures(cast.cleo, ZoneInfo("UTC"))
    assert (shown.new, shown.waiting, shown.by_category) == (0, None, ())


def test_agents_who_arranged_their_views_otherwise_ask_the_same_query(cast):
    builders.ticket(cast.ada)
    before, kept = counts(cast.cleo), ticket_lists._counting.cache_info().currsize
    assert ticket_lists.counts(cast.cleo, reversed(STANDING)) == before
    assert ticket_lists._counting.cache_info().currsize == kept
