"""Pictures drawn anew before anybody sees them: what is hidden in one (places, names, programs) does not come along.

A decoder is the likeliest way in for a crafted file, so it runs in a process of its own (image_worker.py).
"""

from __future__ import annotations

import errno
import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from flask_babel import gettext as _

from helpdesk.attachments.image_queue import ImageQueue
from helpdesk.errors import Refused

# More than the largest screens and cameras in use have.
PIXELS = 50_000_000
BYTES_OUT = 256 * 1024 * 1024
SECONDS = 60
# To look at the head of a picture and count its frames takes no longer than this (image_worker.py).
MEASURE_SECONDS = 3
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg", ".jfif"), "GIF": (".gif",), "WEBP": (".webp",)}

# Estimated seconds for a million pixels and for a megabyte, measured as processor time on a machine of 2026. Noise
# takes somewhat longer, plain areas less. JPEG is far quicker than all others.
RATES = {"JPEG": (0.015, 0.01)}
OTHER_RATES = (0.05, 0.09)
# A picture that takes so many times as long is made to take long, and is given up. So a slow machine has room.
PATIENCE = 5
# To start the program takes this long, however small the picture is.
START_SECONDS = 0.15

_redraw = Path(__file__).with_name("image_worker.py")
# Decoding a picture takes up to some hundred megabytes for a second, so each process of the desk draws few at a time.
queue = ImageQueue()


@dataclass(frozen=True)
class Drawn:
    """What a picture has become."""

    media_type: str
    endings: tuple[str, ...]
    width: int
    height: int


def redraw(
    source: BinaryIO,
    target: BinaryIO,
    small: BinaryIO,
    *,
    person: int | None = None,
    budget: Callable[[float], None] = lambda seconds: None,
) -> Drawn:
    """Write the picture to `target` and a small one (WebP) to `small`; all three are real files.

    `budget` is called with the estimated work in seconds, before the work is done, and may raise. Raises Refused for
    what is too large or cannot be read, TooMany where the person or everybody sends too much. OSError where the disk
    is full.
    """
    size = source.seek(0, 2)
    source.seek(0)
    with queue.place(person), _program(source, target, small) as program:
        found = _answer(program)
        if "pixels" in found:
            seconds = estimate(found["format"], found["pixels"], size)
            budget(seconds)
            with queue.turn(seconds):
                found = _draw(program, 2 + int(PATIENCE * seconds))
        if not found:
            budget(MEASURE_SECONDS)  # It was ended for taking too long.
    _refuse(found.get("why"))
    if "size" not in found:
        raise Refused(_("This picture cannot be read. It may be damaged, or no picture at all."))
    width, height = found["size"]
    return Drawn(MEDIA_TYPES[found["format"]], ENDINGS[found["format"]], width, height)


def estimate(format: str, pixels: int, size: int) -> float:
    """The seconds that drawing takes, more or less; `pixels` of all frames, `size` in bytes."""
    for_pixels, for_bytes = RATES.get(format, OTHER_RATES)
    return START_SECONDS + for_pixels * pixels / 1e6 + for_bytes * size / 1e6


def _refuse(why: str | None) -> None:
    if why == "pixels":
        raise Refused(_("This picture has too many pixels, at most 50 million are possible. Make it smaller first."))
    if why == "frames":
        raise Refused(_("This picture moves for too long. Make it shorter first."))
    if why == "full":
        raise OSError(errno.ENOSPC, "no room for the picture")


@contextmanager
def _program(*files: BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
    """The other program with the three files open and nothing of our environment. It does not outlive the block."""
    given = [file.fileno() for file in files]
    program = subprocess.Popen(
        (sys.executable, "-I", str(_redraw), str(PIXELS), str(BYTES_OUT), *map(str, given)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=given,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def _draw(program: subprocess.Popen[bytes], seconds: int) -> dict[str, Any]:
    """Let the program go on, now that it has its turn, for so many seconds of processor time."""
    stdin: IO[bytes] = program.stdin  # type: ignore[assignment]
    try:
        stdin.write(b"%d\n" % seconds)
        stdin.flush()
    except OSError:
        return {}  # It is gone: it may have needed too much memory.
    return _answer(program)


def _answer(program: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The next line of the program; nothing where it ends without one or takes too long."""
    stdout: IO[bytes] = program.stdout  # type: ignore[assignment]
    ready = select.poll()
    ready.register(stdout, select.POLLIN)
    if not ready.poll(SECONDS * 1000):
        return {}
    try:
        answer: dict[str, Any] = json.loads(stdout.readline())
    except json.JSONDecodeError:
        return {}
    return answer
