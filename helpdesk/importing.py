"""Tickets from another system or an export: rows of a file kept in chunks, so that the desk stays usable meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from helpdesk import categories, import_file, indexing, origin, people, store, tags
from helpdesk.import_rows import Bad, Place, Row
from helpdesk.text import fold, fold_address
from helpdesk.words import FINISHED, NAME_MAX, PRIORITY_RANKS
from models import Event, Person, Ticket, db

CHUNK = 500
TRIES = 3


@dataclass
class Outcome:
    """How an import went: tickets added, rows whose ticket was there already, and rows that were left out.

    `unheld` are good ones of finished tickets whose assignee is not known here.
    """

    added: int = 0
    known: int = 0
    bad: list[Bad] = field(default_factory=list)
    unheld: list[Bad] = field(default_factory=list)


def run(path: Path, *, host: str, progress: Callable[[int], None], at: datetime | None = None) -> Outcome:
    """Import the file; `progress` is told how many more of its lines are done, `host` is the desk's own.

    Each chunk is a transaction of its own: an import that was interrupted goes on where it was when run again.
    Raises Refused where the file cannot be used, or the first line of it or of any sheet; nothing is imported then.
    """
    at = at or store.now()
    outcome, seen, done = Outcome(), dict[str, Place](), 0
    found, agents = import_file.rows(path, at), {agent.email: agent.id for agent in people.agents()}
    while chunk := list(itertools.islice(found, CHUNK)):
        judged = [_judged(row, seen, agents) for row in chunk]
        good = [row for row in judged if isinstance(row, Row)]
        holders = agents | _former({row.assignee_email for row in good} - agents.keys())
        outcome.unheld += [_unheld(row) for row in good if row.assignee_email and row.assignee_email not in holders]
        added = _keep(good, nobody(host), holders, at)
        outcome.added += added
        outcome.known += len(good) - added
        outcome.bad += [row for row in judged if isinstance(row, Bad)]
        progress(chunk[-1].place.in_all - done)
        done = chunk[-1].place.in_all
    return outcome


def nobody(host: str) -> str:
    """The address of the requester "Imported", to whom rows without a requester belong."""
    try:
        return fold_address(f"imported@{host}")
    except ValueError:
        return "imported@helpdesk.example"


def _judged(row: Row | Bad, seen: dict[str, Place], agents: dict[str, int]) -> Row | Bad:
    """The same external_id twice in a file is a mistake in the file: the first one counts."""
    if isinstance(row, Bad):
        return row
    if row.assignee_email and row.assignee_email not in agents and row.status not in FINISHED:
        who = row.assignee_email
        return Bad(
            row.place, _("assignee_email is nobody who works on tickets here: %(who)s. Invite them first.", who=who)
        )
    first = seen.setdefault(row.external_id, row.place)
    if first == row.place:
        return row
    return Bad(row.place, _("external_id %(id)s stands on %(place)s already.", id=row.external_id, place=first))


def _former(emails: set[str]) -> dict[str, int]:
    """Who had a finished ticket may have left, or do other work now."""
    return _ids(emails - {""}) if emails - {""} else {}


def _unheld(row: Row) -> Bad:
    return Bad(
        row.place, _("assignee_email is nobody here: %(who)s. The ticket has no assignee.", who=row.assignee_email)
    )


def _keep(rows: list[Row], nobodys: str, holders: dict[str, int], at: datetime) -> int:
    """Insert what is new. Returns how many. Tried again where somebody took one of the addresses or ids meanwhile."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            with store.writing():
                return _insert(rows, nobodys, holders, at)
        except DBAPIError as error:
            if not tries_left or not (isinstance(error, IntegrityError) or store.lost_a_race(error)):
                raise
    return 0


def _insert(rows: list[Row], nobodys: str, holders: dict[str, int], at: datetime) -> int:
    known = {*db.session.scalars(select(Ticket.external_id).where(_among(rows)))}
    known |= origin.at_home(row.external_id for row in rows)
    fresh = [row for row in rows if row.external_id not in known]
    if not fresh:
        return 0
    requesters = _requesters({row.requester_email or nobodys: row.requester_name for row in fresh}, nobodys, at)
    filed = _categories(row.category for row in fresh)
    tickets = [
        _ticket(row, at)
        | _belongings(requesters[row.requester_email or nobodys])
        | {"category_id": filed.get(fold(row.category)), "assignee_id": holders.get(row.assignee_email)}
        for row in fresh
    ]
    db.session.execute(insert(Ticket), tickets)
    numbers = db.session.execute(select(Ticket.id, Ticket.external_id).where(_among(fresh)).order_by(Ticket.id)).all()
    said = {row.external_id: (row.subject, row.description) for row in fresh}
    indexing.index_new((number, *said[external_id]) for number, external_id in numbers if external_id in said)
    bearing = {row.external_id: row.tags for row in fresh}
    tags.bear({number: bearing.get(str(external_id), []) for number, external_id in numbers})
    db.session.execute(insert(Event), [_event(number, external_id, at) for number, external_id in numbers])
    return len(fresh)


def _among(rows: list[Row]) -> Any:
    return Ticket.external_id.in_([row.external_id for row in rows])


def _requesters(named: dict[str, str], nobodys: str, at: datetime) -> dict[str, int]:
    """Ids by address, given names by address. Whoever is unknown becomes a person who is only an address."""
    known = _ids(set(named))
    missing = sorted(named.keys() - known.keys())
    if not missing:
        return known
    names = {email: named[email] or email.partition("@")[0][:NAME_MAX] for email in missing}
    if nobodys in names:
        names[nobodys] = _("Imported")
    new = [
        {"name": name, "folded_name": fold(name)[:250], "email": email, "created_at": at}
        for email, name in names.items()
    ]
    db.session.execute(insert(Person), new)
    return known | _ids(set(missing))


def _ids(emails: set[str]) -> dict[str, int]:
    return {
        email: id for email, id in db.session.execute(select(Person.email, Person.id).where(Person.email.in_(emails)))
    }


def _categories(names: Any) -> dict[str, int]:
    """Ids by folded name. Unknown ones are added, in the order in which the file names them."""
    known = {fold(category.name): category.id for category in categories.every()}
    for name in names:
        if name and fold(name) not in known:
            category = categories.add(name, by=None)
            db.session.flush()
            known[fold(name)] = category.id
    return known


def _ticket(row: Row, at: datetime) -> dict[str, Any]:
    """A ticket as it came. When it was finished nobody may know, so its own time stands for that."""
    since = row.created_at or at
    changed = max(since, row.changed_at or since)
    finished = row.status in FINISHED
    return {
        "external_id": row.external_id,
        "subject": row.subject,
        "description": row.description,
        "type": row.type,
        "status": row.status,
        "pending_reason": (row.pending_reason or _("imported as pending")) if row.status == "pending" else None,
        "priority": PRIORITY_RANKS[row.priority],
        "created_at": since,
        "activity_at": changed,
        "public_activity_at": changed,
        "resolved_at": row.resolved_at or (since if row.status == "resolved" else None) if finished else None,
        "finished_at": row.finished_at or since if finished else None,
    }


def _belongings(requester: int) -> dict[str, int]:
    return {"requester_id": requester, "raised_by_id": requester}


def _event(number: int, external_id: str | None, at: datetime) -> dict[str, Any]:
    """Written at once for the whole chunk, hence not by events.record: an import owes nobody a mail."""
    return {"kind": "imported", "public": True, "ticket_id": number, "facts": {"external_id": external_id}, "at": at}
