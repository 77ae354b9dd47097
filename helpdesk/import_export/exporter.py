"""Tickets as a table for other programs: every row of a view, in pieces, so that their number does not matter."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timezone, tzinfo
from typing import Any

from helpdesk.access.visibility import visible_tickets
from helpdesk.choices import PRIORITY_NAMES
from helpdesk.db import transactions
from helpdesk.events import events
from helpdesk.import_export import external_ids, xlsx
from helpdesk.import_export.reading import formulas
from helpdesk.import_export.xlsx import Cell
from helpdesk.lists import ticket_lists
from models import Category, Person, Ticket, db
from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import aliased

# Tickets are read by ranges of numbers: however rare what is asked for is, no piece takes long or is sorted.
SPAN = 2000
COLUMNS = (
    "number",
    "external_id",
    "subject",
    "description",
    "category",
    "type",
    "status",
    "pending_reason",
    "priority",
    "requester_name",
    "requester_email",
    "assignee_email",
    "tags",
    "created_at",
    "changed_at",
    "resolved_at",
    "finished_at",
)
KINDS = {"csv": "text/csv; charset=utf-8", "xlsx": xlsx.MEDIA_TYPE}


class Stopped(Exception):
    """Whoever reads the export may no longer have it. The connection breaks off, so nobody takes it for whole."""


def note(by: Person, view: str, kind: str) -> None:
    """Write down who takes which tickets out of the desk."""
    events.record("exported", by=by, view=view, format=kind)


def pieces(kind: str, cells: Iterator[list[Cell]], zone: tzinfo = timezone.utc) -> Iterator[bytes]:
    """The whole file, heading first, as `csv` or `xlsx`."""
    return _csv(cells) if kind == "csv" else xlsx.pieces(COLUMNS, cells, zone=zone)


def rows(reader_id: int, where: ColumnElement[bool], zone: tzinfo = timezone.utc) -> Iterator[list[Cell]]:
    """The cells of every ticket that is in `where`, there now and to be seen by the reader, by number. Raises Stopped.

    Times are in `zone`.

    Between two pieces no transaction is open, and the reader is read anew: the request that asked is over by then, and
    so is the session that knew them.
    """
    last = db.session.scalar(select(func.max(Ticket.id))) or 0
    for low in range(0, last, SPAN):
        reader = db.session.get(Person, reader_id)
        if reader is None or not (reader.is_active and reader.is_agent):
            raise Stopped
        wanted = _wanted().where(Ticket.id > low, Ticket.id <= min(low + SPAN, last), where)
        found = db.session.execute(wanted.where(visible_tickets(reader)).order_by(Ticket.id)).all()
        desk = external_ids.name()
        transactions.rollback()
        yield from (_cells(row, desk, zone) for row in found)


def _wanted() -> Any:
    requester, assignee = aliased(Person), aliased(Person)
    return (
        select(
            Ticket.id,
            Ticket.external_id,
            Ticket.subject,
            Ticket.description,
            Category.name.label("category"),
            Ticket.type,
            Ticket.status,
            Ticket.pending_reason,
            Ticket.priority,
            requester.name.label("requester"),
            requester.email.label("requester_email"),
            assignee.email.label("assignee_email"),
            ticket_lists.tags_of_row().label("tags"),
            Ticket.created_at,
            Ticket.activity_at,
            Ticket.resolved_at,
            Ticket.finished_at,
        )
        .join(requester, requester.id == Ticket.requester_id)
        .outerjoin(assignee, assignee.id == Ticket.assignee_id)
        .outerjoin(Category, Category.id == Ticket.category_id)
    )


def _cells(row: Row[Any], desk: str, zone: tzinfo) -> list[Cell]:
    return [
        str(row.id),
        row.external_id or external_ids.external_id(desk, row.id),
        row.subject,
        row.description,
        row.category or "",
        row.type,
        row.status,
        row.pending_reason or "",
        PRIORITY_NAMES[row.priority],
        row.requester,
        row.requester_email,
        row.assignee_email or "",
        ", ".join(sorted((row.tags or "").split(","))),
        *(
            value.astimezone(zone) if value else ""
            for value in (row.created_at, row.activity_at, row.resolved_at, row.finished_at)
        ),
    ]


def _csv(cells: Iterator[list[Cell]]) -> Iterator[bytes]:
    """With a byte order mark, without which Excel takes UTF-8 for something else. Every cell is quoted."""
    written = io.StringIO()
    table = csv.writer(written, quoting=csv.QUOTE_ALL)
    yield b"\xef\xbb\xbf"
    table.writerow(COLUMNS)
    for row in cells:
        table.writerow(harmless(cell if isinstance(cell, str) else cell.isoformat()) for cell in row)
        if written.tell() > xlsx.PIECE:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe stands before one.

    A program that splits cells at another sign than a comma finds beginnings inside the cell, behind that sign or a
    line end. The import removes the apostrophes (reading/formulas.py), so the texts come back as they were.
    """
    return formulas.disarm(cell)
