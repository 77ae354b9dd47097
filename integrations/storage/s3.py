"""Files in a bucket that speaks S3, at Amazon or elsewhere."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from integrations.storage.base import CHUNK, Counting, Missing, StorageUnavailable, Stored

# S3 takes parts of 5 MiB at least, and obstore holds a part in memory while it sends it.
PART = 5 * 1024 * 1024
UPLOADS_AT_ONCE = 2


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
        self._turns = threading.BoundedSemaphore(UPLOADS_AT_ONCE)

    def put(self, key: str, source: BinaryIO) -> Stored:
        import obstore

        with self._turns, self._trouble(key):
            is_small = source.seek(0, os.SEEK_END) <= PART
            counting = Counting(source)
            given: Any = counting.read() if is_small else counting.chunks()
            obstore.put(self._store(), key, given, chunk_size=PART, max_concurrency=1)
        return counting.stored()

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Each chunk is asked for when it is wanted, so a slow reader keeps no line to the storage open."""
        while start < stop:
            end = min(stop, start + 4 * CHUNK)
            chunk = self._part(key, start, end)
            yield chunk
            if len(chunk) < end - start:
                return
            start = end

    def _part(self, key: str, start: int, end: int) -> bytes:
        """Nothing at the very end of the file, which S3 itself takes for a mistake."""
        import obstore

        with self._trouble(key):
            try:
                return bytes(obstore.get_range(self._store(), key, start=start, end=end))
            except obstore.exceptions.GenericError:
                if obstore.head(self._store(), key)["size"] == start:
                    return b""
                raise

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
            raise StorageUnavailable(f"{self.bucket}: {' '.join(str(error).split())[:300]}") from error
