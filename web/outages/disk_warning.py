"""The warning on the pages of admins that a disk of the desk is nearly full."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Flask, current_app
from flask_login import current_user

from helpdesk.disk import disk_space
from web.outages.outage_log import database_file

# Each process asks the system this often at most.
AGAIN_SECONDS = 30.0


class LowDisks:
    """The places that an admin is warned of; none for anybody else."""

    def __init__(self) -> None:
        self._found: list[disk_space.Place] = []
        self._until = 0.0

    def __call__(self) -> list[disk_space.Place]:
        if not (current_user.is_authenticated and current_user.is_admin):
            return []
        if time.monotonic() >= self._until:
            self._found, self._until = disk_space.low(folders()), time.monotonic() + AGAIN_SECONDS
        return self._found


def folders() -> list[Path]:
    """Where this desk keeps data on disks of its own machine."""
    file = database_file()
    return [*([file.parent] if file else []), Path(current_app.config["FILES_DIR"])]


def set_up(app: Flask) -> None:
    app.jinja_env.globals["low_disks"] = LowDisks()
