"""Which agents have a ticket open right now, and who of them is writing. Agents only; nobody else ever hears of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _, ngettext
from sqlalchemy import Select, case, delete, or_, select

from helpdesk.db import transactions
from models import Person, Presence, Ticket, db

# A page says every 10 s that it is open. One that is silent for this long is gone, also where the next one to look
# only looks 10 s later: together less than half a minute.
LASTS = timedelta(seconds=18)
SWEPT = timedelta(minutes=1)
SHOWN = 3
Row = tuple[int, int, bool]


def here(ticket: Ticket, person: Person, *, writing: bool, at: datetime | None = None) -> None:
    """This person has the ticket open. The door has locked the ticket, so nobody else adds the same row meanwhile."""
    row = db.session.get(Presence, (ticket.id, person.id)) or Presence(ticket_id=ticket.id, person_id=person.id)
    row.writing, row.at = writing, at or transactions.now()
    db.session.add(row)


def gone(ticket: Ticket, person: Person) -> None:
    db.session.execute(delete(Presence).where(Presence.ticket_id == ticket.id, Presence.person_id == person.id))


def present_agents(ticket: Ticket, reader: Person, at: datetime | None = None) -> list[str]:
    """A sentence for each other agent who is there, those who write first: "Cleo is writing a reply"."""
    here = others(ticket, reader, since(at)).subquery()
    rows = db.session.execute(select(here).order_by(here.c.place, here.c.folded_name, here.c.id))
    return sentences([(row.name, row.place < 0) for row in rows])


def others(ticket: Ticket, reader: Person, since: datetime) -> Select[*tuple[Any, ...]]:
    """Who is there: id, name, place (those who write come first, below 0) and folded name."""
    return (
        select(Person.id, Person.name, case((Presence.writing, -1), else_=0).label("place"), Person.folded_name)
        .join(Presence, Person.id == Presence.person_id)
        .where(Presence.ticket_id == ticket.id, Presence.person_id != reader.id, Presence.at > since)
        .where(Person.switched_off_at.is_(None), Person.role != "user")
    )


def sentences(rows: list[tuple[str, bool]]) -> list[str]:
    """For people in their order, each with whether they write; after SHOWN only how many more there are."""
    firsts = [name.split()[0] for name, _writing in rows]
    said = [
        _("%(name)s is writing a reply", name=shown) if writing else _("%(name)s is looking", name=shown)
        for first, (name, writing) in zip(firsts, rows)
        for shown in [first if firsts.count(first) == 1 else name]
    ]
    more = len(said) - SHOWN
    return said[:SHOWN] + ([ngettext("%(num)d more", "%(num)d more", more)] if more > 0 else [])


@dataclass
class Watch:
    """Finds the tickets where somebody came, went or began to write. What the rows say is all it remembers."""

    known: set[Row] = field(default_factory=set)

    def changed(self, at: datetime | None = None) -> set[int]:
        """The tickets where it is not as it was at the last call. Whoever has fallen silent counts as gone."""
        wanted = select(Presence.ticket_id, Presence.person_id, Presence.writing).where(Presence.at > since(at))
        now: set[Row] = {(ticket, person, writing) for ticket, person, writing in db.session.execute(wanted)}
        differs, self.known = self.known ^ now, now
        return {ticket for ticket, _person, _writing in differs}


def sweep(at: datetime | None = None) -> None:
    """Who fell silent, and who would stay for hours because the clock has been set back."""
    at = at or transactions.now()
    db.session.execute(delete(Presence).where(or_(Presence.at < at - SWEPT, Presence.at > at + SWEPT)))


def since(at: datetime | None) -> datetime:
    return (at or transactions.now()) - LASTS
