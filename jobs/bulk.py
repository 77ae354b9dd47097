"""Changes of many tickets at once, a part at a time."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError

from helpdesk import bulk, store


def work() -> bool:
    """One part, in a transaction of its own. Returns whether there may be more."""
    try:
        with store.writing():
            return bulk.work()
    except DBAPIError as error:
        if not store.lost_a_race(error):
            raise
        return True  # Somebody changed one of these tickets at the same moment: the part is done again.


def forget() -> None:
    with store.writing():
        bulk.sweep()
