"""A made-up company for trying the desk out: its people, and three months of tickets played by the desk's own acts."""

from __future__ import annotations

import random
import secrets
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select, update

from helpdesk.accounts import passwords, people as everybody
from helpdesk.choices import FINISHED
from helpdesk.db import transactions
from helpdesk.demo import script
from helpdesk.demo.script import SPOKEN, Act, Play
from helpdesk.errors import Refused
from helpdesk.lists import saved_views
from helpdesk.text import fold
from helpdesk.tickets import categories, close_reasons, links, merging, messages, tags, tickets
from models import Category, Delivery, Person, ReadMark, Ticket, db

FOUNDED = timedelta(days=120)
_WORDS = ("saddle", "pedal", "harbour", "lantern", "meadow", "copper", "ribbon", "walnut", "thunder", "velvet", "orbit")


def fill(*, zone: ZoneInfo, at: datetime | None = None) -> tuple[list[Person], str]:
    """Fill an empty desk. Returns those who can sign in, admins and agents first, and the password they share.

    Raises Refused on a desk that has people. Nobody is owed a mail afterwards.
    """
    at = at or transactions.now()
    password = f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}"
    hashed = passwords.hash(password)
    with transactions.writing():
        if not everybody.nobody_yet():
            raise Refused(_("This desk has people already. The demo company needs an empty one."))
        cast = _hire(hashed, at)
        _perform(script.plays(at, zone), cast)
        _let_go(cast)
        _keep_views(cast)
        _remember_reading(cast)
        _send_nothing()
    accounts = [person for person in cast.values() if person.password_hash and person.is_active]
    return sorted(accounts, key=lambda person: ("admin", "agent", "user").index(person.role)), password


def _hire(hashed: str, at: datetime) -> dict[str, Person]:
    """Everybody by first name."""
    cast = {}
    for name, role, email in script.people():
        account = {} if role == "address" else {"password_hash": hashed, "confirmed_at": at - FOUNDED}
        known = role if role in ("admin", "agent") else "user"
        cast[fold(name.split()[0])] = everybody.add(name, email, role=known, at=at - FOUNDED, **account)
    return cast


def _perform(plays: list[Play], cast: dict[str, Person]) -> None:
    """All acts of all plays in the order in which they happened, so that numbers and times agree."""
    filed = {name: categories.add(name, by=_boss(cast)) for name in dict.fromkeys(play.category for play in plays)}
    on_stage: dict[str, Ticket] = {}
    cues = [(moment, number, step) for number, play in enumerate(plays) for step, moment in enumerate(play.moments)]
    for moment, number, step in sorted(cues):
        play = plays[number]
        if step == 0:
            on_stage[play.subject] = _raise(play, cast, filed[play.category], moment)
            continue
        act, ticket = play.acts[step - 1], on_stage[play.subject]
        if act.other is not None:
            _relate(act, ticket, on_stage[act.other], cast[act.who], moment)
        else:
            on_stage[play.subject] = _do(act, ticket, cast, moment)


def _boss(cast: dict[str, Person]) -> Person:
    return next(person for person in cast.values() if person.is_admin)


def _raise(play: Play, cast: dict[str, Person], category: Category, at: datetime) -> Ticket:
    return tickets.raise_ticket(
        by=cast[play.raised_by],
        requester=cast[play.requester],
        subject=play.subject,
        description=play.description,
        type=play.type,
        priority=play.priority,
        category=category,
        at=at,
    )


def _do(act: Act, ticket: Ticket, cast: dict[str, Person], at: datetime) -> Ticket:
    """Play one act. Returns the ticket the next one is about: a reply to a closed ticket goes to its follow-up."""
    by = cast.get(act.who)
    if by is None:
        tickets.set_status(ticket, "closed", by=None, at=at)
    elif act.verb in SPOKEN:
        return _speak(act, ticket, by, at)
    else:
        _change(act, ticket, by, cast, at)
    return ticket


def _relate(act: Act, ticket: Ticket, other: Ticket, by: Person, at: datetime) -> None:
    match act.verb:
        case "links":
            links.link(ticket, other, act.words.split()[0], by=by, at=at)
        case "duplicate":
            close_reasons.as_duplicate(ticket, other, by=by, at=at)
        case "merges":
            merging.merge(ticket, other, by=by, follow=True, at=at)


def _speak(act: Act, ticket: Ticket, by: Person, at: datetime) -> Ticket:
    if act.verb == "note":
        messages.note(ticket, act.words, by=by, at=at)
        return ticket
    answered = messages.reply(ticket, act.words, by=by, at=at)
    if act.verb == "resolves":
        tickets.set_status(ticket, "resolved", by=by, at=at, with_reply=True)
    return answered


def _change(act: Act, ticket: Ticket, by: Person, cast: dict[str, Person], at: datetime) -> None:
    match act.verb:
        case "takes":
            tickets.take(ticket, by=by, at=at)
        case "assigns":
            tickets.assign(ticket, to=cast[act.words], by=by, at=at)
        case "pending":
            tickets.set_status(ticket, "pending", reason=act.words, by=by, at=at)
        case "closes":
            tickets.set_status(ticket, "closed", by=by, at=at)
        case "reopens":
            tickets.reopen(ticket, by=by, at=at)
        case "priority":
            tickets.set_priority(ticket, act.words, by=by, at=at)
        case "tags":
            tags.add(ticket, tags.parse(act.words), by=by, at=at)
        case "watch":
            tickets.add_watcher(ticket, watcher=cast[act.words], by=by, at=at)
        case "trashes":
            tickets.trash(ticket, by=by, at=at)


def _let_go(cast: dict[str, Person]) -> None:
    """Whoever has left the company is switched off."""
    for name, role, _email in script.people():
        if role == "left":
            everybody.switch_off(cast[fold(name.split()[0])], by=_boss(cast))


def _keep_views(cast: dict[str, Person]) -> None:
    for name, query in script.views():
        saved_views.save(name, query, by=_boss(cast), shared=True)


def _remember_reading(cast: dict[str, Person]) -> None:
    """Most of what is older has been read by those it concerns, some of what is new has not."""
    chance = random.Random(1904)
    readers = [person for person in cast.values() if person.is_agent]
    for ticket in db.session.scalars(select(Ticket).order_by(Ticket.id)):
        if chance.random() < 0.85:
            _mark_read(ticket.requester, ticket, ticket.public_activity_at)
        for reader in readers:
            likely = 0.9 if ticket.status in FINISHED else 0.8 if ticket.assignee is reader else 0.4
            if reader is not ticket.requester and chance.random() < likely:
                _mark_read(reader, ticket, ticket.activity_at)


def _mark_read(person: Person, ticket: Ticket, at: datetime) -> None:
    db.session.add(ReadMark(person_id=person.id, ticket_id=ticket.id, seen_at=at))


def _send_nothing() -> None:
    """The mail log shows what would have gone out, cancelled; the log of the desk leaves out what never happened."""
    why = _("Nothing is sent to the demo company.")
    db.session.execute(update(Delivery).values(state="cancelled", last_error=why))
    db.session.info.pop("acts", None)
