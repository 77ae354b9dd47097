"""The orders a list can have, each read off an index in one direction or the other, and the marks of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, and_, or_

from helpdesk.choices import PRIORITIES
from models import Ticket


@dataclass(frozen=True)
class Sort:
    """Columns all sorted in one direction, ending in the id, so that one index serves and no row is met twice.

    `names` are what the columns are called in a row of the list.
    """

    label: Any
    columns: tuple[Any, ...]
    names: tuple[str, ...]
    descending: bool

    def order(self, descending: bool) -> list[ColumnElement[Any]]:
        return [column.desc() if descending else column.asc() for column in self.columns]

    def beyond(self, values: list[Any], descending: bool) -> ColumnElement[bool]:
        """Rows after the one with these values, in expanded form with the first column's own bound in front."""

        def past(column: Any, value: Any) -> ColumnElement[bool]:
            return column < value if descending else column > value  # type: ignore[no-any-return]

        first = self.columns[0] <= values[0] if descending else self.columns[0] >= values[0]
        steps = [
            and_(*(self.columns[i] == values[i] for i in range(depth)), past(self.columns[depth], values[depth]))
            for depth in range(len(self.columns))
        ]
        return and_(first, or_(*steps))

    def cursor(self, direction: str, row: Row[Any]) -> str:
        """What leads from this row on to the `older` or the `newer` ones."""
        values = [getattr(row, name) for name in self.names]
        return "~".join([direction, *(v.isoformat() if isinstance(v, datetime) else str(v) for v in values)])

    def read(self, cursor: str) -> tuple[bool, list[Any]]:
        """Whether a cursor leads backwards, and the values it leads on from: none where it is broken."""
        direction, *parts = cursor.split("~")
        if direction not in ("newer", "older") or len(parts) != len(self.names):
            return False, []
        try:
            return direction == "newer", [_value(name, part) for name, part in zip(self.names, parts)]
        except (ValueError, OverflowError):
            return False, []


def _value(name: str, part: str) -> datetime | int:
    """What a cursor says of the column of this name. Raises ValueError or OverflowError for what it cannot hold."""
    if name.endswith("_at"):
        return _moment(part)
    number, most = int(part), max(PRIORITIES) if name == "priority" else 2**31 - 1
    if not 0 < number <= most:
        raise ValueError("not a number that the column can hold")
    return number


def _moment(text: str) -> datetime:
    """The moment in a cursor, in UTC. Raises ValueError or OverflowError for one that no database would take."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise ValueError("not a moment that a cursor can hold")
    return moment.astimezone(timezone.utc)


_ACTIVITY = (Ticket.activity_at, Ticket.id), ("activity_at", "id")
_AGE = (Ticket.created_at, Ticket.id), ("created_at", "id")
_PRIORITY = (Ticket.priority, Ticket.activity_at, Ticket.id), ("priority", "activity_at", "id")

# By their names in addresses, in the order in which they are offered.
SORTS = {
    "activity": Sort(_l("Newest activity"), *_ACTIVITY, True),
    "quiet": Sort(_l("Oldest activity"), *_ACTIVITY, False),
    "newest": Sort(_l("Newest first"), *_AGE, True),
    "age": Sort(_l("Oldest first"), *_AGE, False),
    "priority": Sort(_l("Highest priority"), *_PRIORITY, True),
    "lowest": Sort(_l("Lowest priority"), *_PRIORITY, False),
}
PUBLIC = Sort(_l("Newest activity"), (Ticket.public_activity_at, Ticket.id), ("changed_at", "id"), True)
