"""Tags: words that agents mark tickets with. Requesters meet them nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import exists, insert, select
from sqlalchemy.exc import IntegrityError

from helpdesk import changes, events, tickets
from helpdesk.errors import Refused
from helpdesk.text import clean, fold
from helpdesk.words import TAG_MAX, TAGS_MAX
from models import Person, Tag, Ticket, TicketTag, db


def parse(typed: str) -> list[str]:
    """The tags in what was typed, parted by commas, each once. Raises Refused for one that is too long."""
    found: dict[str, str] = {}
    for part in typed.split(","):
        name = " ".join(clean(part).split()).lstrip("#").strip()
        if len(name) > TAG_MAX:
            raise Refused(_("A tag has at most %(max)s characters: “%(name)s…”", max=TAG_MAX, name=name[:TAG_MAX]))
        if fold(name):
            found.setdefault(fold(name), name)
    if len(found) > TAGS_MAX:
        raise Refused(_("A ticket has at most %(max)s tags.", max=TAGS_MAX))
    return list(found.values())


def refuse_both(*, added: str, removed: str) -> None:
    """Raises Refused where one is to come and go at once, and for what `parse` refuses."""
    coming = {fold(name) for name in parse(added)}
    if both := [name for name in parse(removed) if fold(name) in coming]:
        raise Refused(_("A tag cannot be added and taken off at once: %(name)s", name=both[0]))


def set_tags(ticket: Ticket, names: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    """These tags and no others. Raises Refused where they are too many."""
    tickets.refuse_trashed(ticket)
    wanted = {fold(name): name for name in names}
    if len(wanted) > TAGS_MAX:
        raise Refused(_("A ticket has at most %(max)s tags.", max=TAGS_MAX))
    present = {tag.folded: tag for tag in ticket.tags}
    if wanted.keys() == present.keys():
        return
    unborne = wanted.keys() - present.keys()
    known = find(unborne) if unborne else {}
    new = [present.get(key) or known.get(key) or _make(wanted[key], key) for key in sorted(wanted)]
    what = _told(new, [tag for key, tag in present.items() if key not in wanted], present)
    change = changes.make(ticket, tags=new)
    events.record("tagged", ticket=ticket, by=by, at=at, what=what, change=change)


def add(ticket: Ticket, names: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    """These tags besides those that the ticket has."""
    set_tags(ticket, [*(tag.name for tag in ticket.tags), *names], by=by, at=at)


def remove(ticket: Ticket, names: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    gone = {fold(name) for name in names}
    set_tags(ticket, [tag.name for tag in ticket.tags if tag.folded not in gone], by=by, at=at)


def bear(named: Mapping[int, Sequence[str]]) -> None:
    """Give many new tickets their tags at once, by number. No event tells of it."""
    wanted = {fold(name): name for names in named.values() for name in names}
    known = find(wanted) if wanted else {}
    found = {folded: known.get(folded) or _make(name, folded) for folded, name in wanted.items()}
    rows = [{"ticket_id": number, "tag_id": found[fold(one)].id} for number, names in named.items() for one in names]
    if rows:
        db.session.execute(insert(TicketTag), rows)


def _told(new: list[Tag], gone: list[Tag], present: dict[str, Tag]) -> str:
    parts = []
    if added := [tag.name for tag in new if tag.folded not in present]:
        parts.append(_("added %(names)s", names=", ".join(added)))
    if gone:
        parts.append(_("removed %(names)s", names=", ".join(tag.name for tag in gone)))
    return "; ".join(parts)


def find(folded: Iterable[str]) -> dict[str, Tag]:
    return {tag.folded: tag for tag in db.session.scalars(select(Tag).where(Tag.folded.in_(list(folded))))}


def _make(name: str, folded: str) -> Tag:
    """A new tag, or the one that somebody else made in this moment."""
    tag = Tag(name=name, folded=folded)
    try:
        with db.session.begin_nested():
            db.session.add(tag)
    except IntegrityError:
        return find([folded])[folded]
    return tag


def used(most: int = 200) -> list[str]:
    """Tags that some ticket bears, to offer while an agent types."""
    wanted = select(Tag.name).where(exists().where(TicketTag.tag_id == Tag.id))
    return list(db.session.scalars(wanted.order_by(Tag.folded).limit(most)))
