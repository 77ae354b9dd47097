"""Where files lie: a folder on this machine, or a bucket that speaks S3. Streamed both ways, never whole in memory."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from flask import Flask, current_app

CHUNK = 256 * 1024
# S3 takes parts of 5 MiB at least, and obstore holds a part in memory while it sends it.
PART = 5 * 1024 * 1024
UPLOADS_TO_S3 = 2
FULL = (errno.ENOSPC, errno.EDQUOT)
INCOMING = "incoming"


class Away(Exception):
    """The storage cannot be used just now. The message says why, for the log and for whoever runs the desk."""


class Full(Away):
    """There is no room left."""


class Missing(Exception):
    """There is no such file."""


@dataclass(frozen=True)
class Stored:
    """What was written: how many bytes, and their SHA-256."""

    size: int
    sha256: str


class Storage(Protocol):
    """Keys are letters, digits, "/" and "-", made by new_key(). Each method may raise Away."""

    name: str

    def put(self, key: str, source: BinaryIO) -> Stored:
        """Keep what `source` holds from its beginning. Either all of it is kept, safely, or nothing."""

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop` in chunks. Raises Missing, with the first chunk at the latest."""

    def delete(self, key: str) -> None:
        """Remove it; one that is not there is removed already."""

    def keys(self, before: datetime) -> Iterator[str]:
        """Everything that was written before that moment."""


def scratch() -> BinaryIO:
    """A file without a name on the disk where there is room for files, gone when it is closed."""
    return tempfile.TemporaryFile(dir=Disk(current_app.config["FILES_DIR"]).temporary())


def new_key() -> str:
    """A name that nobody can guess and that says nothing; in 256 folders, since some disks are slow with large ones."""
    name = secrets.token_hex(20)
    return f"{name[:2]}/{name}"


class Disk:
    """A folder. A file gets its own name when it is complete and safe from a power cut."""

    name = "disk"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def put(self, key: str, source: BinaryIO) -> Stored:
        unfinished, target = self._incoming() / secrets.token_hex(20), self.folder / key
        try:
            with self._trouble():
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with open(unfinished, "xb", opener=_private) as written:
                    stored = _copy(source, written)
                    written.flush()
                    os.fsync(written.fileno())
                os.replace(unfinished, target)
                _sync(target.parent)
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
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise (Full if error.errno in FULL else Away)(f"{self.folder}: {error.strerror or error}") from error


class S3:
    """A bucket at Amazon or at anybody who speaks S3. obstore is loaded when the first file is moved."""

    name = "s3"

    def __init__(self, bucket: str, *, region: str, endpoint: str, access_key: str, secret_key: str) -> None:
        self.bucket = bucket
        self._settings = {
            "region": region,
            "endpoint": endpoint or None,
            "access_key_id": access_key or None,
            "secret_access_key": secret_key or None,
        }
        self._opened: tuple[int, Any] | None = None
        self._turns = threading.BoundedSemaphore(UPLOADS_TO_S3)

    def put(self, key: str, source: BinaryIO) -> Stored:
        import obstore

        with self._turns, self._trouble(key):
            is_small = source.seek(0, os.SEEK_END) <= PART
            counting = _Counting(source)
            given: Any = counting.read() if is_small else counting.chunks()
            obstore.put(self._store(), key, given, chunk_size=PART, max_concurrency=1)
        return counting.stored()

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Each chunk is asked for when it is wanted, so a slow reader keeps no line to the storage open."""
        import obstore

        while start < stop:
            with self._trouble(key):
                chunk = bytes(obstore.get_range(self._store(), key, start=start, end=min(stop, start + 4 * CHUNK)))
            if not chunk:
                return
            start += len(chunk)
            yield chunk

    def delete(self, key: str) -> None:
        import obstore

        try:
            with self._trouble(key):
                obstore.delete(self._store(), key)
        except Missing:
            pass

    def keys(self, before: datetime) -> Iterator[str]:
        import obstore

        with self._trouble(self.bucket):
            for found in obstore.list(self._store(), chunk_size=500):
                for one in found:
                    if one["last_modified"] < before:
                        yield one["path"]

    def _store(self) -> Any:
        """One for each process: what was opened before a fork is of no use after it."""
        from obstore.store import S3Store

        if self._opened is None or self._opened[0] != os.getpid():
            given = {name: value for name, value in self._settings.items() if value}
            options = {"timeout": "60s", "connect_timeout": "5s", "allow_http": True}
            patience = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
            ours: Any = given | {"client_options": options, "retry_config": patience}
            store = S3Store(self.bucket, **ours)
            self._opened = os.getpid(), store
        return self._opened[1]

    @contextmanager
    def _trouble(self, key: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError:
            raise Missing(key) from None
        except (BaseError, OSError) as error:
            raise Away(f"{self.bucket}: {' '.join(str(error).split())[:300]}") from error


class _Counting:
    """A file that is read once from its beginning, while its bytes are counted and summed up."""

    def __init__(self, source: BinaryIO) -> None:
        source.seek(0)
        self._source, self._size, self._sum = source, 0, hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        chunk = self._source.read(count)
        self._size += len(chunk)
        self._sum.update(chunk)
        return chunk

    def chunks(self) -> Iterator[bytes]:
        while chunk := self.read(CHUNK):
            yield chunk

    def stored(self) -> Stored:
        return Stored(self._size, self._sum.hexdigest())


def _copy(source: BinaryIO, target: BinaryIO) -> Stored:
    counting = _Counting(source)
    for chunk in counting.chunks():
        target.write(chunk)
    return counting.stored()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """The new name is safe too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def init_app(app: Flask) -> None:
    config = app.config
    known: dict[str, Storage] = {"disk": Disk(config["FILES_DIR"])}
    if config["S3_BUCKET"]:
        known["s3"] = S3(
            config["S3_BUCKET"],
            region=config["S3_REGION"],
            endpoint=config["S3_ENDPOINT"],
            access_key=config["S3_ACCESS_KEY"],
            secret_key=config["S3_SECRET_KEY"],
        )
    app.extensions["storage"] = known


def places() -> tuple[str, ...]:
    return tuple(current_app.extensions["storage"])


def at(place: str) -> Storage:
    """The storage a file lies on. Raises Away where the settings do not name it any more."""
    known: dict[str, Storage] = current_app.extensions["storage"]
    if place not in known:
        raise Away(f"There is no storage {place}. Set S3_BUCKET, or move the files: flask move-files")
    return known[place]


def for_new_files() -> Storage:
    return at(current_app.config["FILES_ON"])
