"""psycopg's connection with an end to waiting: a server that is frozen still acknowledges what the kernel receives."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import _WaitTimeout


class Connection(psycopg.Connection[Any]):
    """Gives up on a server that says nothing for `answer_seconds`, and is closed then."""

    answer_seconds: float = 5

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        try:
            return super().wait(gen, interval, self.answer_seconds if timeout is None else timeout)
        except _WaitTimeout:
            if timeout is not None:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError("the server does not answer") from None
