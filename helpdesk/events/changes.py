"""What an act changes on a ticket, written down with its event so that it can be taken back."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select

from helpdesk.choices import FINISHED, TAGS_MAX
from models import Category, Person, Tag, Ticket, db

Change = dict[str, list[Any]]

RELATED: dict[str, type[Person] | type[Category]] = {"assignee": Person, "category": Category}
MOMENTS = ("resolved_at", "finished_at", "trashed_at")


def make(ticket: Ticket, **values: Any) -> Change:
    """Set these on the ticket. Returns for each what it was and what it is now, as JSON can hold it."""
    change = {name: [_plain(getattr(ticket, name)), _plain(value)] for name, value in values.items()}
    for name, value in values.items():
        setattr(ticket, name, value)
    return change


def together(changes: list[Change]) -> Change:
    """Several changes, one after the other, as one."""
    whole: Change = {}
    for change in changes:
        for name, (old, new) in change.items():
            whole[name] = [whole[name][0] if name in whole else old, new]
    return whole


def is_current(ticket: Ticket, change: Change) -> bool:
    """Whether the ticket still is as the change left it. Tags that the change did not touch may have come and gone."""
    return all(
        _tags_before(ticket, old, new) is not None if name == "tags" else _plain(getattr(ticket, name)) == new
        for name, (old, new) in change.items()
    )


def _tags_before(ticket: Ticket, old: list[str], new: list[str]) -> set[str] | None:
    """The tags of now, without those that were added and with those taken off; None where that stands no more."""
    now, added, gone = set(_plain(ticket.tags)), set(new) - set(old), set(old) - set(new)
    before = now - added | gone
    return before if added <= now and not gone & now and len(before) <= TAGS_MAX else None


def unmake(ticket: Ticket, change: Change) -> None:
    """Set what the change left back to what it was. For a change that stands."""
    for name, (old, new) in change.items():
        setattr(ticket, name, _whole(name, _tags_before(ticket, old, new) if name == "tags" else old))


def status_values(
    ticket: Ticket, status: str, at: datetime, reason: str = "", closed_as: str | None = None
) -> dict[str, Any]:
    """All that changes on a ticket with its status."""
    return {
        "status": status,
        "pending_reason": reason if status == "pending" else None,
        "resolved_at": at if status == "resolved" else ticket.resolved_at if status == "closed" else None,
        "finished_at": None if status not in FINISHED else ticket.finished_at or at,
        "closed_as": closed_as,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, list):
        return sorted(tag.name for tag in value)
    return value.id if isinstance(value, (Person, Category)) else value


def _whole(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "tags":
        return list(db.session.scalars(select(Tag).where(Tag.name.in_(value))))
    if name in RELATED:
        return db.session.get(RELATED[name], value)
    return datetime.fromisoformat(value) if name in MOMENTS else value
