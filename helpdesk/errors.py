"""How the desk says no."""

from __future__ import annotations


class Refused(Exception):
    """An act is against the rules as things stand. The message is shown to the person and says what to do instead."""

    def __init__(self, why: object) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return str(self.why)
