"""Merging a ticket into another, so that both conversations are read as one; and splitting them again.

Messages and events stay with the ticket they were written on, so taking it back is exact: docs/decisions/0016-merge.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from flask_babel import gettext as _
from sqlalchemy import delete, select

from helpdesk.access import visibility
from helpdesk.db.transactions import now
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.notifications import deliveries, recipients
from helpdesk.tickets import merged as tickets_merged, tickets
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
    def fingerprint(self) -> str:
        """Who is concerned, as a short text: whoever agrees to the merge agrees to exactly these people."""
        concerned = f"{self.into.id}:{_ids(self.readers)}:{_ids(self.followers)}"
        return sha256(concerned.encode()).hexdigest()


def plan(ticket: Ticket, into: Ticket) -> Plan:
    """Raises Refused where the two cannot be merged. A target that was merged itself stands for where it went."""
    tickets.refuse_trashed(ticket)
    into = tickets_merged.merge_target(into)
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
    into = _locked(event.facts["number"])
    if into is None or event.ticket is None:
        return
    if (told := _entry(event.ticket, into)) is not None:
        _leave(into, told, set(told.facts["followers"]))
    events.record("unmerged_from", ticket=into, by=by, at=at, number=event.ticket.id)


def _leave(ticket: Ticket, told: Event, people: set[int]) -> None:
    """On account of the merge that `told` tells of they watch it no more, nor what it was merged into since.

    Who follows another ticket too that came in later and is still part of it stays, and leaves with that one. Who was
    taken off by hand meanwhile and watches it again does so on another account.
    """
    gone = people - _off_by_hand(told)
    for later in _came_in(ticket):
        if later.id > told.id and (kept := gone & _following(later.facts["number"], merged_into=ticket)):
            _let_in(later, {*later.facts["followers"], *kept})
            gone -= kept
    _let_in(told, set(told.facts["followers"]) - people)
    db.session.execute(delete(Watcher).where(Watcher.ticket_id == ticket.id, Watcher.person_id.in_(gone)))
    further = _locked(ticket.merged_into_id) if ticket.merged_into_id is not None else None
    if further is not None and (told_there := _entry(ticket, further)) is not None:
        _leave(further, told_there, gone & set(told_there.facts["followers"]) - {ticket.requester_id})


def _locked(number: int) -> Ticket | None:
    """Of two splits at once the second sees what the first has left."""
    return db.session.get(Ticket, number, with_for_update=True)


def _came_in(ticket: Ticket) -> list[Event]:
    """What tells of the merges into the ticket, the newest first."""
    wanted = select(Event).where(Event.ticket_id == ticket.id, Event.kind == "merged_in").order_by(Event.id.desc())
    return list(db.session.scalars(wanted.execution_options(populate_existing=True)))


def _entry(ticket: Ticket, into: Ticket) -> Event | None:
    """What tells on the other side that the ticket came in, the last time it did."""
    return next((told for told in _came_in(into) if told.facts["number"] == ticket.id), None)


def _let_in(told: Event, people: set[int]) -> None:
    """Write down who watches the ticket on account of the merge that `told` tells of."""
    told.facts = told.facts | {"followers": sorted(people)}


def _off_by_hand(told: Event) -> set[int]:
    """Who was taken off the ticket, or was its requester and is not any more, since the merge."""
    since = Event.ticket_id == told.ticket_id, Event.id > told.id
    wanted = select(Event.person_id).where(*since, Event.kind.in_(("watcher_removed", "requester_changed")))
    return {number for number in db.session.scalars(wanted) if number is not None}


def _following(number: int, *, merged_into: Ticket) -> set[int]:
    """Who follows a ticket that is still merged into that one."""
    part = Ticket.id == number, Ticket.merged_into_id == merged_into.id
    asked = select(Ticket.requester_id).where(*part)
    watched = select(Watcher.person_id).join(Ticket, Ticket.id == Watcher.ticket_id).where(*part)
    return {*db.session.scalars(asked), *db.session.scalars(watched)}


def _outsiders(ticket: Ticket) -> list[Person]:
    """Those who see the ticket because it is theirs or they watch it."""
    return [person for person in _followers(ticket) if not person.is_agent and visibility.sees_ticket(person, ticket)]


def _followers(ticket: Ticket) -> list[Person]:
    return [ticket.requester, *(one for one in recipients.watchers(ticket) if one is not ticket.requester)]


def _watch(ticket: Ticket, person: Person) -> bool:
    """Whether they watch it from now on and did not follow it before."""
    if not person.is_active or person is ticket.requester or visibility.watches(person, ticket):
        return False
    db.session.add(Watcher(ticket_id=ticket.id, person_id=person.id))
    return True


def _ids(some: list[Person]) -> str:
    return ".".join(str(number) for number in sorted(person.id for person in some))
