"""Pictures drawn anew before anybody sees them: what is hidden in one (places, names, programs) does not come along.

A decoder is the likeliest way in for a crafted file, so it runs in a process of its own (helpdesk/redraw.py).
"""

from __future__ import annotations

import errno
import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from flask_babel import gettext as _

from helpdesk.errors import Refused

# More than the largest screens and cameras in use have.
PIXELS = 50_000_000
BYTES_OUT = 256 * 1024 * 1024
SECONDS = 60
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg", ".jfif"), "GIF": (".gif",), "WEBP": (".webp",)}

_redraw = Path(__file__).with_name("redraw.py")
# Decoding one takes up to some hundred megabytes for a second, so each process of the desk has it done one by one.
_turn = threading.Lock()


@dataclass(frozen=True)
class Drawn:
    """What a picture has become."""

    media_type: str
    endings: tuple[str, ...]
    width: int
    height: int


def redraw(source: BinaryIO, target: BinaryIO, small: BinaryIO) -> Drawn:
    """Write the picture to `target` and a small one (WebP) to `small`; all three are real files.

    Raises Refused for what is too large or cannot be read. OSError where the disk is full.
    """
    source.seek(0)
    with _turn:
        said = _have_drawn(source, target, small)
    if said.get("why") == "pixels":
        raise Refused(_("This picture has too many pixels, at most 50 million are possible. Make it smaller first."))
    if said.get("why") == "frames":
        raise Refused(_("This picture moves for too long. Make it shorter first."))
    if said.get("why") == "full":
        raise OSError(errno.ENOSPC, "no room for the picture")
    if "format" not in said:
        raise Refused(_("This picture cannot be read. It may be damaged, or no picture at all."))
    width, height = said["size"]
    return Drawn(MEDIA_TYPES[said["format"]], ENDINGS[said["format"]], width, height)


def _have_drawn(source: BinaryIO, target: BinaryIO, small: BinaryIO) -> dict[str, Any]:
    """Run the other program with the three files open, and nothing of our environment."""
    given = [file.fileno() for file in (source, target, small)]
    program = (sys.executable, "-I", str(_redraw), str(PIXELS), str(BYTES_OUT), *map(str, given))
    try:
        done = subprocess.run(
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=given,
            env={"PYTHONDONTWRITEBYTECODE": "1"},
            timeout=SECONDS,
        )
        said: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {}
    return said
