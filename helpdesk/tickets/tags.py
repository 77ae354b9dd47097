"""Tags: words that agents mark tickets with. Requesters meet them nowhere."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import exists, insert, select
from sqlalchemy.exc import IntegrityError

from helpdesk.choices import TAGS_MAX, TAG_MAX
from helpdesk.errors import Refused
from helpdesk.events import changes, events
from helpdesk.text import clean, clean_line, fold
from helpdesk.tickets import tickets
from models import Person, Tag, Ticket, TicketTag, db

# What models.Tag.folded takes: a single character may fold to eighteen.
FOLDED_MAX = 120
# A query quotes what it looks for with any of these, so a tag that holds one could not be asked for.
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»＂'))
# Kinds of characters that leave no trace on the page, and letters and symbols that look like nothing all the same.
_UNSEEN, _BLANK = ("Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs"), "\u115f\u1160\u2800\u3164\uffa0"


def parse(typed: str) -> list[str]:
    """The tags in what was typed, parted by commas, each once. Raises Refused for one that cannot be kept."""
    found: dict[str, str] = {}
    for name in filter(None, map(_bare, typed.split(","))):
        if len(name) > TAG_MAX:
            raise Refused(_("A tag has at most %(max)s characters: “%(name)s…”", max=TAG_MAX, name=name[:TAG_MAX]))
        if len(fold(name)) > FOLDED_MAX:
            raise Refused(_("The characters of this tag take up too much room, use fewer of them: %(name)s", name=name))
        if all(unicodedata.category(one) in _UNSEEN or one in _BLANK for one in name) or not fold(name):
            raise Refused(_("A tag needs a letter, a number or a sign that can be seen."))
        found.setdefault(fold(name), clean_line(name))
    if len(found) > TAGS_MAX:
        raise Refused(_("A ticket has at most %(max)s tags.", max=TAGS_MAX))
    return list(found.values())


def _bare(typed: str) -> str:
    return " ".join(clean(typed.translate(_QUOTES)).split()).lstrip("#").strip()


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
    what = _change_sentence(new, [tag for key, tag in present.items() if key not in wanted], present)
    change = changes.make(ticket, tags=new)
    events.record("tagged", ticket=ticket, by=by, at=at, what=what, change=change)


def add(ticket: Ticket, names: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    """These tags besides those that the ticket has."""
    change(ticket, [], names, by=by, at=at)


def remove(ticket: Ticket, names: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    change(ticket, names, [], by=by, at=at)


def change(ticket: Ticket, gone: Iterable[str], new: Iterable[str], *, by: Person, at: datetime | None = None) -> None:
    """Take some off and add others, whatever others it bears."""
    keys = {fold(name) for name in gone}
    # From times when a tag could hold quotation marks there may be one that nobody can type any more.
    kept = [tag.name for tag in ticket.tags if not keys & {tag.folded, fold(_bare(tag.name))}]
    set_tags(ticket, [*kept, *new], by=by, at=at)


def save(ticket: Ticket, typed: str, *, was: str | None, by: Person, at: datetime | None = None) -> None:
    """What somebody made of the tags that they saw; what others did meanwhile stays. Raises Refused as `parse` does.

    Where it is not known what they saw (`was` is None), the ticket bears what was typed and no other.
    """
    wanted = {fold(name): name for name in parse(typed)}
    seen = [tag.name for tag in ticket.tags] if was is None else was.split(",")
    known = {fold(name): name for name in map(_bare, seen)}
    gone = [name for key, name in known.items() if key not in wanted]
    change(ticket, gone, [name for key, name in wanted.items() if key not in known], by=by, at=at)


def bear(named: Mapping[int, Sequence[str]]) -> None:
    """Give many new tickets their tags at once, by number. No event tells of it."""
    wanted = {fold(name): name for names in named.values() for name in names}
    known = find(wanted) if wanted else {}
    found = {folded: known.get(folded) or _make(name, folded) for folded, name in wanted.items()}
    rows = [{"ticket_id": number, "tag_id": found[fold(one)].id} for number, names in named.items() for one in names]
    if rows:
        db.session.execute(insert(TicketTag), rows)


def _change_sentence(new: list[Tag], gone: list[Tag], present: dict[str, Tag]) -> str:
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


def used(most: int = 200, *, begun: str = "") -> list[str]:
    """Tags that some ticket bears and that begin so, to offer while an agent types."""
    wanted = select(Tag.name).where(exists().where(TicketTag.tag_id == Tag.id))
    wanted = wanted.where(Tag.folded.startswith(fold(begun), autoescape=True)) if begun else wanted
    return list(db.session.scalars(wanted.order_by(Tag.folded).limit(most)))
