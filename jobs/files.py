"""Files that nobody wants any more, files to be moved from one storage to the other, and files to be looked over."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from helpdesk.attachments import files
from helpdesk.db import transactions
from helpdesk.tickets import drafts
from integrations.storage import places
from models import Attachment, db

log = logging.getLogger("desk.files")
AT_ONCE = 100
# A file is written before its row. Whoever still writes after a day has been killed.
STRAY_AFTER = timedelta(days=1)
# So many files without rows are no leftovers: the folder or bucket belongs to another desk, or the database does.
STRAYS_MOST = 200


def collect() -> bool:
    """Remove files that were given up or never sent. Returns whether there may be more.

    Rows first, and files once that is committed: killed in between, this leaves a stray and never a row without a file.
    """
    with transactions.writing():
        lying = files.collect(unsent_since=transactions.now() - drafts.KEPT, most=AT_ONCE)
    for one in lying:
        _remove(one.place, one.key)
    return len(lying) >= AT_ONCE


def _remove(place: str, key: str) -> None:
    try:
        places.at(place).delete(key)
    except places.StorageUnavailable as away:
        log.error("%s is left on %s for now: %s", key, place, away)


def collect_strays() -> None:
    """Remove what lies on the storages and has no row."""
    for place in places.places():
        found = list(itertools.islice(strays(place), STRAYS_MOST + 1))
        if len(found) > STRAYS_MOST:
            log.error("%s holds many files that this desk does not know. Nothing is removed; see flask doctor", place)
            continue
        for key in found:
            _remove(place, key)
        if found:
            log.info("%d stray files removed from %s", len(found), place)


def strays(place: str) -> Iterator[str]:
    """The keys on this storage that belong to no row, and are old enough to be nobody's work of the moment."""
    keys = places.at(place).keys(transactions.now() - STRAY_AFTER)
    while part := list(itertools.islice(keys, 500)):
        yield from sorted(files.unknown(part))
        transactions.rollback()


# ---- moving


@dataclass
class Moved:
    """How a move went."""

    done: int = 0
    failed: list[str] = field(default_factory=list)


def move(to: str, progress: Callable[[int], None]) -> Moved:
    """Bring every file to the storage `to`; `progress` is told how many more rows are done.

    Each file is copied, checked, its row changed, and only then removed from where it was. It can be stopped and run
    again at any time, and the desk works on meanwhile.
    """
    outcome, last = Moved(), 0
    while part := files.after(last):
        last = part[-1].id
        waiting = [(file.id, file.name, files.stored_objects(file), file.sha256) for file in part if file.place != to]
        transactions.rollback()
        progress(len(part) - len(waiting))
        for number, name, lying, sha256 in waiting:
            try:
                outcome.done += _move_one(number, lying, sha256, to)
            except (places.StorageUnavailable, places.Missing, OSError) as trouble:
                outcome.failed.append(f"{name} (file {number}): {trouble}")
            progress(1)
    return outcome


def _move_one(number: int, lying: list[files.StoredObject], sha256: str, to: str) -> bool:
    for which, one in enumerate(lying):
        stored = _copy(one, to)
        if which == 0 and stored.sha256 != sha256:
            places.at(to).delete(one.key)
            raise places.StorageUnavailable("its bytes are not those that were stored, it is damaged")
    with transactions.writing():
        known = files.moved(number, to=to)
    for one in lying:
        # Its row may have been removed while it was copied; then neither copy is wanted.
        _remove(one.place if known else to, one.key)
    return known


def _copy(one: files.StoredObject, to: str) -> places.Stored:
    with places.scratch() as between:
        for chunk in places.at(one.place).read(one.key, 0, 1 << 40):
            between.write(chunk)
        return places.at(to).put(one.key, between)


# ---- looking over


@dataclass(frozen=True)
class Broken:
    """A file that is not as it was stored. `what` is "missing" or "damaged"."""

    number: int
    name: str
    ticket: int | None
    what: str


def look_over(progress: Callable[[int], None]) -> Iterator[Broken]:
    """Read every file and compare it with what was stored. Raises storage.StorageUnavailable."""
    last = 0
    while part := files.after(last):
        last = part[-1].id
        looked = [(file, _state(file)) for file in part]
        db.session.expunge_all()
        transactions.rollback()
        for file, what in looked:
            progress(1)
            if what:
                yield Broken(file.id, file.name, file.ticket_id, what)


def _state(file: Attachment) -> str:
    summed = hashlib.sha256()
    try:
        for chunk in places.at(file.place).read(file.key, 0, file.size + 1):
            summed.update(chunk)
        if file.small_key:
            next(places.at(file.place).read(file.small_key, 0, 1))
    except (places.Missing, StopIteration):
        return "missing"
    return "" if summed.hexdigest() == file.sha256 else "damaged"
