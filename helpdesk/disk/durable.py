"""Folders and names that survive a power cut: what is made or renamed is synced in the folder that names it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make the folder and those above it that are missing.

    The folder's own name is synced even if the folder is there: whoever made it may have been killed before the sync.
    """
    missing = [folder, *folder.parents]
    missing = missing[: next((place for place, path in enumerate(missing) if path.is_dir()), len(missing))]
    for path in reversed(missing or [folder]):
        path.mkdir(mode, exist_ok=True)
        # A folder that may be entered but not listed cannot be opened, so it cannot be synced.
        with suppress(PermissionError):
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """The names in the folder are safe when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """What is in the file is safe when this returns."""
    sync_folder(path)


def replace(source: Path, target: Path) -> None:
    """Give a complete and synced file its own name."""
    os.replace(source, target)
    sync_folder(target.parent)


def private(path: str, flags: int) -> int:
    """An opener for open(): the file is for its owner alone."""
    return os.open(path, flags, 0o600)
