"""Files in a folder of this machine."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from helpdesk.disk import durable
from integrations.storage.base import CHUNK, Full, Missing, StorageUnavailable, Stored, copy

FULL = (errno.ENOSPC, errno.EDQUOT)
INCOMING = "incoming"


class Disk:
    """A folder. A file gets its own name when it is complete and safe from a power cut."""

    name = "disk"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        # Folders whose own names this process has synced, so that a power cut cannot take them with what is in them.
        self._synced: set[Path] = set()

    def put(self, key: str, source: BinaryIO) -> Stored:
        unfinished, target = self._incoming() / secrets.token_hex(20), self.folder / key
        try:
            with self._trouble():
                self._make(target.parent)
                with open(unfinished, "xb", opener=durable.private) as written:
                    stored = copy(source, written)
                    written.flush()
                    os.fsync(written.fileno())
                durable.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
        return stored

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        with self._trouble(), self._open(key) as file:
            file.seek(start)
            while start < stop and (chunk := file.read(min(CHUNK, stop - start))):
                start += len(chunk)
                yield chunk

    def _open(self, key: str) -> BinaryIO:
        try:
            return open(self.folder / key, "rb")
        except FileNotFoundError:
            raise Missing(key) from None

    def delete(self, key: str) -> None:
        with self._trouble():
            (self.folder / key).unlink(missing_ok=True)

    def keys(self, before: datetime) -> Iterator[str]:
        """Leftovers of a process that was killed while it wrote are removed by the way."""
        with self._trouble():
            for path in sorted(self.folder.glob("*/*")):
                changed = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
                if changed >= before:
                    continue
                if path.parent.name == INCOMING:
                    path.unlink(missing_ok=True)
                elif path.parent.name == path.name[:2]:
                    yield f"{path.parent.name}/{path.name}"

    def temporary(self) -> Path:
        """A folder on the same disk for what is still on its way."""
        with self._trouble():
            return self._incoming()

    def free(self) -> int:
        """Bytes that still fit."""
        with self._trouble():
            return shutil.disk_usage(self.temporary()).free

    def _incoming(self) -> Path:
        folder = self.folder / INCOMING
        with self._trouble():
            self._make(folder)
        return folder

    def _make(self, folder: Path) -> None:
        for path in (self.folder, folder):
            if path not in self._synced or not path.is_dir():
                durable.make_folder(path, 0o700)
                self._synced.add(path)

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise (Full if error.errno in FULL else StorageUnavailable)(
                f"{self.folder}: {error.strerror or error}"
            ) from error
