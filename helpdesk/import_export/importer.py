"""Tickets from another system or an export: rows of a file kept in chunks, so that the desk stays usable meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from helpdesk.accounts import people
from helpdesk.choices import FINISHED, PRIORITY_RANKS
from helpdesk.db import transactions
from helpdesk.email_addresses import fold_address
from helpdesk.import_export import external_ids, import_file, imported_people, undo as import_undo
from helpdesk.import_export.import_rows import Bad, Place, Row
from helpdesk.import_export.outcome import Outcome, Resumed
from helpdesk.import_export.reading import cells, comments as import_comments
from helpdesk.notifications import mail_server
from helpdesk.search_index import indexer
from helpdesk.text import fold
from helpdesk.tickets import categories, tags
from models import Event, Import, Person, Ticket, db

CHUNK = 500
TRIES = 3


def run(
    plan: import_file.Plan,
    *,
    host: str,
    progress: Callable[[int], None],
    server: str = "",
    replies: Mapping[str, Sequence[cells.Comment]] = MappingProxyType({}),
    by: Person | None = None,
    at: datetime | None = None,
    outcome: Outcome | None = None,
    resumed: Resumed | None = None,
) -> Outcome:
    """Import the file of the plan; `progress` is told how many more of its lines are done, `host` is the desk's own,
    `server` the mail server's (helpdesk/notifications/mail_server.py).

    `replies` are comments from a second file, by external id. Each chunk is a transaction of its own: an import that
    was interrupted goes on where it was when run again. `outcome` is what it had come to by then.
    """
    at, done = at or transactions.now(), 0
    outcome = outcome or Outcome()
    outcome.number = resumed.number if resumed else None
    agents = {agent.email: agent.id for agent in people.agents()}
    for good, bad, last in _judged_chunks(plan, at, agents, server):
        outcome.leave_out(bad)
        if resumed is None or last > resumed.line:
            good = [_with_replies(row, replies) for row in good]
            holders = agents | _former({row.assignee_email for row in good} - agents.keys())
            outcome.leave_unassigned([_unassigned(row) for row in good if row.assignee_email not in {"", *holders}])
            if outcome.number is None:
                outcome.number = _begin(plan, by, at)
            outcome = _keep(_Chunk(good, nobody(host), holders, at, outcome.number, last), outcome, resumed)
        progress(last - done)
        done = last
    if resumed is None:
        _finish(outcome)
    return outcome


def trial(
    plan: import_file.Plan,
    at: datetime | None = None,
    *,
    server: str = "",
    outcome: Outcome | None = None,
    progress: Callable[[int], None] = lambda lines: None,
) -> Outcome:
    """What an import would do, found out without writing anything: `added` are the tickets that would come."""
    outcome, done = outcome or Outcome(), 0
    agents = {agent.email: agent.id for agent in people.agents()}
    for good, bad, last in _judged_chunks(plan, at or transactions.now(), agents, server):
        outcome.leave_out(bad)
        known = _here(good) if good else set()
        outcome = outcome.after(good, {row.external_id for row in good} - known)
        transactions.rollback()
        progress(last - done)
        done = last
    return outcome


def _judged_chunks(
    plan: import_file.Plan, at: datetime, agents: dict[str, int], server: str
) -> Iterator[tuple[list[Row], list[Bad], int]]:
    """The rows of the file in chunks, good and bad ones apart, each with the line on which its last row begins."""
    found, seen = import_file.rows(plan, at), dict[str, Place]()
    while chunk := list(itertools.islice(found, CHUNK)):
        judged = [_judged(row, seen, agents, server) for row in chunk]
        good = [row for row in judged if isinstance(row, Row)]
        yield good, [row for row in judged if isinstance(row, Bad)], chunk[-1].place.in_all


def _begin(plan: import_file.Plan, by: Person | None, at: datetime) -> int:
    with transactions.writing():
        made = Import(file_name=plan.path.name[:255], person_id=by.id if by else None, started_at=at)
        db.session.add(made)
        db.session.flush()
        return made.id


def _finish(outcome: Outcome) -> None:
    """Keep the counts. An import that added nothing leaves no trace, so there is nothing to take back."""
    if outcome.number is None:
        return
    with transactions.writing():
        if not outcome.added:
            db.session.execute(delete(Import).where(Import.id == outcome.number))
            outcome.number = None
            return
        counts = {"added": outcome.added, "known": outcome.known, "left_out": outcome.left_out}
        db.session.execute(
            update(Import).where(Import.id == outcome.number).values(finished_at=transactions.now(), **counts)
        )


def nobody(host: str) -> str:
    """The address of the requester "Imported", to whom rows without a requester belong."""
    try:
        return fold_address(f"imported@{host}")
    except ValueError:
        return "imported@helpdesk.example"


def _judged(row: Row | Bad, seen: dict[str, Place], agents: dict[str, int], server: str) -> Row | Bad:
    """The same external_id twice in a file is a mistake in the file: the first one counts."""
    if isinstance(row, Bad):
        return row
    if row.assignee_email and row.assignee_email not in agents and row.status not in FINISHED:
        who = row.assignee_email
        why = _("assignee_email is nobody who works on tickets here: %(who)s. Invite them first.", who=who)
        return Bad(row.place, why, row.cells)
    email = row.requester_email
    if (why := mail_server.why_unreachable(email, server=server)) and people.by_address(email) is None:
        return Bad(row.place, f"requester_email: {why}", row.cells)
    first = seen.setdefault(row.external_id, row.place)
    if first == row.place:
        return row
    why = _("external_id %(id)s stands on %(place)s already.", id=row.external_id, place=first)
    return Bad(row.place, why, row.cells)


def _former(emails: set[str]) -> dict[str, int]:
    """Who had a finished ticket may have left, or do other work now."""
    return imported_people.ids(emails - {""}) if emails - {""} else {}


def _with_replies(row: Row, replies: Mapping[str, Sequence[cells.Comment]]) -> Row:
    more = replies.get(row.external_id)
    return replace(row, comments=(*row.comments, *more)) if more else row


def _unassigned(row: Row) -> Bad:
    return Bad(
        row.place, _("assignee_email is nobody here: %(who)s. The ticket has no assignee.", who=row.assignee_email)
    )


@dataclass(frozen=True)
class _Chunk:
    """Rows to insert, the address of the requester "Imported", ids of assignees by address, the import's number, and
    the line on which the last row begins.
    """

    rows: list[Row]
    nobodys: str
    holders: dict[str, int]
    at: datetime
    number: int
    last: int


def _keep(chunk: _Chunk, outcome: Outcome, resumed: Resumed | None) -> Outcome:
    """Insert what is new. Returns the outcome by then. Tried again where somebody took an address or id meanwhile."""
    for tries_left in range(TRIES - 1, -1, -1):
        try:
            with transactions.writing():
                if resumed:
                    resumed.lock()
                after = outcome.after(chunk.rows, _insert(chunk))
                if resumed:
                    resumed.note(after, chunk.last)
            return after
        except DBAPIError as error:
            if not tries_left or not (isinstance(error, IntegrityError) or transactions.lost_a_race(error)):
                raise
    return outcome


def _insert(chunk: _Chunk) -> set[str]:
    known = _here(chunk.rows)
    fresh = [row for row in chunk.rows if row.external_id not in known]
    if not fresh:
        return set()
    named = {row.requester_email or chunk.nobodys: row.requester_name for row in fresh}
    authors = {comment.author or chunk.nobodys: comment.name for row in fresh for comment in row.comments}
    people_by_address = imported_people.ids_by_address(authors | named, chunk.nobodys, chunk.at)
    filed = _categories(row.category for row in fresh)
    tickets = [
        _ticket(row, chunk.at)
        | _belongings(people_by_address[row.requester_email or chunk.nobodys])
        | {"category_id": filed.get(fold(row.category)), "assignee_id": chunk.holders.get(row.assignee_email)}
        for row in fresh
    ]
    db.session.execute(insert(Ticket), tickets)
    found = db.session.execute(select(Ticket.external_id, Ticket.id).where(_among(fresh)).order_by(Ticket.id)).all()
    numbers = {str(external_id): number for external_id, number in found}
    events = [_event(numbers[row.external_id], row.external_id, chunk.at) for row in fresh]
    db.session.execute(insert(Event), sorted(events, key=itemgetter("ticket_id")))
    import_comments.insert_all(
        {numbers[row.external_id]: row for row in fresh}, people_by_address, chunk.nobodys, chunk.at
    )
    indexer.index_new((numbers[row.external_id], row.subject, row.description) for row in fresh)
    tags.bear({numbers[row.external_id]: row.tags for row in fresh})
    import_undo.note(chunk.number, [*numbers.values()])
    return {*numbers}


def _here(rows: list[Row]) -> set[str]:
    """The external ids of those whose ticket is here already."""
    known = {str(one) for one in db.session.scalars(select(Ticket.external_id).where(_among(rows)))}
    return known | external_ids.at_home(row.external_id for row in rows)


def _among(rows: list[Row]) -> Any:
    return Ticket.external_id.in_([row.external_id for row in rows])


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
    changed = max(since, row.changed_at or since, *(comment.at for comment in row.comments if comment.at))
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
