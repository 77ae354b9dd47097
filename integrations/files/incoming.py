"""Keeps a file for a person until it is sent, with every check; from a form, or without one for an API and mail.

`keep` gives the number of its row. helpdesk/attachments/files.py then attaches it to a ticket or a message, in the
transaction of that act. What is kept and never attached is collected like a file of a form that was never sent.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from flask_babel import gettext as _

from helpdesk.access import body_limits
from helpdesk.attachments import file_names, files
from helpdesk.db import transactions
from helpdesk.disk import disk_space
from helpdesk.disk.disk_space import MEGABYTE
from helpdesk.errors import Refused
from helpdesk.limits import allowances, usage_limits
from helpdesk.limits.usage_limits import UPLOAD
from integrations.files import intake
from integrations.storage import places
from integrations.storage.base import CHUNK
from models import Person

Budget = Callable[[float], None]


def unlimited(seconds: float) -> None:
    """For callers that limit the work on pictures in another place, or have one at a time."""


def keep_content(content: bytes | BinaryIO, name: str, *, person: Person, path: str, budget: Budget = unlimited) -> int:
    """The same for what comes without a form: bytes, or a stream that is read once and never whole in memory.

    `path` names what the file is for, as a form's path does: one request or one mail. Raises as `keep` does.
    """
    most = body_limits.file_bytes(current_app.config, person)
    transactions.rollback()  # It may come slowly: meanwhile no line to the database is held.
    with _on_disk(BytesIO(content) if isinstance(content, bytes) else content, name, most) as source:
        return keep(source, name, person=person, path=path, budget=budget)


def keep(source: BinaryIO, name: str, *, person: Person, path: str, budget: Budget = unlimited) -> int:
    """Keep the file, a real one on the disk, for the person and what posts to `path`. Returns the number of its row.

    It writes in a transaction of its own. Raises Refused, TooMany, and Unavailable where something does not work.
    """
    size, config = source.seek(0, 2), current_app.config
    if size == 0:
        raise Refused(_("%(name)s is empty, so there is nothing to attach.", name=_short(name)))
    files.refuse_many(person, path, most=config["MAX_FILES"])
    allowances.check(config, person, UPLOAD, size)
    _refuse_beyond_quota(person, size)
    number = person.id
    transactions.rollback()  # Looking at it may take a while: meanwhile no line to the database is held.
    stored = intake.take_in(source, name, person=number, budget=budget)
    try:
        with transactions.writing():
            _refuse_beyond_quota(person, stored.size, alone=True)
            allowances.spend(config, person, UPLOAD, size)
            return files.keep(person, path, stored, most=config["MAX_FILES"]).id
    except BaseException:
        intake.forget(stored.place, stored.key, stored.small_key)
        raise


def too_large(name: str, most: int) -> Refused:
    """`most` in bytes."""
    why = _("%(name)s is too large. A file can have at most %(most)s MB.", name=_short(name), most=most // MEGABYTE)
    return Refused(why)


def _short(name: str) -> str:
    return file_names.middle(file_names.clean(name))


def _refuse_beyond_quota(person: Person, size: int, *, alone: bool = False) -> None:
    """With `alone`, other files of this person wait until this transaction ends."""
    if most := allowances.allowance(current_app.config, person, "FILES_QUOTA_MB"):
        if alone:
            usage_limits.lock(UPLOAD, person.id)
        files.refuse_beyond_quota(person, size, most=most * MEGABYTE)


@contextmanager
def _on_disk(content: BinaryIO, name: str, most: int) -> Iterator[BinaryIO]:
    with intake.working(file_names.clean(name)):
        source = places.scratch()
    with source:
        with intake.working(file_names.clean(name)):
            _copy(content, source, name, most)
        yield source


def _copy(content: BinaryIO, target: BinaryIO, name: str, most: int) -> None:
    folder, reserve = Path(current_app.config["FILES_DIR"]), current_app.config["FILES_RESERVE_MB"] * MEGABYTE
    size = 0
    while chunk := content.read(CHUNK):
        size += len(chunk)
        if size > most:
            raise too_large(name, most)
        if not disk_space.has_room(folder, reserve):
            raise OSError(errno.ENOSPC, "less than FILES_RESERVE_MB is left on the disk of the files")
        target.write(chunk)
    target.flush()
