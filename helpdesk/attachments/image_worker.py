"""Draws a picture anew, in a process of its own: started by images.py, with what it may use bounded.

It is a program, not a part of the desk: it knows no setting and no database, and opens nothing by name. The picture
comes on the first descriptor named; the new one and a small one go to the others. Standard output first says how much
work the picture is. The program then waits for a line with the seconds it may take, draws, and says what it has drawn.
"""

from __future__ import annotations

import copy
import errno
import json
import os
import resource
import sys
import tempfile
from typing import IO, Any

from PIL import Image, ImageCms, ImageFilter, ImageOps, ImageSequence

# What some formats import only when they need it, at a time when nothing can be opened any more.
NEEDED_LATE = (copy, tempfile, ImageCms, ImageFilter)
FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
SMALL = (640, 480)
FRAMES = 500
MEMORY = 1 << 30
MEASURE_SECONDS, SECONDS = 3, 30


def bound(bytes_out: int) -> None:
    """From here on: little memory and time, no further files, no new processes."""
    resource.setrlimit(resource.RLIMIT_CPU, (MEASURE_SECONDS, SECONDS))
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, bytes_out),
        (resource.RLIMIT_NOFILE, 3),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def measure(source: IO[bytes], most_pixels: int) -> tuple[Image.Image, dict[str, Any]]:
    """The picture, and its format and the pixels of all its frames, or {"why": ...}. Nothing is decoded."""
    picture = Image.open(source, formats=FORMATS)
    frames = getattr(picture, "n_frames", 1) if picture.format in ("GIF", "WEBP") else 1
    pixels = picture.width * picture.height
    if pixels > most_pixels or pixels * frames > most_pixels * 4:
        return picture, {"why": "pixels"}
    if frames > FRAMES:
        return picture, {"why": "frames"}
    kind = {"BMP": "PNG", "MPO": "JPEG"}.get(str(picture.format), str(picture.format))
    return picture, {"format": kind, "pixels": pixels * frames, "frames": frames}


def redraw(picture: Image.Image, kind: str, frames: int, target: IO[bytes], small: IO[bytes]) -> dict[str, Any]:
    first = _save_moving(picture, kind, target) if frames > 1 else _save_still(picture, kind, target)
    size = first.size
    first.thumbnail(SMALL)
    first.save(small, "WEBP", quality=80)
    return {"format": kind, "size": size}


def _plain(frame: Image.Image, kind: str) -> Image.Image:
    """Colours that every format and browser knows; nothing of what was said about the picture comes along."""
    see_through = frame.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in frame.info
    mode = "RGBA" if see_through and kind != "JPEG" else "L" if frame.mode in ("1", "L") else "RGB"
    plain = frame if frame.mode == mode else frame.convert(mode)
    plain.info = {}
    return plain


def _save_still(picture: Image.Image, kind: str, target: IO[bytes]) -> Image.Image:
    picture.load()
    try:
        # In its place: a copy of a photo of 48 megapixels would be 144 MB.
        ImageOps.exif_transpose(picture, in_place=True)
    except Exception:
        pass  # What is said about the picture is broken, not the picture: it stays as it lies.
    plain = _plain(picture, kind)
    plain.save(target, kind, **({"quality": 85} if kind in ("JPEG", "WEBP") else {}))
    return plain


def _save_moving(picture: Image.Image, kind: str, target: IO[bytes]) -> Image.Image:
    times = []
    for number in range(getattr(picture, "n_frames")):
        picture.seek(number)
        times.append(max(20, int(picture.info.get("duration") or 100)))
    picture.seek(0)
    first = _plain(picture.copy(), kind)
    rest = (_plain(frame.copy(), kind) for number, frame in enumerate(ImageSequence.Iterator(picture)) if number)
    first.save(target, kind, save_all=True, append_images=rest, duration=times, loop=0, disposal=2)
    return first


def main() -> None:
    os.nice(10)  # Pages come first.
    pixels, bytes_out, *given = map(int, sys.argv[1:])
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # Ours comes first, and refuses instead of warning.
    bound(bytes_out)
    with os.fdopen(given[0], "rb") as source, os.fdopen(given[1], "wb") as target, os.fdopen(given[2], "wb") as small:
        try:
            answer = _work(source, target, small, pixels)
        except OSError as error:
            answer = {"why": "full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "unreadable"}
        except Exception as error:
            answer = {"why": "unreadable", "error": type(error).__name__}
    print(json.dumps(answer), flush=True)


def _work(source: IO[bytes], target: IO[bytes], small: IO[bytes], pixels: int) -> dict[str, Any]:
    picture, found = measure(source, pixels)
    if "why" in found:
        return found
    print(json.dumps(found), flush=True)
    seconds = sys.stdin.buffer.readline()
    if not seconds:
        sys.exit()  # The desk is gone, or does not want the picture any more.
    resource.setrlimit(resource.RLIMIT_CPU, (min(int(seconds), SECONDS), SECONDS))
    return redraw(picture, found["format"], found["frames"], target, small)


if __name__ == "__main__":
    main()
