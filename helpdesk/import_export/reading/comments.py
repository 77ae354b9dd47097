"""The conversation of imported tickets: from columns of the file, or from a second file of replies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, select

from helpdesk.errors import Refused
from helpdesk.import_export.import_rows import Bad, Place, Row
from helpdesk.import_export.questions import WhichFirst
from helpdesk.import_export.reading import date_formats
from helpdesk.import_export.reading.cells import Comment, comment_of
from helpdesk.import_export.reading.csv_reader import Record
from helpdesk.import_export.reading.text_files import open_table
from helpdesk.text import clean_line
from models import Event, Message, db

COLUMNS = ("external_id", "author_email", "at", "text", "internal")


def read_replies(path: Path, zone: tzinfo, order: str = "") -> tuple[dict[str, list[Comment]], list[Bad]]:
    """A file of replies: external_id, author_email, at, text, internal. Returns them by external id, and bad rows.

    Raises Refused where a column is missing, or it must be said whether the day or the month stands first.
    """
    names, records = open_table(path, COLUMNS)
    rows, bad, times = [], list[Bad](), date_formats.Column()
    for record in records:
        if isinstance(record, Record) and len(record.cells) == len(names):
            cell = dict(zip(names, record.cells))
            times.add(cell["at"].strip())
            rows.append((record.line, cell))
        else:
            why = _("This row does not have %(wanted)d cells, or a quotation mark breaks it.", wanted=len(names))
            bad.append(Bad(Place(record.line), why))
    chosen, open_ones = date_formats.choose({"at": times}, order)
    if open_ones:
        raise WhichFirst(
            _(
                "In the file of replies the day and the month could be taken for each other. Say which stands first: "
                "--dates day-first or --dates month-first"
            ),
            {"at": times.example},
        )
    found: dict[str, list[Comment]] = {}
    for line, cell in rows:
        try:
            found.setdefault(clean_line(cell["external_id"]), []).append(comment_of(cell, chosen.get("at"), zone))
        except Refused as no:
            bad.append(Bad(Place(line), str(no)))
    return found, bad


def insert_all(rows: Mapping[int, Row], people: Mapping[str, int], nobodys: str, at: datetime) -> None:
    """Write the messages of new tickets, by number, with their events. Nobody is mailed."""
    messages = [
        _message(number, row, comment, people[comment.author or nobodys], at)
        for number, row in rows.items()
        for comment in row.comments
    ]
    if not messages:
        return
    before = db.session.scalar(select(func.max(Message.id))) or 0
    db.session.execute(insert(Message), messages)
    written = select(Message.id, Message.ticket_id, Message.author_id, Message.kind, Message.created_at)
    found = db.session.execute(
        written.where(Message.id > before, Message.ticket_id.in_(rows)).order_by(Message.id)
    ).all()
    events: list[dict[str, Any]] = [
        {
            "kind": "replied" if kind == "reply" else "noted",
            "public": kind == "reply",
            "ticket_id": ticket,
            "message_id": number,
            "actor_id": author,
            "facts": {},
            "at": created,
        }
        for number, ticket, author, kind, created in found
    ]
    db.session.execute(insert(Event), events)


def _message(number: int, row: Row, comment: Comment, author: int, at: datetime) -> dict[str, Any]:
    named = f"{comment.name}:\n\n{comment.text}" if comment.name and not comment.author else comment.text
    return {
        "ticket_id": number,
        "author_id": author,
        "kind": "note" if comment.internal else "reply",
        "body": named,
        "created_at": comment.at or row.changed_at or row.created_at or at,
    }
