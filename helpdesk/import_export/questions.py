"""What keeps a file from being read until whoever brought it answers a question."""

from __future__ import annotations

from collections.abc import Sequence

from helpdesk.errors import Refused


class NotUtf8(Refused):
    """The file is in another encoding, and nobody said in which."""


class WhichFirst(Refused):
    """Somebody must say whether the day or the month stands first: `examples` are times by column."""

    def __init__(self, why: object, examples: dict[str, str]) -> None:
        super().__init__(why)
        self.examples = examples


class Missing(Refused):
    """Columns that are needed and not there: `names`."""

    def __init__(self, why: object, names: Sequence[str]) -> None:
        super().__init__(why)
        self.names = names
