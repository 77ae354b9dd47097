"""The form of a backup: a tar of a manifest, the rows of each table, the files, and at its end all checksums.

`tar xf BACKUP && sha256sum -c SHA256SUMS` checks it without the desk. Nothing is ever whole in memory.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from flask_babel import gettext as _

from helpdesk.errors import Refused

FORMAT = 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
CHUNK = 256 * 1024
NAME = re.compile(r"manifest\.json|tables/[a-z0-9_]+/[0-9]{6}\.jsonl\.gz|files/[0-9a-z-]+(/[0-9a-z-]+)?")

Progress = Callable[[int], None]


class Writer:
    """Adds parts to an archive, in the order in which they are read again."""

    def __init__(self, file: BinaryIO, folder: Path) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)
        self._sums = tempfile.TemporaryFile(dir=folder)
        self._at = int(time.time())

    def add(self, name: str, source: IO[bytes], size: int) -> str:
        """Add `size` bytes of the source. Returns their SHA-256."""
        summing = _Summing(source)
        self._put(name, summing, size)
        self._sums.write(f"{summing.sha256()}  {name}\n".encode())
        return summing.sha256()

    def add_bytes(self, name: str, content: bytes) -> None:
        self.add(name, io.BytesIO(content), len(content))

    def close(self) -> None:
        """Add the checksums. Without them the archive counts as cut short."""
        size = self._sums.tell()
        self._sums.seek(0)
        self._put(SUMS, self._sums, size)
        self._sums.close()
        self._tar.close()

    def _put(self, name: str, source: Any, size: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, self._at
        self._tar.addfile(entry, source)
        # tarfile would remember every part until the end.
        self._tar.members.clear()  # type: ignore[attr-defined]


class _Summing:
    """A file that is read once while its bytes are summed up."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._sum = source, hashlib.sha256()

    def read(self, count: int = -1) -> bytes:
        chunk = self._source.read(count)
        self._sum.update(chunk)
        return chunk

    def sha256(self) -> str:
        return self._sum.hexdigest()


# ---- reading


class Reader:
    """An archive that has been checked from its first byte to its last."""

    def __init__(self, path: Path, progress: Progress) -> None:
        """Raises Refused for what is no archive, and for a damaged one or one cut short."""
        self._path = path
        with _trouble(path):
            self._check(progress)
            self.manifest = self._read_manifest()

    def _check(self, progress: Progress) -> None:
        with tempfile.TemporaryFile() as found:
            for entry, source in _entries(self._path):
                if entry.name == SUMS:
                    return _compare(found, source)
                if not NAME.fullmatch(entry.name):
                    raise tarfile.ReadError(f"unknown part {entry.name[:100]}")
                found.write(f"{_sum_up(source, progress)}  {entry.name}\n".encode())
        raise tarfile.ReadError("its end is missing")

    def _read_manifest(self) -> dict[str, Any]:
        entries = _entries(self._path)
        entry, source = next(entries)
        manifest = json.load(source) if entry.name == MANIFEST else None
        entries.close()
        if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
            raise tarfile.ReadError("it has no manifest")
        if manifest["format"] > FORMAT:
            raise Refused(
                _("This backup was made by a newer version of the desk. Install that version, or a newer one.")
            )
        return manifest

    def parts(self, prefix: str) -> Iterator[tuple[str, IO[bytes]]]:
        """The parts whose names begin so, without that beginning."""
        with _trouble(self._path):
            for entry, source in _entries(self._path):
                if entry.name.startswith(prefix):
                    yield entry.name.removeprefix(prefix), source


def is_archive(path: Path) -> bool:
    try:
        return tarfile.is_tarfile(path)
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> Refused:
    return Refused(_("%(path)s cannot be read: %(why)s", path=path, why=error.strerror or error))


def _entries(path: Path) -> Generator[tuple[tarfile.TarInfo, IO[bytes]]]:
    with tarfile.open(path, "r:") as tar:
        while (entry := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]
            source = tar.extractfile(entry) if entry.isreg() else None
            if source is None:
                raise tarfile.ReadError(f"{entry.name[:100]} is no file")
            yield entry, source


def _sum_up(source: IO[bytes], progress: Progress) -> str:
    summing = _Summing(source)
    while chunk := summing.read(CHUNK):
        progress(len(chunk))
    return summing.sha256()


def _compare(found: IO[bytes], wanted: IO[bytes]) -> None:
    found.seek(0)
    while line := found.readline():
        if line != wanted.readline():
            raise tarfile.ReadError(line.split()[-1].decode())
    if wanted.readline():
        raise tarfile.ReadError("a part is missing")


@contextmanager
def _trouble(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, UnicodeError) as error:
        why = _("%(path)s is damaged or cut short, and nothing was changed: %(why)s", path=path, why=error)
        raise Refused(why) from None
    except OSError as error:
        raise unreadable(path, error) from None
