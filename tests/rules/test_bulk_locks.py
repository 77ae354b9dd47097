"""What a change of many tickets keeps others from doing meanwhile."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from helpdesk import bulk, store
from models import Person, Ticket, db
from tests.builders import ticket


def test_whoever_changes_many_tickets_locks_them_and_not_their_people(cast):
    wait = {"mysql": "SET innodb_lock_wait_timeout = 1", "postgresql": "SET lock_timeout = '1s'"}
    if db.engine.dialect.name not in wait:
        pytest.skip("SQLite has one writer at a time, so there are no locks on rows")
    ada, four = cast.ada.id, [ticket(cast.ada).id for _number in range(4)]
    with store.writing():
        bulk._locked(four, db.session.get(Person, cast.cleo.id))
        with db.engine.connect() as other:
            other.exec_driver_sql(wait[db.engine.dialect.name])
            renamed = other.execute(update(Person).where(Person.id == ada).values(name="Ada"))
            assert renamed.rowcount == 1
            with pytest.raises(DBAPIError):
                other.execute(update(Ticket).where(Ticket.id == four[0]).values(priority=1))
