"""How long the body of a request may be. A row of the map names one of these; it is asked once the caller is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from helpdesk.disk.disk_space import MEGABYTE
from models import Person

# What a form has around a file: the token, the path, the borders between the parts.
AROUND = 65536


@dataclass(frozen=True)
class BodyLimit:
    """Bytes of the whole body, and of one file in it; 0 where it takes no files."""

    body: int
    file: int = 0


# By the settings and the person who calls; None where nobody is signed in any more, or a hook calls.
Limit = Callable[[Mapping[str, Any], Person | None], BodyLimit]


def FORM(config: Mapping[str, Any], person: Person | None) -> BodyLimit:
    return BodyLimit(config["MAX_CONTENT_LENGTH"])


def FORM_WITH_FILES(config: Mapping[str, Any], person: Person | None) -> BodyLimit:
    """Files over their limit are not kept but read, so that the form comes back with what was typed."""
    file = file_bytes(config, person)
    return BodyLimit(config["MAX_CONTENT_LENGTH"] + (config["MAX_FILES"] + 1) * file, file)


def ONE_FILE(config: Mapping[str, Any], person: Person | None) -> BodyLimit:
    file = file_bytes(config, person)
    return BodyLimit(file + AROUND, file)


def IMPORT(config: Mapping[str, Any], person: Person | None) -> BodyLimit:
    """Two files, and room to say by name which of them is too large."""
    file = config["MAX_IMPORT_MB"] * MEGABYTE
    return BodyLimit(3 * file + AROUND, file)


def file_bytes(config: Mapping[str, Any], person: Person | None) -> int:
    """How large one attached file of this person may be."""
    most: int = config["MAX_FILE_MB"] * MEGABYTE
    return most
