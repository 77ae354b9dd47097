"""What stands around a ticket or a list, in one look: who could have it, who watches it, who is there, its tags."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, String, and_, literal, select, union_all

from helpdesk.access import visibility
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.lists import ticket_lists
from helpdesk.lists.filter_choices import Found, Named, agents, categories, named, part, parted, people
from helpdesk.live import presence
from helpdesk.tickets import links as tickets_links
from helpdesk.tickets.editing import by_agents
from models import Delivery, Event, Person, ReadMark, Tag, Ticket, TicketTag, Watcher


@dataclass(frozen=True)
class Sidebar:
    """`others` are further tickets of the requester, counted to a cap. `unread` says that something here is news to
    the reader, `read` that they have seen the ticket as it is. `touched`: see editing.py. `merged` are the
    numbers of tickets that were merged into it; its `tags` and `links` are for agents.
    """

    agents: tuple[Named, ...]
    categories: tuple[Named, ...]
    watchers: tuple[Named, ...]
    present: list[str]
    tags: tuple[str, ...]
    links: tuple[tickets_links.Link, ...]
    merged: list[int]
    others: int
    follows: int | None
    touched: bool
    unread: bool
    read: bool


def load(ticket: Ticket, reader: Person, at: datetime | None = None) -> Sidebar:
    """One query, of one row for each thing found."""
    found = parted(_query(role_key(reader)).ask(ticket, reader, Clock(presence.since(at))))
    return Sidebar(
        agents=named(found, "agent"),
        categories=named(found, "category"),
        watchers=named(found, "watcher"),
        present=presence.sentences([(row.name, row.place < 0) for row in found.get("present", [])]),
        tags=tuple(row.name for row in found.get("tag", [])),
        links=tickets_links.linked([(row.id, row.name, row.folded) for row in found.get("link", [])]),
        merged=[row.id for row in found.get("merged", [])],
        others=found["others"][0].place if "others" in found else 0,
        follows=ticket.follows_id if "follows" in found else None,
        touched="touched" in found,
        unread="unread" in found,
        read="read" in found,
    )


@dataclass(frozen=True)
class Clock:
    since: datetime


@cache
def _query(kind: RoleKey) -> Prepared:
    ticket: Any = Param("ticket")
    reader, clock = reader_of(kind), Param("clock")
    parts = [_watchers(ticket), _follows(ticket, reader), _unread(ticket, reader), _read(ticket, reader)]
    parts.append(part("merged", select(Ticket.id).where(Ticket.merged_into_id == ticket.id)))
    if reader.is_agent:
        there = presence.others(ticket, reader, clock.since)
        parts += [agents(), categories(), _others(ticket), part("present", there), _tags(ticket)]
        parts += [part("link", one) for one in tickets_links.of(ticket, reader)]
    else:
        parts.append(_touched(ticket))
    return Prepared(union_all(*parts), ticket, reader, clock)


def _watchers(ticket: Ticket) -> Found:
    wanted = select(Person).join(Watcher, Watcher.person_id == Person.id)
    return part("watcher", people(wanted.where(Watcher.ticket_id == ticket.id)))


def _tags(ticket: Ticket) -> Found:
    wanted = select(Tag.id, Tag.name, literal(0, Integer), Tag.folded).join(TicketTag, TicketTag.tag_id == Tag.id)
    return part("tag", wanted.where(TicketTag.ticket_id == ticket.id))


def _others(ticket: Ticket) -> Found:
    return part("others", select(literal(0, Integer), literal("", String), ticket_lists.other_tickets(ticket)))


def _follows(ticket: Ticket, reader: Person) -> Found:
    return part("follows", select(Ticket.id).where(Ticket.id == ticket.follows_id, visibility.visible_tickets(reader)))


def _touched(ticket: Ticket) -> Found:
    return part("touched", by_agents(ticket).limit(1))


def _unread(ticket: Ticket, reader: Person) -> Found:
    owed = select(Delivery.id).join(Event, Event.id == Delivery.event_id)
    mine = Delivery.person_id == reader.id, Delivery.seen_at.is_(None), Event.ticket_id == ticket.id
    return part("unread", owed.where(*mine).limit(1))


def _read(ticket: Ticket, reader: Person) -> Found:
    until = ticket.activity_at if reader.is_agent else ticket.public_activity_at
    mine = and_(ReadMark.person_id == reader.id, ReadMark.ticket_id == ticket.id, ReadMark.seen_at >= until)
    return part("read", select(ReadMark.ticket_id).where(mine))
