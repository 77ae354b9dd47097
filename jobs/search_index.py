"""After an upgrade that looks for words in another way: all tickets indexed anew, beside everything else."""

from __future__ import annotations

import logging
import time

from sqlalchemy.exc import DBAPIError

from helpdesk.db import transactions
from helpdesk.search_index import reindexing

log = logging.getLogger("desk.search")
# The part of its time for which it rests, so that others come to write, and at most so many seconds at once.
REST, LONGEST_REST = 0.5, 1.0


def index_anew() -> bool:
    """One part. Returns whether there is more to do."""
    began = time.monotonic()
    try:
        done = reindexing.step()
    except DBAPIError as error:
        if transactions.lost_a_race(error):
            return True
        raise
    if done is None:
        return False
    if done == 0 and (count := reindexing.waiting()):
        log.info("tickets to be indexed anew for search: %d", count)
    time.sleep(min(LONGEST_REST, REST * (time.monotonic() - began)))
    return True
