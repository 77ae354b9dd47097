"""Which parts of the desk ended by themselves and were started again, for admins to see. One desk fact holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from helpdesk.db import transactions
from models import DeskFact, db

FACT = "restarts"
MOST = 20
PARTS = {"web": _l("Web server"), "worker": _l("Worker")}


@dataclass(frozen=True)
class Restart:
    """`code` is the exit code of the process that ended; a negative one is the signal that ended it."""

    part: str
    code: int
    at: datetime


def record(restart: Restart) -> None:
    with transactions.writing():
        last = [restart, *recent()][:MOST]
        value = json.dumps([[item.part, item.code, item.at.isoformat()] for item in last])
        db.session.merge(DeskFact(name=FACT, value=value))


def recent() -> list[Restart]:
    """The newest first."""
    value = db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))
    return [Restart(part, code, datetime.fromisoformat(at)) for part, code, at in json.loads(value or "[]")]
