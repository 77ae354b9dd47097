"""What every place for files does, and what may go wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

CHUNK = 256 * 1024


class StorageUnavailable(Exception):
    """The storage cannot be used just now. The message says why, for the log and for whoever runs the desk."""


class Full(StorageUnavailable):
    """There is no room left."""


class Missing(Exception):
    """There is no such file."""


@dataclass(frozen=True)
class Stored:
    """What was written: how many bytes, and their SHA-256."""

    size: int
    sha256: str


class Storage(Protocol):
    """Keys are letters, digits, "/" and "-", made by new_key(). Each method may raise StorageUnavailable."""

    name: str

    def put(self, key: str, source: BinaryIO) -> Stored:
        """Keep what `source` holds from its beginning. Either all of it is kept, safely, or nothing."""

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to before `stop` in chunks. Raises Missing, with the first chunk at the latest."""

    def delete(self, key: str) -> None:
        """Remove it; one that is not there is removed already."""

    def keys(self, before: datetime) -> Iterator[str]:
        """Everything that was written before that moment."""


class Counting:
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


def copy(source: BinaryIO, target: BinaryIO) -> Stored:
    counting = Counting(source)
    for chunk in counting.chunks():
        target.write(chunk)
    return counting.stored()
