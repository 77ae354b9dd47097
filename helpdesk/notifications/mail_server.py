"""What the worker has learned about the mail server: whether it takes addresses such as jürgen@example.com (SMTPUTF8).

One desk fact holds it, with the name of the server it is about. Pages read it, so that no address is taken to which no
mail can be sent. `server` is the setting MAIL_HOST, empty where no mail is sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from helpdesk.db import transactions
from helpdesk.email_addresses import NotAnAddress, fold_address, needs_smtputf8
from helpdesk.errors import Refused
from models import DeskFact, db

FACT = "mail_server"
# The worker asks so often where it has no mails to send.
EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class _Answer:
    smtputf8: bool
    at: datetime


def takes_smtputf8(server: str) -> bool | None:
    """None while nobody has asked this server."""
    known = _known(server)
    return known.smtputf8 if known else None


def is_to_be_asked(server: str, at: datetime | None = None) -> bool:
    """Whether nobody has asked the server within EVERY."""
    known = _known(server)
    db.session.rollback()
    return known is None or abs((at or transactions.now()) - known.at) > EVERY


def learn(server: str, *, smtputf8: bool, at: datetime | None = None) -> None:
    """Write it down, in a transaction of its own, where it is new or old."""
    if takes_smtputf8(server) is smtputf8 and not is_to_be_asked(server, at):
        db.session.rollback()
        return
    value = {"server": server, "smtputf8": smtputf8, "at": (at or transactions.now()).isoformat()}
    db.session.rollback()
    with transactions.writing():
        db.session.merge(DeskFact(name=FACT, value=json.dumps(value)))


def _known(server: str) -> _Answer | None:
    value = db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))
    known = json.loads(value) if value else {}
    if known.get("server") != server:
        return None
    return _Answer(bool(known["smtputf8"]), datetime.fromisoformat(known["at"]))


def refuse_unreachable(address: str, *, server: str) -> None:
    """Raises Refused where the mail server is not known to take the address. What is no address is not looked at."""
    if why := why_unreachable(address, server=server):
        raise Refused(why)


def why_unreachable(address: str, *, server: str) -> str:
    """The reason for the person who typed the address, or "" where mails reach it."""
    if not server or address.isascii() or not _needs_smtputf8(address):
        return ""
    takes = takes_smtputf8(server)
    if takes is None:
        return str(
            _(
                "It is not known yet whether the mail server can send to letters such as ü before the @. "
                "Please try again in a minute, or use an address without them."
            )
        )
    if not takes:
        return str(
            _("The mail server cannot send to letters such as ü before the @. Please use an address without them.")
        )
    return ""


def _needs_smtputf8(address: str) -> bool:
    try:
        return needs_smtputf8(fold_address(address))
    except NotAnAddress:
        return False
