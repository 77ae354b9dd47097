"""Asks the queries of lists, searches and tickets before the first page does, as each role, and finds nothing by them.

Each is built, compiled and sent to the database once. It takes as long as a page in a new process would wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from helpdesk.access import lookups
from helpdesk.accounts import sessions
from helpdesk.attachments import files
from helpdesk.choices import ROLES
from helpdesk.db import transactions
from helpdesk.lists import filter_choices, ticket_lists
from helpdesk.lists.saved_views import STANDING
from helpdesk.notifications import inbox
from helpdesk.query import language
from helpdesk.reports import dashboard
from helpdesk.search import filters, search, snippets
from helpdesk.tickets import drafts, sidebar, timeline
from models import Person, Ticket

log = logging.getLogger("desk.start")

# No person and no ticket has it.
NOBODY = 0


def run() -> bool:
    """Whether all could be asked. While the database does not answer or has no tables, they cannot."""
    return all(_works(part, _person(role)) for role in ROLES for part in (_sessions, _lists, _searches, _tickets))


def check() -> bool:
    """Whether one list, one search and one ticket can be asked for. Where not, the log says why."""
    return all(_works(part, _person("agent")) for part in (_first_list, _search, _ticket))


def _works(ask: Callable[[Person], None], reader: Person) -> bool:
    try:
        ask(reader)
        return True
    except SQLAlchemyError as error:
        # A database that is away is no news here; a query that cannot be built is.
        trouble = error.orig if isinstance(error, DBAPIError) else error
        log.warning("a query of pages cannot be asked: %s", trouble, exc_info=not isinstance(error, DBAPIError))
        return False
    finally:
        transactions.rollback()


def _person(role: str) -> Person:
    return Person(id=NOBODY, name="", email="", role=role)


def _sessions(reader: Person) -> None:
    sessions.find("")
    inbox.unread(reader)
    inbox.listing(reader)


def _lists(reader: Person) -> None:
    for finished in (False, True):
        ticket_lists.own(reader, finished=finished)
    if reader.is_agent:
        _first_list(reader)
        filter_choices.choices(reader)
        ticket_lists.counts(reader, STANDING)
        dashboard.figures(reader, ZoneInfo("UTC"))
        for view in STANDING:
            ticket_lists.listing(view, reader)


def _first_list(reader: Person) -> None:
    ticket_lists.listing("new", reader)


def _searches(reader: Person) -> None:
    for typed in ("printer", "status:open", "printer status:open created:<7d"):
        _search(reader, typed)
    ticket_lists.found(Ticket.id.in_([NOBODY]), reader)


def _search(reader: Person, typed: str = "printer") -> None:
    wanted = language.parse(typed, language.known_to(agent=reader.is_agent))
    search.run(wanted, filters.SearchContext(reader, ZoneInfo("UTC"), transactions.now()))
    snippets.of([NOBODY], wanted, reader)


def _tickets(reader: Person) -> None:
    lookups.find_ticket(reader, NOBODY, to_change=True)
    _ticket(reader)


def _ticket(reader: Person) -> None:
    lookups.find_ticket(reader, NOBODY, to_change=False)
    ticket = Ticket(id=NOBODY, requester_id=NOBODY)
    sidebar.load(ticket, reader)
    timeline.timeline(ticket, reader, 1)
    files.of_page([NOBODY], reader, [""])
    drafts.under(reader, [""])
