"""Changes of many tickets at once, a part at a time."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from helpdesk.bulk import jobs
from helpdesk.db import transactions

log = logging.getLogger("desk.bulk")

# A value that a column or a rule of the table does not take. PyMySQL reports it as it does a server that is away.
_MYSQL_REFUSES = {1366, 3819, 4025}


def work() -> bool:
    """One part of the first job, in a transaction of its own. Returns whether there may be more for this worker."""
    number = jobs.due()
    if number is None:
        return False
    try:
        with transactions.writing():
            return jobs.work(number)
    except Exception as error:
        # Somebody changed one of these tickets at the same moment: the part is done again.
        if isinstance(error, DBAPIError) and transactions.lost_a_race(error):
            return True
        if _is_away(error):
            raise
        log.exception("bulk change %s cannot go on", number)
        with transactions.writing():
            jobs.give_up(number)
    return True


def _is_away(error: Exception) -> bool:
    """Whether it is the database that does not work now, and not what the job asks of it."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return not (error.orig is not None and error.orig.args and error.orig.args[0] in _MYSQL_REFUSES)


def forget() -> None:
    with transactions.writing():
        jobs.sweep()
