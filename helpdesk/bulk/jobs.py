"""Changing many tickets at once: a few within the request, more by the worker (docs/decisions/0017-bulk.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update
from sqlalchemy.orm import selectinload

from helpdesk.access import visibility
from helpdesk.bulk import actions, undo as bulk_undo
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import tags
from models import BulkItem, BulkJob, Person, Ticket, db

AT_ONCE = 200
PART = 50
UNDO_FOR = timedelta(days=1)
KEPT = timedelta(days=30)


def start(where: ColumnElement[bool], acts: dict[str, str], *, by: Person, at: datetime | None = None) -> BulkJob:
    """Change all tickets that meet the condition and that the person may see, as they are found now."""
    job = _new(acts, by, at or transactions.now())
    chosen = select(literal(job.id), Ticket.id, literal("waiting")).where(where, visibility.visible_tickets(by))
    db.session.execute(insert(BulkItem).from_select(["job_id", "ticket_id", "state"], chosen))
    return _begin(job)


def start_with(numbers: Iterable[int], acts: dict[str, str], *, by: Person, at: datetime | None = None) -> BulkJob:
    """Change the tickets of these numbers. One that is missing, or not to be seen, is reported in the same words."""
    job = _new(acts, by, at or transactions.now())
    rows = [{"job_id": job.id, "ticket_id": number, "state": "waiting"} for number in sorted(set(numbers))]
    if rows:
        db.session.execute(insert(BulkItem), rows)
    return _begin(job)


def _new(acts: dict[str, str], by: Person, at: datetime) -> BulkJob:
    if not acts:
        raise Refused(_("Choose what to change first."))
    if acts.get("status") == "pending" and not acts.get("reason"):
        raise Refused(_("Say what the tickets are waiting for. The requesters will see it."))
    tags.refuse_both(added=acts.get("tag", ""), removed=acts.get("untag", ""))
    job = BulkJob(person=by, acts=acts, state="waiting", total=0, created_at=at)
    db.session.add(job)
    db.session.flush()
    return job


def _begin(job: BulkJob) -> BulkJob:
    job.total = db.session.scalar(select(func.count()).where(BulkItem.job_id == job.id)) or 0
    if not job.total:
        raise Refused(_("Select at least one ticket first."))
    if job.total <= AT_ONCE:
        _part(job, AT_ONCE + 1)
    return job


def due() -> int | None:
    """The number of the first job that is not finished."""
    found = select(BulkJob.id).where(BulkJob.state.in_(("waiting", "undoing"))).order_by(BulkJob.id).limit(1)
    number = db.session.scalar(found)
    db.session.rollback()
    return number


def work(number: int, most: int = PART) -> bool:
    """Do one part of the job, in the running transaction. Returns False where somebody else is at it, or was.

    The row of the job is locked meanwhile, and each ticket's outcome is written with its change: whoever dies in the
    middle has done nothing, and no ticket is changed twice.
    """
    wanted = select(BulkJob).where(BulkJob.id == number, BulkJob.state.in_(("waiting", "undoing")))
    job = db.session.scalar(wanted.with_for_update(skip_locked=True))
    if job is not None:
        _part(job, most)
    return job is not None


def give_up(number: int) -> None:
    """A job that our own mistake keeps from going on must not hold up those behind it. Its page says what was left."""
    job = db.session.get(BulkJob, number, with_for_update=True)
    if job is None:
        return
    job.state, job.finished_at = "cancelled", transactions.now()
    why = _("The desk could not do this. Its log says why; please tell whoever looks after the desk.")
    left = update(BulkItem).where(BulkItem.job_id == number, BulkItem.state == "waiting")
    db.session.execute(left.values(state="refused", why=why).execution_options(synchronize_session=False))


def _part(job: BulkJob, most: int) -> None:
    undoing, at = job.state == "undoing", transactions.now()
    left = BulkItem.job_id == job.id, BulkItem.state == ("done" if undoing else "waiting")
    numbers = list(db.session.scalars(select(BulkItem.ticket_id).where(*left).order_by(BulkItem.ticket_id).limit(most)))
    tickets = _locked(numbers, job.person)
    outcomes = (bulk_undo.unmake if undoing else actions.apply)(job, numbers, tickets, at)
    _write(job, outcomes, None if undoing else at)
    if len(numbers) < most:
        job.state, job.finished_at = "undone" if undoing else "done", at


def _locked(numbers: list[int], person: Person) -> dict[int, Ticket]:
    """Of these tickets those that the person may see, each locked until the transaction ends.

    What belongs to them is read apart: MariaDB would lock the people and categories too, and writers would meet there.
    """
    wanted = select(Ticket).where(Ticket.id.in_(numbers), visibility.visible_tickets(person)).order_by(Ticket.id)
    wanted = wanted.options(*map(selectinload, (Ticket.requester, Ticket.assignee, Ticket.category, Ticket.tags)))
    return {ticket.id: ticket for ticket in db.session.scalars(wanted.with_for_update())}


def _write(job: BulkJob, outcomes: dict[int, tuple[str, str]], at: datetime | None) -> None:
    """What became of each ticket, one statement for all with the same outcome."""
    alike: dict[tuple[str, str], list[int]] = {}
    for number, outcome in outcomes.items():
        alike.setdefault(outcome, []).append(number)
    for (state, why), numbers in alike.items():
        values = {"state": state, "why": why[:300] or None} | ({"at": at} if at else {})
        items = update(BulkItem).where(BulkItem.job_id == job.id, BulkItem.ticket_id.in_(numbers)).values(values)
        db.session.execute(items.execution_options(synchronize_session=False))


def cancel(job: BulkJob, *, at: datetime | None = None) -> None:
    """Leave the rest as it is. What is done stays done, and can be taken back."""
    db.session.refresh(job, with_for_update=True)
    if job.state != "waiting":
        raise Refused(_("There is nothing left to cancel."))
    job.state, job.finished_at = "cancelled", at or transactions.now()


def undo(job: BulkJob, *, by: Person, at: datetime | None = None) -> None:
    """Take back all of it but for tickets that were changed again since. Asked for twice, it is done once."""
    db.session.refresh(job, with_for_update=True)
    if by.id != job.person_id:
        raise Refused(_("Only the person who did this can take it back."))
    if job.state == "waiting":
        raise Refused(_("This is still running. Cancel it first."))
    if job.state in ("undoing", "undone"):
        return
    if not may_undo(job, by, at):
        raise Refused(_("It is too late to take this back."))
    job.state = "undoing"
    if tally(job).get("done", 0) <= AT_ONCE:
        _part(job, AT_ONCE + 1)


def may_undo(job: BulkJob, by: Person, at: datetime | None = None) -> bool:
    recent = abs((at or transactions.now()) - job.created_at) < UNDO_FOR
    return recent and by.id == job.person_id and job.state in ("done", "cancelled")


def tally(job: BulkJob) -> dict[str, int]:
    """How many tickets are in each state."""
    counted = select(BulkItem.state, func.count()).where(BulkItem.job_id == job.id).group_by(BulkItem.state)
    return {state: count for state, count in db.session.execute(counted)}


def refusals(job: BulkJob, most: int = 200) -> list[BulkItem]:
    """What was not changed, or not taken back, with the reason."""
    wanted = select(BulkItem).where(BulkItem.job_id == job.id, BulkItem.state.in_(("refused", "kept")))
    return list(db.session.scalars(wanted.order_by(BulkItem.ticket_id).limit(most)))


def sweep(at: datetime | None = None) -> None:
    db.session.execute(delete(BulkJob).where(BulkJob.finished_at < (at or transactions.now()) - KEPT))
