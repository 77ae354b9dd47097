"""How often one person does something small, counted coarsely in the memory of each process, without a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from datetime import timedelta

FULL = 10_000  # buckets, before those that nobody needs any more are dropped


class TokenBuckets:
    """One bucket of `most` tokens a key. What is taken flows back evenly within `seconds`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._buckets: dict[Hashable, tuple[float, float, float]] = {}  # tokens taken, as of when, flow back a second

    def take(self, key: Hashable, *, most: float, seconds: float, amount: float = 1) -> timedelta | None:
        """Take `amount` tokens. Returns None if they were there, else how long to wait until they are."""
        now, flow = self._clock(), most / seconds
        with self._lock:
            taken, since, _flow = self._buckets.get(key, (0.0, now, flow))
            taken = max(0.0, taken - (now - since) * flow)
            over = taken + min(amount, most) - most
            if over > 1e-6:
                return timedelta(seconds=over / flow)
            self._buckets[key] = (taken + amount, now, flow)
            if len(self._buckets) > FULL:
                self._drop_unused(now)
        return None

    def _drop_unused(self, now: float) -> None:
        used = {key: (taken, at, flow) for key, (taken, at, flow) in self._buckets.items() if taken > (now - at) * flow}
        self._buckets = used
