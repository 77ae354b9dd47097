"""What each filter of a query means: for a list in SQL, and for one ticket in Python. The two must say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union,
)

from helpdesk.access import visibility
from helpdesk.accounts import name_keys
from helpdesk.attachments import files
from helpdesk.choices import ACTIVE, FINISHED, PRIORITY_RANKS
from helpdesk.query import time_ranges
from helpdesk.query.language import ME, NOBODY, QUOTES, Filter, slug, unquoted
from helpdesk.text import fold
from helpdesk.tickets import categories
from models import Attachment, ImportedTicket, Message, Person, Tag, Ticket, TicketTag, Watcher, db

Condition = ColumnElement[bool]
# Names that fit more people than this are too short to mean anybody.
NAMESAKES = 500
# So many people, and so many tickets, are looked up one by one.
FEW_PEOPLE, FEW = 20, 1_000


@dataclass(frozen=True)
class SearchContext:
    """Who asks, in which time zone, and when: what "me", "today" and "updated" mean depends on it.

    `filed` are all categories, each with its `id` and `name`, where whoever asks has read them already.
    """

    person: Person
    zone: ZoneInfo
    now: datetime
    filed: Sequence[Any] | None = None


@dataclass(frozen=True)
class Rule:
    """One field. `sql` and `judge` say for one value whether a ticket has it; neither is ever NULL."""

    sql: Callable[[str, SearchContext], Condition]
    judge: Callable[[str, SearchContext, Ticket], bool]


def where(filters: Iterable[Filter], asker: SearchContext) -> Condition:
    """Tickets that the person may see, that are not in the trash, and for which all filters hold."""
    seen = and_(visibility.visible_tickets(asker.person), Ticket.trashed_at.is_(None))
    if not asker.person.is_agent:
        # A look into two indexes first: with the rule alone a planner would walk through all tickets.
        seen = and_(numbered(own_ids(asker.person)), seen)
    return and_(seen, *(_condition(part, asker) for part in filters))


def numbered(ids: list[int]) -> Condition:
    """The tickets with these numbers of our own, written into the query: binding a thousand takes longer."""
    return Ticket.id.in_(bindparam(None, ids, Integer, expanding=True, literal_execute=True))


def own_ids(person: Person) -> list[int]:
    """The tickets somebody asked for or watches."""
    asked = select(Ticket.id).where(Ticket.requester_id == person.id)
    return list(db.session.scalars(union(asked, select(Watcher.ticket_id).where(Watcher.person_id == person.id))))


def _condition(part: Filter, asker: SearchContext) -> Condition:
    any_value = or_(false(), *(RULES[part.field].sql(value, asker) for value in part.values))
    return ~any_value if part.without else any_value


def holds(part: Filter, asker: SearchContext, ticket: Ticket) -> bool:
    return part.without is not any(RULES[part.field].judge(value, asker, ticket) for value in part.values)


# ---- people


def called(value: str, asker: SearchContext) -> list[int]:
    """Ids of the people a name means: any of their names begins so. For agents it may be their address as well: where
    the mail of those who work here goes is nothing that a requester may try out.
    """
    wanted = [name_keys.named(value)] + (name_keys.addressed(value) if asker.person.is_agent else [])
    ids = union(*wanted).subquery()
    return list(db.session.scalars(select(ids.c.person_id).order_by(ids.c.person_id).limit(NAMESAKES)))


def is_called(value: str, person: Person, asker: SearchContext) -> bool:
    return name_keys.is_named(value, person) or asker.person.is_agent and name_keys.is_addressed(value, person)


def people_named(value: str, most: int) -> list[Person]:
    """People one of whose names begins so, by name."""
    wanted = select(Person).where(Person.id.in_(name_keys.named(value)))
    return list(db.session.scalars(wanted.order_by(Person.folded_name, Person.id).limit(most)))


def _plain(folded: str) -> str:
    """Without quotation marks, which no value of a query can hold."""
    return unquoted(folded).replace("  ", " ")


def _plain_column(column: Any) -> ColumnElement[str]:
    """The same of a column."""
    for mark, instead in (*((mark, "") for mark in QUOTES), ("  ", " ")):
        column = func.replace(column, mark, instead, type_=String)
    return column  # type: ignore[no-any-return]


def _among(column: Any, ids: list[int]) -> Condition:
    if len(ids) > FEW_PEOPLE and len(_first(select(Ticket.id).where(column.in_(ids)))) > FEW:
        return and_(column.is_not(None), (column + 0).in_(ids))  # Not by its index: sorting them all would take long.
    return and_(column.is_not(None), column.in_(ids)) if ids else false()


def _first(wanted: Select[Any]) -> list[int]:
    """One more than FEW at most."""
    return list(db.session.scalars(wanted.limit(FEW + 1)))


def _one_of(wanted: Select[Any], otherwise: Condition) -> Condition:
    """The tickets with these ids, looked up where they are few: SQLite would walk through all tickets for them."""
    ids = _first(wanted)
    return numbered(ids) if len(ids) <= FEW else otherwise


def _assignee(value: str, asker: SearchContext) -> Condition:
    if value == NOBODY:
        return Ticket.assignee_id.is_(None)
    return _among(Ticket.assignee_id, [asker.person.id] if value == ME else called(value, asker))


def _has_assignee(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    if value == NOBODY or ticket.assignee is None:
        return value == NOBODY and ticket.assignee is None
    return ticket.assignee_id == asker.person.id if value == ME else is_called(value, ticket.assignee, asker)


def _requester(value: str, asker: SearchContext) -> Condition:
    return _among(Ticket.requester_id, [asker.person.id] if value == ME else called(value, asker))


def _has_requester(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    return ticket.requester_id == asker.person.id if value == ME else is_called(value, ticket.requester, asker)


# ---- category


def _category(value: str, asker: SearchContext) -> Condition:
    known = categories.every() if asker.filed is None else asker.filed
    ids = [category.id for category in known if slug(category.name) == value]
    filed = _among(Ticket.category_id, ids)
    return or_(Ticket.category_id.is_(None), filed) if value == "none" else filed


def _has_category(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    return value == (slug(ticket.category.name) if ticket.category else "none")


# ---- times


def _within(column: Any, value: str, asker: SearchContext) -> Condition:
    start, end = time_ranges.between(value, asker.zone, asker.now)
    return and_(true(), *([column >= start] if start else []), *([column < end] if end else []))


def _is_within(moment: datetime, value: str, asker: SearchContext) -> bool:
    start, end = time_ranges.between(value, asker.zone, asker.now)
    return (start is None or moment >= start) and (end is None or moment < end)


def _changed(asker: SearchContext) -> str:
    """Requesters must not learn from a time that there is a note."""
    return "activity_at" if asker.person.is_agent else "public_activity_at"


# ---- is and has

IS: dict[str, Rule] = {
    "unassigned": Rule(
        lambda value, asker: Ticket.assignee_id.is_(None), lambda value, asker, ticket: ticket.assignee_id is None
    ),
    "active": Rule(lambda value, asker: Ticket.status.in_(ACTIVE), lambda value, asker, t: t.status in ACTIVE),
    "finished": Rule(lambda value, asker: Ticket.status.in_(FINISHED), lambda value, asker, t: t.status in FINISHED),
}


def _message(kind: str) -> Rule:
    def sql(value: str, asker: SearchContext) -> Condition:
        said = exists().where(Message.ticket_id == Ticket.id, Message.kind == kind, Message.withdrawn_at.is_(None))
        return said if kind == "reply" or asker.person.is_agent else false()

    def judge(value: str, asker: SearchContext, ticket: Ticket) -> bool:
        said = select(Message.kind).where(Message.ticket_id == ticket.id, Message.withdrawn_at.is_(None))
        return (kind == "reply" or asker.person.is_agent) and kind in db.session.scalars(said).all()

    return Rule(sql, judge)


def _file(value: str, asker: SearchContext) -> Condition:
    holding = select(Attachment.ticket_id).where(Attachment.ticket_id.is_not(None)).distinct()
    visible = exists().where(Attachment.ticket_id == Ticket.id, visibility.visible_files(asker.person))
    return and_(_one_of(holding, true()), visible)


def _has_file(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    return bool(files.seen_by([ticket.id], asker.person))


HAS: dict[str, Rule] = {"reply": _message("reply"), "note": _message("note"), "file": Rule(_file, _has_file)}


# ---- tags


def _tagged(value: str, asker: SearchContext) -> Condition:
    """Requesters cannot ask for tags; should they ever get here, nothing bears one."""
    if not asker.person.is_agent:
        return false()
    meant = list(db.session.scalars(select(Tag.id).where(_plain_column(Tag.folded) == fold(value))))
    tagged = select(TicketTag.ticket_id).where(TicketTag.tag_id.in_(meant))
    return _one_of(tagged, exists(tagged.where(TicketTag.ticket_id == Ticket.id).correlate(Ticket)))


def _bears_tag(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    return asker.person.is_agent and fold(value) in {_plain(tag.folded) for tag in ticket.tags}


# ---- imports


def _imported(value: str, asker: SearchContext) -> Condition:
    """For agents: which tickets came together is nothing that a requester may ask."""
    if not asker.person.is_agent:
        return false()
    came = select(ImportedTicket.ticket_id).where(ImportedTicket.import_id == int(value))
    return _one_of(came, exists(came.where(ImportedTicket.ticket_id == Ticket.id).correlate(Ticket)))


def _came_with(value: str, asker: SearchContext, ticket: Ticket) -> bool:
    return asker.person.is_agent and db.session.get(ImportedTicket, (int(value), ticket.id)) is not None


RULES: dict[str, Rule] = {
    "status": Rule(lambda value, asker: Ticket.status == value, lambda value, asker, ticket: ticket.status == value),
    "priority": Rule(
        lambda value, asker: Ticket.priority == PRIORITY_RANKS[value],
        lambda value, asker, ticket: ticket.priority == PRIORITY_RANKS[value],
    ),
    "assignee": Rule(_assignee, _has_assignee),
    "requester": Rule(_requester, _has_requester),
    "category": Rule(_category, _has_category),
    "created": Rule(
        lambda value, asker: _within(Ticket.created_at, value, asker),
        lambda value, asker, ticket: _is_within(ticket.created_at, value, asker),
    ),
    "updated": Rule(
        lambda value, asker: _within(getattr(Ticket, _changed(asker)), value, asker),
        lambda value, asker, ticket: _is_within(getattr(ticket, _changed(asker)), value, asker),
    ),
    "tag": Rule(_tagged, _bears_tag),
    "imported": Rule(_imported, _came_with),
    "is": Rule(
        lambda value, asker: IS[value].sql(value, asker),
        lambda value, asker, ticket: IS[value].judge(value, asker, ticket),
    ),
    "has": Rule(
        lambda value, asker: HAS[value].sql(value, asker),
        lambda value, asker, ticket: HAS[value].judge(value, asker, ticket),
    ),
}
