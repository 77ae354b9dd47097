"""Files on their way out: their headers, a part of one where a browser asks for it, many as one zip."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response, request

# Not even a page among the files could run a script, load anything, or be shown as part of the desk.
POLICY = "sandbox; default-src 'none'"
Read = Callable[[int, int], Iterator[bytes]]


def send(read: Read, *, name: str, media_type: str, size: int, mark: str, shown: bool = False) -> Response:
    """The file, or the one range of it that was asked for (RFC 9110, 14); `read` gives bytes from start to stop.

    Only a `shown` one opens in the browser, every other is downloaded. The first bytes are read at once, so that what
    the storage has to say comes before the answer begins.
    """
    start, stop, status = _wanted(size, mark)
    response = Response(status=status, mimetype=media_type)
    if status != 416:
        response.response = chunks = _begun(read(start, stop))
        response.call_on_close(chunks.close)
        response.content_length = stop - start
    if status != 200:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}" if status == 206 else f"bytes */{size}"
    response.headers["Content-Type"] = media_type
    response.headers["Accept-Ranges"] = "bytes"
    response.set_etag(mark)
    return _guarded(response, name, shown)


def _wanted(size: int, mark: str) -> tuple[int, int, int]:
    """From where to where, and the status. Several ranges at once are allowed to be answered with the whole."""
    wanted = request.range
    given = request.if_range.etag
    changed = "If-Range" in request.headers and given != mark
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1 or changed:
        return 0, size, 200
    found = wanted.range_for_length(size)
    return (*found, 206) if found is not None else (0, 0, 416)


def _begun(chunks: Iterator[bytes]) -> Any:
    first = list(itertools.islice(chunks, 1))

    def whole() -> Iterator[bytes]:
        yield from first
        yield from chunks

    return whole()


def _guarded(response: Response, name: str, shown: bool) -> Response:
    response.headers["Content-Disposition"] = disposition("inline" if shown else "attachment", name)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def disposition(kind: str, name: str) -> str:
    """RFC 6266: the name as it is for today's browsers, and in plain letters for the others."""
    plain = "".join(letter if " " <= letter <= "~" and letter not in '"\\%' else "_" for letter in name)
    header = f'{kind}; filename="{plain}"'
    return header if plain == name else f"{header}; filename*=UTF-8''{quote(name, safe='')}"


class _Sink:
    """Where zipfile writes to, and what it has written is taken from."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, chunk: Any) -> int:
        self._chunks.append(bytes(chunk))
        return len(chunk)

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)


def zipped(files: Iterable[tuple[str, datetime, Iterator[bytes]]]) -> Iterator[bytes]:
    """The files, each with its name and time, as one zip that is never whole anywhere on this side.

    They are packed, not pressed: pictures and office files are pressed already.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        for name, at, chunks in files:
            entry = zipfile.ZipInfo(name, at.timetuple()[:6])
            entry.external_attr = 0o600 << 16
            with archive.open(entry, "w", force_zip64=True) as written:
                for chunk in chunks:
                    written.write(chunk)
                    yield sink.take()
    yield sink.take()


def send_zip(files: Iterable[tuple[str, datetime, Iterator[bytes]]], name: str) -> Response:
    return _guarded(Response(zipped(files), mimetype="application/zip"), name, shown=False)
