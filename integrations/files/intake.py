"""Takes a file in: looks at what it is, has it scanned and pictures drawn anew, and puts it on the storage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, BinaryIO

from flask import current_app
from flask_babel import gettext as _

from helpdesk.attachments import file_names, file_types, images
from helpdesk.attachments.files import StoredFile, Unavailable
from helpdesk.choices import FILE_KINDS
from helpdesk.errors import Refused, TooMany
from integrations.files import virus_scanner
from integrations.storage import places

log = logging.getLogger("desk.files")
REDRAWN = {media_type for _pattern, media_type in file_types.DRAWN}


def take_in(
    source: BinaryIO,
    sent_name: str,
    *,
    person: int | None = None,
    budget: Callable[[float], None] = lambda seconds: None,
) -> StoredFile:
    """The file as it now lies on the storage. No database is asked meanwhile, and a file that fails leaves nothing.

    `person` and `budget` limit the work on pictures (attachments/images.py). Raises Refused for what the desk does not
    take, TooMany where it is too much at once, and Unavailable where the storage or the scanner does not work.
    """
    name = file_names.clean(sent_name)
    kind, media_type = file_types.find(source, name)
    if kind in current_app.config["REFUSED_FILE_KINDS"]:
        raise Refused(
            _("%(name)s is refused: this desk takes no files of the kind “%(kind)s”.", **_facts_for_people(name, kind))
        )
    with working(name):
        _scan(source, name)
        draw = partial(images.redraw, source, person=person, budget=budget)
        return _draw(draw, name) if media_type in REDRAWN else _keep(source, name, kind, media_type)


def _facts_for_people(name: str, kind: str) -> dict[str, Any]:
    return {"name": file_names.middle(name), "kind": FILE_KINDS[kind]}


def _scan(source: BinaryIO, name: str) -> None:
    virus = virus_scanner.scan(source)
    if virus is not None:
        log.warning("a virus was refused: %s", virus)
        raise Refused(_("%(name)s is refused: the virus scanner found something in it.", name=file_names.middle(name)))


def take_table(source: BinaryIO, sent_name: str) -> StoredFile:
    """A file that only the desk itself reads, as it came: scanned and stored. Raises Refused and Unavailable."""
    name = file_names.clean(sent_name)
    with working(name):
        _scan(source, name)
        return _keep(source, name, "other", "application/octet-stream")


def _keep(source: BinaryIO, name: str, kind: str, media_type: str) -> StoredFile:
    place, key = places.for_new_files(), places.new_key()
    stored = place.put(key, source)
    return StoredFile(name, kind, media_type, stored.size, stored.sha256, place.name, key)


def _draw(draw: Callable[[BinaryIO, BinaryIO], images.Drawn], name: str) -> StoredFile:
    place, key, small_key = places.for_new_files(), places.new_key(), places.new_key()
    with ExitStack() as stack:
        target, small = (stack.enter_context(places.scratch()) for _part in range(2))
        try:
            drawn = draw(target, small)
        except TooMany:
            raise
        except Refused as no:
            raise Refused(f"{file_names.middle(name)}: {no}") from None
        stored = place.put(key, target)
        try:
            place.put(small_key, small)
        except places.StorageUnavailable:
            forget(place.name, key)
            raise
    name = file_names.with_ending(name, drawn.endings[0], drawn.endings)
    size = (small_key, drawn.width, drawn.height)
    return StoredFile(name, "picture", drawn.media_type, stored.size, stored.sha256, place.name, key, *size)


def forget(place: str, *keys: str | None) -> None:
    """Remove what no row speaks of. Where that fails it is left to the worker, which finds it later."""
    for key in keys:
        try:
            if key is not None:
                places.at(place).delete(key)
        except places.StorageUnavailable as away:
            log.error("could not remove %s: %s", key, away)


@contextmanager
def working(name: str) -> Iterator[None]:
    """Tell people in their words what does not work, and the log in ours."""
    try:
        yield
    except (places.Full, places.StorageUnavailable, virus_scanner.ScannerUnavailable, OSError) as trouble:
        log.error("a file could not be taken in: %s", trouble)
        raise Unavailable(_why(trouble, file_names.middle(name))) from trouble


def _why(trouble: Exception, name: str) -> str:
    if isinstance(trouble, places.Full) or getattr(trouble, "errno", None) in places.FULL:
        return no_room(name)
    if isinstance(trouble, virus_scanner.ScannerUnavailable):
        return str(_("%(name)s could not be scanned for viruses just now. Try again in a few minutes.", name=name))
    return not_now(name)


def not_now(name: str) -> str:
    return str(_("%(name)s could not be stored just now. Try again in a few minutes.", name=name))


def no_room(name: str) -> str:
    why = _("%(name)s was not stored: the desk has no room left for files. Please tell your IT team.", name=name)
    return str(why)
