"""Where files lie: a folder on this machine, or a bucket that speaks S3. Streamed both ways, never whole in memory."""

from __future__ import annotations

import secrets
import tempfile
from typing import BinaryIO

from flask import Flask, current_app

from integrations.storage.base import Full, Missing, Storage, StorageUnavailable, Stored
from integrations.storage.disk import FULL, Disk
from integrations.storage.s3 import S3

__all__ = ["FULL", "StorageUnavailable", "Disk", "Full", "Missing", "Storage", "Stored"]


def scratch() -> BinaryIO:
    """A file without a name on the disk where there is room for files, gone when it is closed."""
    return tempfile.TemporaryFile(dir=Disk(current_app.config["FILES_DIR"]).temporary())


def new_key() -> str:
    """A name that nobody can guess and that says nothing; in 256 folders, since some disks are slow with large ones."""
    name = secrets.token_hex(20)
    return f"{name[:2]}/{name}"


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
    """The storage a file lies on. Raises StorageUnavailable where the settings do not name it any more."""
    known: dict[str, Storage] = current_app.extensions["storage"]
    if place not in known:
        raise StorageUnavailable(f"There is no storage {place}. Set S3_BUCKET, or move the files: flask move-files")
    return known[place]


def for_new_files() -> Storage:
    return at(current_app.config["FILES_ON"])
