"""What a change of many tickets keeps others from doing meanwhile, and what it does not hold up."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from jobs import bulk as job_loop
from models import BulkJob, Person, Ticket, db
from tests.rules.bulk.test_bulk import job, states, waiting_job, work_off
from tests.support.builders import act, ticket


def test_whoever_changes_many_tickets_locks_them_and_not_their_people(cast):
    wait = {"mysql": "SET innodb_lock_wait_timeout = 1", "postgresql": "SET lock_timeout = '1s'"}
    if db.engine.dialect.name not in wait:
        pytest.skip("SQLite has one writer at a time, so there are no locks on rows")
    ada, four = cast.ada.id, [ticket(cast.ada).id for _number in range(4)]
    with transactions.writing():
        jobs._locked(four, db.session.get(Person, cast.cleo.id))
        with db.engine.connect() as other:
            other.exec_driver_sql(wait[db.engine.dialect.name])
            renamed = other.execute(update(Person).where(Person.id == ada).values(name="Ada"))
            assert renamed.rowcount == 1
            with pytest.raises(DBAPIError):
                other.execute(update(Ticket).where(Ticket.id == four[0]).values(priority=1))


def test_a_job_that_the_database_refuses_holds_up_no_other_and_says_what_it_left(cast):
    numbers = [ticket(cast.ada).id for _number in range(2)]
    broken = act(waiting_job, numbers, cast.cleo, {"status": "no such status"})
    behind = act(waiting_job, numbers, cast.cleo)
    work_off()
    assert job(broken).state == "cancelled" and set(states(behind).values()) == {"done"}
    assert "The desk could not do this." in jobs.refusals(job(broken))[0].why


def test_a_worker_that_finds_another_at_the_job_rests_instead_of_asking_on_and_on(cast):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, so a second worker waits for its turn")
    number = act(waiting_job, [ticket(cast.ada).id], cast.cleo)
    with db.engine.begin() as other:
        other.execute(select(BulkJob.id).where(BulkJob.id == number).with_for_update())
        assert job_loop.work() is False and set(states(number).values()) == {"waiting"}
    assert job_loop.work() is True and set(states(number).values()) == {"done"}
