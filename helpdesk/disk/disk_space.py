"""How much room is left where the desk keeps its data, and whether it can write there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from helpdesk import outages

MEGABYTE = 1024 * 1024
# Admins are warned below this.
LOW_BYTES = 1024**3
PROBE_BYTES = 64 * 1024


class Place(NamedTuple):
    folder: Path
    free: int


def low(folders: Iterable[Path]) -> list[Place]:
    """The folders with little room, each disk once. One that is not there yet will lie where its parent does."""
    found: dict[int, Place] = {}
    for folder in folders:
        folder = next((place for place in (folder, *folder.parents) if place.is_dir()), folder)
        try:
            disk, free = folder.stat().st_dev, shutil.disk_usage(folder).free
        except OSError:
            continue
        if free < LOW_BYTES:
            found.setdefault(disk, Place(folder, free))
    return list(found.values())


def has_room(folder: Path, reserve: int) -> bool:
    """Whether the disk of the folder has more than `reserve` bytes left."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize > reserve


def unwritable(folder: Path) -> str:
    """Why nothing can be written to the folder (a word of helpdesk/outages.py), or "". It tries."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            file.write(bytes(PROBE_BYTES))
    except OSError as error:
        return outages.cause(error) or outages.READ_ONLY
    return ""
