"""Taking back what was done to many tickets at once, but for those that were changed again since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import and_, select

from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.events.kinds import UNDOABLE
from helpdesk.notifications import deliveries
from helpdesk.tickets import tickets
from models import BulkItem, BulkJob, Event, Ticket, db


def unmake(job: BulkJob, numbers: Iterable[int], found: dict[int, Ticket], at: datetime) -> dict[int, tuple[str, str]]:
    """Take the job back on each ticket. Returns for each number what became of it, with the reason."""
    done, outcomes, taken = _done(job, list(numbers)), {}, []
    with db.session.no_autoflush:
        for number in numbers:
            try:
                taken += _take_back(job, found.get(number), done.get(number, []), at)
                outcomes[number] = "undone", ""
            except Refused as no:
                outcomes[number] = "kept", str(no)
    deliveries.cancel_waiting(taken)
    return outcomes


def _done(job: BulkJob, numbers: list[int]) -> dict[int, list[Event]]:
    """What the job did to each ticket: the events of its person at the very moment that its item tells."""
    same = and_(BulkItem.ticket_id == Event.ticket_id, BulkItem.at == Event.at)
    mine = BulkItem.job_id == job.id, Event.ticket_id.in_(numbers), Event.actor_id == job.person_id
    found: dict[int, list[Event]] = {}
    for event in db.session.scalars(
        select(Event).join(BulkItem, same).where(*mine, Event.kind.in_(UNDOABLE)).order_by(Event.id)
    ):
        found.setdefault(event.ticket_id or 0, []).append(event)
    return found


def _take_back(job: BulkJob, ticket: Ticket | None, done: list[Event], at: datetime) -> list[int]:
    """Returns the events whose mails are owed no more. Raises Refused where the ticket must stay as it is."""
    if ticket is None or not done:
        raise Refused(_("There is no such ticket any more, or you may not see it."))
    change = changes.together([event.facts.get("change", {}) for event in done])
    if "trashed_at" not in change:
        tickets.refuse_trashed(ticket)
    if not changes.is_current(ticket, change):
        raise Refused(_("This was changed again meanwhile."))
    changes.unmake(ticket, change)
    for alike in _by_name(done):
        public = any(event.public for event in alike)
        events.record("undone", ticket=ticket, by=job.person, at=at, public=public, what=alike[0].kind)
    return [event.id for event in done]


def _by_name(done: list[Event]) -> list[list[Event]]:
    """What is called the same when it is taken back is told once; the rest apart, each to those who heard of it."""
    alike: dict[str, list[Event]] = {}
    for event in done:
        alike.setdefault(str(UNDOABLE[event.kind]), []).append(event)
    return list(alike.values())
