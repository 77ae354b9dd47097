"""Delayed: how a job says that it cannot go on for a while."""

from __future__ import annotations


class Delayed(Exception):
    """The job is to be asked again after `seconds`. `waits_for` is a name of helpdesk/background.py."""

    def __init__(self, seconds: float, waits_for: str, reason: str = "") -> None:
        super().__init__(reason)
        self.seconds, self.waits_for, self.reason = seconds, waits_for, reason
