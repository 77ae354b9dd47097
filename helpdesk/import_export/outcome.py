"""How an import went, or would go: what was counted, and the rows that are left out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from helpdesk.import_export.import_rows import Bad, Row

# So many different values that mean nothing here are kept; somebody is to choose for each.
UNKNOWN_MOST = 200


@dataclass
class Outcome:
    """Tickets added, rows whose ticket was there already, and rows that were left out.

    `unassigned` are good rows of finished tickets whose assignee is not known here; `changes` counts what was done to
    rows so that they could be kept (import_rows.py); `unknown` counts the values by column that mean nothing here;
    `number` is the import's, None where nothing was added. Of the rows left out, and of those unassigned, `most`
    are remembered, and `each_bad` is called with every one that is left out.
    """

    added: int = 0
    known: int = 0
    left_out: int = 0
    without_assignee: int = 0
    bad: list[Bad] = field(default_factory=list)
    unassigned: list[Bad] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    number: int | None = None
    most: int = sys.maxsize
    each_bad: Callable[[Bad], None] = lambda row: None

    def leave_out(self, rows: Sequence[Bad]) -> None:
        self.left_out += len(rows)
        self.bad += rows[: max(0, self.most - len(self.bad))]
        for row in rows:
            self.each_bad(row)
            for value in row.unknown:
                if value in self.unknown or len(self.unknown) < UNKNOWN_MOST:
                    self.unknown[value] += 1

    def leave_unassigned(self, rows: Sequence[Bad]) -> None:
        self.without_assignee += len(rows)
        self.unassigned += rows[: max(0, self.most - len(self.unassigned))]

    def after(self, good: Sequence[Row], added: set[str]) -> Outcome:
        """The outcome once these good rows are in, of which those with the external ids `added` are new."""
        changes = Counter(change for row in good if row.external_id in added for change in row.changes)
        known = self.known + len(good) - len(added)
        return replace(self, changes=self.changes + changes, added=self.added + len(added), known=known)


@dataclass(frozen=True)
class Resumed:
    """An import whose row is there before the first chunk, as the worker does it: rows up to the line `line` are in.

    Within the transaction of each chunk `lock` is called first, and `note` last with what is so far; either may raise.
    """

    number: int
    line: int
    lock: Callable[[], None]
    note: Callable[[Outcome, int], None]
