"""One function per act on a ticket. Each refuses, or changes rows and records what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from helpdesk.attachments import files as attachments
from helpdesk.choices import ACTIVE, FINISHED, PRIORITY_NAMES, PRIORITY_RANKS
from helpdesk.db.transactions import attempt, now
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from models import Attachment, Category, Event, Person, Ticket, Watcher, db


def raise_ticket(
    *,
    by: Person,
    subject: str,
    description: str,
    requester: Person | None = None,
    type: str = "incident",
    priority: str = "normal",
    category: Category | None = None,
    form_token: str | None = None,
    files: Sequence[Attachment] = (),
    follows: Ticket | None = None,
    at: datetime | None = None,
) -> Ticket:
    """A new ticket. The same form sent twice (same `form_token`) gives the ticket that is there already."""
    at = at or now()
    requester = requester or by
    ticket = Ticket(subject=subject, description=description, type=type, priority=PRIORITY_RANKS[priority])
    ticket.category, ticket.requester, ticket.raised_by, ticket.status = category, requester, by, "new"
    ticket.follows_id = follows.id if follows else None
    ticket.form_token = form_token
    ticket.created_at = ticket.activity_at = ticket.public_activity_at = at
    earlier = sent_already(by, form_token) or insert(ticket)
    if earlier is not None:
        return earlier
    attachments.attach(files, ticket=ticket)
    if requester is by:
        events.record("raised", ticket=ticket, by=by, at=at)
    else:
        events.record("raised_for", ticket=ticket, by=by, at=at, requester=requester.name)
    if follows is not None:
        events.record("followed_up", ticket=follows, by=by, at=at, number=ticket.id)
    return ticket


def sent_already(by: Person, form_token: str | None) -> Ticket | None:
    if not form_token:
        return None
    return db.session.scalar(select(Ticket).where(Ticket.raised_by_id == by.id, Ticket.form_token == form_token))


def insert(ticket: Ticket) -> Ticket | None:
    """Insert it; where the same form won the race in another process, give that one back instead."""
    try:
        with attempt():
            db.session.add(ticket)
    except IntegrityError:
        earlier = sent_already(ticket.raised_by, ticket.form_token)
        if earlier is None:
            raise
        return earlier
    return None


def take(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Claiming has one winner: a ticket somebody else holds must be assigned, not taken."""
    at = at or now()
    refuse_trashed(ticket)
    _refuse_finished(ticket, _("A finished ticket cannot be taken. Reopen it first."))
    if ticket.assignee_id == by.id:
        raise Refused(_("You have this ticket already."))
    if ticket.assignee is not None:
        raise Refused(
            _(
                "%(name)s has this ticket already. To take it over, choose yourself as assignee.",
                name=ticket.assignee.name,
            )
        )
    events.record("taken", ticket=ticket, by=by, at=at, old="", change=changes.make(ticket, assignee=by))
    _start(ticket, by, at)


def assign(ticket: Ticket, *, to: Person | None, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    if ticket.assignee is to:
        return
    _refuse_closed(ticket, _("A closed ticket cannot be assigned. Reopen it first."))
    if to is not None and not (to.is_agent and to.is_active):
        raise Refused(_("%(name)s is not an agent. Choose somebody who is.", name=to.name))
    at = at or now()
    old = ticket.assignee.name if ticket.assignee else ""
    change = changes.make(ticket, assignee=to)
    if to is None:
        events.record("unassigned", ticket=ticket, by=by, at=at, old=old, change=change)
        return
    if to is by:
        events.record("taken", ticket=ticket, by=by, at=at, old=old, change=change)
    else:
        events.record("assigned", ticket=ticket, by=by, at=at, old=old, new=to.name, change=change)
    _start(ticket, by, at)


def _start(ticket: Ticket, by: Person, at: datetime) -> None:
    """Somebody is on it now: a new ticket becomes open."""
    if ticket.status == "new":
        set_status(ticket, "open", by=by, at=at)


def set_status(
    ticket: Ticket,
    status: str,
    *,
    by: Person | None,
    reason: str = "",
    at: datetime | None = None,
    with_reply: bool = False,
) -> None:
    """Change the status. Pending needs a `reason`, which the requester sees; `by` is None for the desk itself.

    `with_reply` says that a reply of the same moment brings it about: its mail tells of it, so none of its own.
    """
    refuse_trashed(ticket)
    old = ticket.status
    if status == old and (status != "pending" or reason == ticket.pending_reason):
        return
    if status == "pending" and not reason:
        raise Refused(_("Say what the ticket is waiting for. The requester will see it."))
    if status == "new":
        raise Refused(_("A ticket that somebody has worked on cannot be new again. Choose another status."))
    at = at or now()
    change = changes.make(ticket, **changes.status_values(ticket, status, at, reason))
    kind, facts = _status_event(ticket, old)
    events.record(kind, ticket=ticket, by=by, at=at, mails=not with_reply, change=change, **facts)


def _status_event(ticket: Ticket, old: str) -> tuple[str, dict[str, Any]]:
    """The kind of event that tells of the new status, with its facts."""
    if ticket.status == "pending":
        return "made_pending", {"old": old, "reason": ticket.pending_reason or ""}
    if ticket.status in FINISHED:
        return ticket.status, {"old": old}
    if old in FINISHED:
        return "reopened", {"old": old}
    return "status_set", {"old": old, "new": ticket.status}


def solve(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """The requester says that the problem is gone."""
    refuse_trashed(ticket)
    _refuse_closed(ticket, _("This ticket is closed already."))
    set_status(ticket, "closed", by=by, at=at)


def reopen(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """Agents reopen what is finished; a requester only what is resolved, closed is final for them."""
    refuse_trashed(ticket)
    if ticket.status in ACTIVE:
        raise Refused(_("This ticket is open already."))
    if ticket.status == "closed" and not by.is_agent:
        raise Refused(_("A closed ticket stays closed. Write a reply, and it becomes a new ticket linked to this one."))
    set_status(ticket, "open", by=by, at=at)


def set_priority(ticket: Ticket, priority: str, *, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    old = PRIORITY_NAMES[ticket.priority]
    if priority != old:
        change = changes.make(ticket, priority=PRIORITY_RANKS[priority])
        events.record("priority_set", ticket=ticket, by=by, at=at, old=old, new=priority, change=change)


def set_category(ticket: Ticket, category: Category | None, *, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    if category is ticket.category:
        return
    if category is not None and category.retired_at is not None:
        raise Refused(_("%(name)s is no longer in use. Choose another category.", name=category.name))
    old = ticket.category.name if ticket.category else _("none")
    change = changes.make(ticket, category=category)
    new = category.name if category else _("none")
    events.record("category_set", ticket=ticket, by=by, at=at, old=old, new=new, change=change)


def set_type(ticket: Ticket, type: str, *, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    old = ticket.type
    if type != old:
        change = changes.make(ticket, type=type)
        events.record("type_set", ticket=ticket, by=by, at=at, old=old, new=type, change=change)


def change_requester(ticket: Ticket, *, to: Person, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    if to is ticket.requester:
        return
    if not to.is_active:
        raise Refused(_("%(name)s is switched off. Choose somebody else.", name=to.name))
    old, ticket.requester = ticket.requester, to
    _unwatch(ticket, to)
    events.record("requester_changed", ticket=ticket, by=by, at=at, person=old, old=old.name, new=to.name)


def add_watcher(ticket: Ticket, *, watcher: Person, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    if watcher is ticket.requester:
        raise Refused(_("%(name)s is the requester and is kept informed anyway.", name=watcher.name))
    if not watcher.is_active:
        raise Refused(_("%(name)s is switched off. Choose somebody else.", name=watcher.name))
    if db.session.get(Watcher, (ticket.id, watcher.id)) is not None:
        raise Refused(_("%(name)s is kept informed already.", name=watcher.name))
    db.session.add(Watcher(ticket_id=ticket.id, person_id=watcher.id))
    events.record("watcher_added", ticket=ticket, by=by, at=at, name=watcher.name)


def remove_watcher(ticket: Ticket, *, watcher: Person, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    if not _unwatch(ticket, watcher):
        raise Refused(_("%(name)s does not watch this ticket.", name=watcher.name))
    events.record("watcher_removed", ticket=ticket, by=by, at=at, person=watcher, name=watcher.name)


def _unwatch(ticket: Ticket, person: Person) -> bool:
    row = db.session.get(Watcher, (ticket.id, person.id))
    if row is not None:
        db.session.delete(row)
    return row is not None


def trash(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    refuse_trashed(ticket)
    at = at or now()
    events.record("trashed", ticket=ticket, by=by, at=at, change=changes.make(ticket, trashed_at=at))


def restore(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    if ticket.trashed_at is None:
        raise Refused(_("This ticket is not in the trash."))
    ticket.trashed_at = None
    events.record("restored", ticket=ticket, by=by, at=at)


def purge(ticket: Ticket, *, by: Person | None, at: datetime | None = None) -> None:
    """Remove a trashed ticket with all that belongs to it. Only the number stays, in the desk's own records."""
    if ticket.trashed_at is None:
        raise Refused(_("Only a ticket in the trash can be removed for good. Delete it first."))
    events.record("purged", by=by, at=at, number=ticket.id)
    db.session.delete(ticket)


def refuse_trashed(ticket: Ticket) -> None:
    """Nobody works on what is in the trash, nor on what has become part of another ticket."""
    if ticket.trashed_at is not None:
        raise Refused(_("This ticket is in the trash. Restore it first."))
    if ticket.merged_into_id is not None:
        raise Refused(_("This ticket was merged into another one. Open it again and go on there."))


def _refuse_closed(ticket: Ticket, why: str) -> None:
    if ticket.status == "closed":
        raise Refused(why)


def _refuse_finished(ticket: Ticket, why: str) -> None:
    if ticket.status in FINISHED:
        raise Refused(why)


def close_resolved(*, after: timedelta, at: datetime | None = None, most: int = 100) -> int:
    """Close what has been resolved for longer than `after`; `most` a call. Returns how many."""
    at = at or now()
    due = select(Ticket).where(
        Ticket.status == "resolved", Ticket.resolved_at <= at - after, Ticket.trashed_at.is_(None)
    )
    found = db.session.scalars(due.order_by(Ticket.id).limit(most).with_for_update(skip_locked=True)).all()
    resolved_here = select(Event.ticket_id).where(Event.ticket_id.in_([t.id for t in found]), Event.kind == "resolved")
    told = set(db.session.scalars(resolved_here))
    for ticket in found:
        # One that was imported as resolved closes without a mail: its requester got none so far.
        set_status(ticket, "closed", by=None, at=at, with_reply=ticket.id not in told)
    return len(found)


def purge_trash(*, after: timedelta, at: datetime | None = None, most: int = 100) -> int:
    """Remove what has been in the trash for longer than `after`; `most` a call. Returns how many."""
    at = at or now()
    due = select(Ticket).where(Ticket.trashed_at <= at - after)
    found = db.session.scalars(due.order_by(Ticket.id).limit(most).with_for_update(skip_locked=True)).all()
    for ticket in found:
        purge(ticket, by=None, at=at)
    return len(found)
