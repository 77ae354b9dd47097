"""Files on their way in: each is written to the disk as it comes, within bounds, and is gone if nobody keeps it."""

from __future__ import annotations

import errno
import logging
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from flask import Request, current_app, g
from werkzeug.exceptions import HTTPException

from helpdesk.disk import disk_space
from helpdesk.disk.disk_space import MEGABYTE

log = logging.getLogger("desk.files")
# Twenty uploads on a fast line would keep the process from serving pages. Each lets the others go first: with n of them
# it rests for 2 (n - 1) ms after a chunk, so that together they take in some 30 MB/s.
REST = 0.002


def temporary() -> IO[bytes]:
    """A file without a name, on the disk where there is room for files; gone when it is closed, whatever happens."""
    folder = Path(current_app.config["FILES_DIR"]) / "incoming"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


class NoRoom(HTTPException):
    """The body has no room on the disk before anybody knows what is in it."""

    code = 507


def has_room() -> bool:
    """Whether the disk of the files has more left than FILES_RESERVE_MB, which is for everything else."""
    config = current_app.config
    return disk_space.has_room(Path(config["FILES_DIR"]), config["FILES_RESERVE_MB"] * MEGABYTE)


class _Running:
    """How many files are coming in to this process just now."""

    def __init__(self) -> None:
        self._lock, self._count = threading.Lock(), 0

    def add(self, one: int) -> None:
        with self._lock:
            self._count += one

    def rest(self) -> None:
        if self._count > 1:
            time.sleep(REST * (self._count - 1))


running = _Running()


class Spool:
    """One file of a form. What is too large, or does not fit on the disk, is let pass by and remembered in `wrong`.

    Reading goes on, since what was typed may come after the file in the same body.
    """

    def __init__(self, most: int) -> None:
        self.most, self.size, self.wrong, self._coming = most, 0, "", False
        self._file: IO[bytes] | None = None

    def write(self, chunk: bytes) -> int:
        self._come(True)
        running.rest()
        self.size += len(chunk)
        if self.size > self.most:
            self._give_up("large")
        if not self.wrong and chunk:
            try:
                file = self.file
                if not has_room():
                    raise OSError(errno.ENOSPC, "less than FILES_RESERVE_MB is left on the disk of the files")
                file.write(chunk)
            except OSError as error:
                self._give_up(_trouble(error))
        return len(chunk)

    @property
    def file(self) -> IO[bytes]:
        if self._file is None:
            self._file = temporary()
        return self._file

    def _come(self, coming: bool) -> None:
        if coming is not self._coming:
            self._coming = coming
            running.add(1 if coming else -1)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._come(False)
        if self._file is not None:
            try:
                return self._file.seek(offset, whence)
            except OSError as error:
                self._give_up(_trouble(error))
        return 0

    def read(self, count: int = -1) -> bytes:
        return self._file.read(count) if self._file is not None else b""

    def close(self) -> None:
        self._come(False)
        self._drop()

    def __del__(self) -> None:
        self.close()  # A torn upload is never closed by anybody.

    def _drop(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError:
                pass  # Its last bytes found no room; nobody wants them any more.
            self._file = None

    def _give_up(self, why: str) -> None:
        self.wrong = self.wrong or why
        self._drop()


def _trouble(error: OSError) -> str:
    log.error("a file could not be taken in: %s", error)
    return "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "away"


class FormRequest(Request):
    """A request whose files go to the disk, in forms that take some."""

    _files = 0

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        most = g.body_limit.file
        if not most:
            return super()._get_file_stream(total_content_length, content_type, filename, content_length)
        self._files += bool(filename)
        spool = Spool(most)
        if self._files > current_app.config["MAX_FILES"]:
            spool.wrong = "many"
        return spool  # type: ignore[return-value]
