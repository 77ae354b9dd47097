"""Mails that the server took while the database could not be written: remembered here until it can.

In the memory of the process, and as empty files in FILES_DIR, for the next worker if this one ends. A file without
content needs no room on a full disk, and one lost means only that its mail is sent twice with the same Message-ID.
"""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from flask import current_app

from helpdesk.db import transactions
from helpdesk.disk import durable
from helpdesk.notifications import deliveries
from helpdesk.notifications.deliveries import Claim

log = logging.getLogger("desk.mail")
FOLDER = "sent-mails"
# "12.ticket-7.3f2a...": the number of the delivery and its Message-ID.
NAME = re.compile(r"([0-9]{1,18})\.([A-Za-z0-9.-]{1,120})")


class SentMail(NamedTuple):
    number: int
    message_id: str


def remember(claim: Claim) -> None:
    """Never raises: the mail is sent, and its state is at least in the memory of this process."""
    mail = SentMail(claim.id, claim.message_id)
    _remembered()[mail] = transactions.now()
    try:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / f"{mail.number}.{mail.message_id}").touch(mode=0o600)
        durable.sync_folder(folder)
    except OSError as trouble:
        log.error("mail %s is sent, but neither database nor disk can be written now: %s", mail.number, trouble)
    else:
        log.error("mail %s is sent, but the database cannot be written now: that is tried again", mail.number)


def record() -> None:
    """Write down all that is remembered. Raises what the database raises, and remembers it still."""
    for mail, at in {**_on_disk(), **_remembered()}.items():
        deliveries.record_sent(mail.number, mail.message_id, at)
        _remembered().pop(mail, None)
        # A file that stays is harmless: the same is written down once more.
        with suppress(OSError):
            (_folder() / f"{mail.number}.{mail.message_id}").unlink(missing_ok=True)


def _remembered() -> dict[SentMail, datetime]:
    known: dict[SentMail, datetime] = current_app.extensions.setdefault("sent_mails", {})
    return known


def _on_disk() -> dict[SentMail, datetime]:
    found = {}
    for path in sorted(_folder().glob("*")):
        if name := NAME.fullmatch(path.name):
            # Another worker of this machine may have written it down meanwhile.
            with suppress(FileNotFoundError):
                at = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
                found[SentMail(int(name[1]), name[2])] = at
    return found


def _folder() -> Path:
    return Path(current_app.config["FILES_DIR"]) / FOLDER
