"""Changes of many tickets at once, a part at a time."""

from __future__ import annotations

import logging

from sqlalchemy.exc import DBAPIError

from helpdesk import bulk, store

log = logging.getLogger("desk.bulk")


def work() -> bool:
    """One part of the first job, in a transaction of its own. Returns whether there may be more."""
    number = bulk.due()
    if number is None:
        return False
    try:
        with store.writing():
            bulk.work(number)
    except DBAPIError as error:
        # Somebody changed one of these tickets at the same moment: the part is done again.
        if not store.lost_a_race(error):
            raise
    except Exception:
        log.exception("bulk change %s cannot go on", number)
        with store.writing():
            bulk.give_up(number)
    return True


def forget() -> None:
    with store.writing():
        bulk.sweep()
