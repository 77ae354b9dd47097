"""After the clock was set back by hours, nothing that was dated ahead of it lasts or waits for hours."""

from datetime import timedelta

import pytest

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.limits import rate_limits
from helpdesk.live import feed, presence
from helpdesk.reports import daily_counts
from helpdesk.tickets import messages, tickets, undo
from models import Attempt, BulkJob, DeskFact, Event, Presence, db
from tests.conftest import SETTINGS
from tests.support.builders import act, ticket

BACK = timedelta(hours=3)


@pytest.fixture
def undoable(app, monkeypatch):
    db.engine.update_execution_options(undo_window=timedelta(seconds=10))
    yield
    db.engine.update_execution_options(undo_window=timedelta(seconds=int(SETTINGS["UNDO_SECONDS"])))


def test_whoever_was_locked_out_may_try_again(app):
    now = transactions.now()
    limit = rate_limits.SIGN_IN_PAIR
    for _ in range(limit.most + 1):
        wait = rate_limits.count(limit, "ada", now + BACK)
    assert wait
    assert rate_limits.count(limit, "ada", now) is None
    with transactions.writing():
        rate_limits.sweep(now)
    assert db.session.query(Attempt).count() == 1


def test_machines_whose_clocks_differ_a_little_count_together(app):
    now = transactions.now()
    limit = rate_limits.SIGN_IN_PAIR
    for _ in range(limit.most):
        rate_limits.count(limit, "ada", now + timedelta(seconds=30))
    assert rate_limits.count(limit, "ada", now) is not None


def test_nobody_is_there_for_hours(cast):
    now, made = transactions.now(), ticket(cast.ada)
    act(presence.here, made, cast.cleo, writing=True, at=now + BACK)
    act(presence.here, made, cast.dan, writing=True, at=now)
    with transactions.writing():
        presence.sweep(now)
    assert [row.person_id for row in db.session.query(Presence)] == [cast.dan.id]


def test_an_act_cannot_be_taken_back_for_hours(cast, undoable):
    now, made = transactions.now(), ticket(cast.ada)
    act(tickets.set_priority, made, "high", by=cast.cleo, at=now + BACK)
    event = db.session.query(Event).filter_by(kind="priority_set").one()
    with pytest.raises(Refused, match="too late"):
        act(undo.undo, event, by=cast.cleo, at=now)


def test_what_is_offered_to_be_taken_back_is_what_was_just_done(cast, undoable):
    now, made = transactions.now(), ticket(cast.ada)
    act(messages.reply, made, "Long ago", by=cast.cleo, at=now + BACK)
    act(tickets.set_priority, made, "high", by=cast.cleo, at=now)
    assert undo.offered(made, by=cast.cleo, since=now).kind == "priority_set"


def test_a_bulk_change_of_the_future_is_over_for_undo_too(cast):
    now, made = transactions.now(), ticket(cast.ada)
    days = timedelta(days=30)
    act(jobs.start_with, [made.id], {"priority": "high"}, by=cast.cleo, at=now + days)
    job = db.session.query(BulkJob).one()
    assert not jobs.may_undo(job, cast.cleo, now) and jobs.may_undo(job, cast.cleo, now + days)


def test_the_dashboard_is_counted_anew(cast, monkeypatch):
    monkeypatch.setattr(daily_counts, "LARGE", 1)
    now = transactions.now()
    ticket(cast.ada)
    daily_counts.keep("UTC", now + BACK)
    daily_counts.keep("UTC", now)
    assert db.session.get(DeskFact, daily_counts.FACT).value.startswith(f'{{"at": "{now.isoformat()}"')


def test_live_news_wait_for_no_gap_of_the_future(app):
    now = transactions.now()
    reader = feed.Reader(high=9, gaps={7: now + BACK, 8: now})
    assert reader.read(now)[1].gaps.keys() == {8}
