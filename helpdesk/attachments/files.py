"""Files that come with tickets and messages: kept while their form is written, sent with it, and given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from types import SimpleNamespace

from flask_babel import gettext as _, ngettext
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from helpdesk.access import visibility
from helpdesk.choices import ALT_MAX
from helpdesk.db import transactions
from helpdesk.db.statements import Param, Prepared, RoleKey, reader_of, role_key
from helpdesk.errors import Refused
from helpdesk.text import clean
from models import Attachment, Draft, Import, Message, Person, Ticket, db


class Unavailable(Refused):
    """Not the person's fault: something that the files need does not work just now."""


@dataclass(frozen=True)
class StoredFile:
    """A file that has been looked at and lies on a storage: what its row will say."""

    name: str
    kind: str
    media_type: str
    size: int
    sha256: str
    place: str
    key: str
    small_key: str | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class StoredObject:
    """Where a file lies, for those who move the bytes."""

    place: str
    key: str


# ---- while the form is written


def refuse_many(person: Person, path: str, *, most: int) -> None:
    """Raises Refused where the form that posts to `path` has all the files it can take."""
    if (db.session.scalar(select(func.count()).where(*_of_form(person, path))) or 0) >= most:
        raise Refused(too_many(most))


def too_many(most: int) -> str:
    return str(ngettext("At most %(num)s file can be attached.", "At most %(num)s files can be attached.", most))


def refuse_beyond_quota(person: Person, size: int, *, most: int) -> None:
    """Raises Refused where the person's files, sent or not, would take more than `most` bytes with this one."""
    used = db.session.scalar(select(func.sum(Attachment.size)).where(Attachment.uploader_id == person.id)) or 0
    if used + size > most:
        why = _(
            "You have used up the %(most)s MB that one person has for files. "
            "Remove files that you have not sent yet, or ask one of the admins.",
            most=most // 1024**2,
        )
        raise Refused(why)


def keep(person: Person, path: str, taken: StoredFile, *, most: int, at: datetime | None = None) -> Attachment:
    """Let the file belong to the person and the form that posts to `path` until that is sent. Raises Refused."""
    refuse_many(person, path, most=most)
    file = Attachment(**asdict(taken), uploader_id=person.id, path=path, alt="", created_at=at or transactions.now())
    db.session.add(file)
    db.session.flush()
    return file


def of_form(person: Person, path: str) -> list[Attachment]:
    """What the person has added to the form and not sent yet, in that order."""
    return list(db.session.scalars(select(Attachment).where(*_of_form(person, path)).order_by(Attachment.id)))


def chosen(person: Person, path: str, numbers: Iterable[int], *, most: int) -> list[Attachment]:
    """Those of them that shall be sent. Raises Refused where one is gone, or where there are too many."""
    wanted = set(numbers)
    found = [file for file in of_form(person, path) if file.id in wanted]
    if len(found) < len(wanted):
        raise Refused(_("A file is no longer there. Look at the list, attach it again, then send."))
    if len(found) > most:
        raise Refused(too_many(most))
    return found


def _of_form(person: Person, path: str) -> tuple[ColumnElement[bool], ...]:
    return Attachment.uploader_id == person.id, Attachment.path == path


# ---- sending


def attach(files: Sequence[Attachment], *, ticket: Ticket, message: Message | None = None) -> None:
    """From now on they belong to the message, or to the ticket's description."""
    for file in files:
        file.ticket_id, file.message_id, file.path = ticket.id, message.id if message else None, None


def describe(file: Attachment, alt: str) -> None:
    """What a picture shows, for those who cannot see it."""
    file.alt = " ".join(clean(alt).split())[:ALT_MAX]


def give_back(message: Message, path: str) -> None:
    """The message was taken back: its files are in the form again, to go on with."""
    for file in db.session.scalars(select(Attachment).where(Attachment.message_id == message.id)):
        file.ticket_id, file.message_id, file.path = None, None, path


def release(person: Person, path: str, numbers: Iterable[int] | None = None) -> None:
    """Give up what was added to the form and not sent: all of it, or these."""
    given_up = update(Attachment).where(*_of_form(person, path))
    if numbers is not None:
        given_up = given_up.where(Attachment.id.in_(set(numbers)))
    db.session.execute(given_up.values(path=None), execution_options={"synchronize_session": "fetch"})


# ---- reading


@dataclass(frozen=True)
class PageFiles:
    """The files of a page: those sent, by ticket and message (None: its description), and those in its forms."""

    sent: dict[tuple[int, int | None], list[Attachment]]
    added: dict[str, list[Attachment]]


def of_page(numbers: Sequence[int], reader: Person, paths: Sequence[str]) -> PageFiles:
    """In one query: what came with these tickets and may be seen, and what the reader has added to their forms."""
    found = PageFiles({}, {path: [] for path in paths})
    for file in _files_of_page(role_key(reader)).ask(reader, SimpleNamespace(numbers=numbers, paths=paths)).scalars():
        if file.ticket_id is not None:
            found.sent.setdefault((file.ticket_id, file.message_id), []).append(file)
        else:
            found.added[str(file.path)].append(file)
    return found


@cache
def _files_of_page(kind: RoleKey) -> Prepared:
    reader, wanted = reader_of(kind), Param("wanted")
    sent = and_(Attachment.ticket_id.in_(wanted.numbers), visibility.visible_files(reader))
    added = and_(Attachment.uploader_id == reader.id, Attachment.path.in_(wanted.paths))
    return Prepared(select(Attachment).where(or_(sent, added)).order_by(Attachment.id), reader, wanted)


def seen_by(numbers: Sequence[int], reader: Person) -> list[Attachment]:
    """Of a ticket the reader sees and all that were merged into it: `numbers`."""
    wanted = select(Attachment).where(Attachment.ticket_id.in_(numbers), visibility.visible_files(reader))
    return list(db.session.scalars(wanted.order_by(Attachment.id)))


def names_with(ticket: Ticket, message: Message | None) -> list[str]:
    """The names of what came with the message, or with the description."""
    belongs = Attachment.message_id == message.id if message else Attachment.message_id.is_(None)
    wanted = select(Attachment.name).where(Attachment.ticket_id == ticket.id, belongs)
    return list(db.session.scalars(wanted.order_by(Attachment.id)))


# ---- what nobody wants any more


def collect(*, unsent_since: datetime, most: int = 100, at: datetime | None = None) -> list[StoredObject]:
    """Remove the rows of files that were given up, or whose form was not sent `unsent_since` then; `most` a call.

    Returns what then lies on a storage for nobody: it may go once this transaction is committed, and not before.
    """
    at = at or transactions.now()
    kept = exists().where(Draft.person_id == Attachment.uploader_id, Draft.path == Attachment.path)
    forgotten = Attachment.path.is_not(None) & (Attachment.created_at < unsent_since) & ~kept
    given_up = Attachment.path.is_(None) & (Attachment.created_at < at - timedelta(minutes=1))
    wanted = select(Attachment).where(Attachment.ticket_id.is_(None), or_(given_up, forgotten))
    found = db.session.scalars(wanted.order_by(Attachment.id).limit(most).with_for_update(skip_locked=True)).all()
    lying = [one for file in found for one in stored_objects(file)]
    db.session.execute(delete(Attachment).where(Attachment.id.in_([file.id for file in found])))
    return lying


def stored_objects(file: Attachment) -> list[StoredObject]:
    return [StoredObject(file.place, key) for key in (file.key, file.small_key) if key is not None]


def unknown(keys: Sequence[str]) -> set[str]:
    """Those of the keys that belong to no row: a file, or one of an import."""
    columns = (Attachment.key, Attachment.small_key, Import.file_key, Import.replies_key, Import.left_out_key)
    return set(keys).difference(*(db.session.scalars(select(name).where(name.in_(keys))) for name in columns))


# ---- for whoever runs the desk


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(Attachment)) or 0


def lying_elsewhere(place: str) -> int:
    return db.session.scalar(select(func.count()).where(Attachment.place != place)) or 0


def after(number: int, *, most: int = 100) -> list[Attachment]:
    """All files of the desk in the order in which they came, a part at a time: those after the id `number`."""
    wanted = select(Attachment).where(Attachment.id > number).order_by(Attachment.id).limit(most)
    return list(db.session.scalars(wanted))


def moved(number: int, *, to: str) -> bool:
    """The file lies on the storage `to` now. False where its row is gone meanwhile."""
    file = db.session.get(Attachment, number, with_for_update=True)
    if file is not None:
        file.place = to
    return file is not None
