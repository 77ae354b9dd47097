"""Merging a ticket into another, so that both conversations are read as one; and splitting them again.

Messages and events stay with the ticket they were written on, so taking it back is exact: docs/decisions/0016-merge.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select

from helpdesk import access, audience, changes, deliveries, events, families, tickets
from helpdesk.errors import Refused
from helpdesk.store import now
from models import Event, Person, Ticket, Watcher, db


@dataclass(frozen=True)
class Plan:
    """What a merge would do, to be read before it is done.

    `readers` will read what was said on `ticket` and could not before; `followers` follow `ticket` and do not see
    `into`, unless they are let. Agents are in neither: they see every ticket.
    """

    ticket: Ticket
    into: Ticket
    readers: list[Person]
    followers: list[Person]

    @property
    def mark(self) -> str:
        """Who is concerned, as a short text: whoever agrees to the merge agrees to exactly these people."""
        return f"{self.into.id}:{_ids(self.readers)}:{_ids(self.followers)}"


def plan(ticket: Ticket, into: Ticket) -> Plan:
    """Raises Refused where the two cannot be merged. A target that was merged itself stands for where it went."""
    tickets.refuse_trashed(ticket)
    into = families.root(into)
    if into is ticket:
        raise Refused(_("A ticket cannot be merged into itself. Type the number of another one."))
    if into.trashed_at is not None:
        raise Refused(_("Ticket #%(number)s is in the trash. Restore it first.", number=into.id))
    if into.status == "closed":
        raise Refused(
            _("Ticket #%(number)s is closed. Reopen it first, or merge that one into this one.", number=into.id)
        )
    here, there = _outsiders(ticket), _outsiders(into)
    return Plan(ticket, into, [p for p in there if p not in here], [p for p in here if p not in there])


def merge(ticket: Ticket, into: Ticket, *, by: Person, follow: bool, at: datetime | None = None) -> Ticket:
    """Returns the ticket that both are now. With `follow` those who followed `ticket` watch it; agents do anyway."""
    at, agreed = at or now(), plan(ticket, into)
    into = agreed.into
    watching = [person for person in _followers(ticket) if follow or person not in agreed.followers]
    added = [person for person in watching if _watch(into, person)]
    old, values = ticket.status, changes.status_values(ticket, "closed", at, closed_as="merged")
    change = changes.make(ticket, **values, merged_into_id=into.id)
    events.record("merged", ticket=ticket, by=by, at=at, old=old, number=into.id, change=change)
    events.record("merged_in", ticket=into, by=by, at=at, number=ticket.id, followers=[one.id for one in added])
    return into


def split_again(ticket: Ticket, *, by: Person, at: datetime | None = None) -> None:
    """The merged ticket is what it was before. What was written since stays where it was written."""
    wanted = select(Event).where(Event.ticket_id == ticket.id, Event.kind == "merged").order_by(Event.id.desc())
    merged = db.session.scalar(wanted.limit(1))
    if merged is None or ticket.merged_into_id != merged.facts["number"]:
        raise Refused(_("This ticket is not merged into another one any more."))
    deliveries.take_back([merged.id])
    changes.unmake(ticket, merged.facts["change"])
    take_back(merged, by, at := at or now())
    events.record("unmerged", ticket=ticket, by=by, at=at)


def take_back(event: Event, by: Person, at: datetime) -> None:
    """What a merge has done to the other ticket: who watches it on that account does so no more."""
    into = db.session.get(Ticket, event.facts["number"])
    if into is None or event.ticket is None:
        return
    same = Event.ticket_id == into.id, Event.at == event.at, Event.kind == "merged_in"
    for told in db.session.scalars(select(Event).where(*same)):
        if told.facts["number"] == event.ticket.id:
            gone = Watcher.ticket_id == into.id, Watcher.person_id.in_(told.facts["followers"])
            db.session.execute(delete(Watcher).where(*gone))
    events.record("unmerged_from", ticket=into, by=by, at=at, number=event.ticket.id)


def _outsiders(ticket: Ticket) -> list[Person]:
    """Those who see the ticket because it is theirs or they watch it."""
    return [person for person in _followers(ticket) if not person.is_agent and access.sees_ticket(person, ticket)]


def _followers(ticket: Ticket) -> list[Person]:
    return [ticket.requester, *(one for one in audience.watchers(ticket) if one is not ticket.requester)]


def _watch(ticket: Ticket, person: Person) -> bool:
    """Whether they watch it from now on and did not follow it before."""
    if not person.is_active or person is ticket.requester or access.watches(person, ticket):
        return False
    db.session.add(Watcher(ticket_id=ticket.id, person_id=person.id))
    return True


def _ids(some: list[Person]) -> str:
    return ".".join(str(number) for number in sorted(person.id for person in some))
