"""What a file is taken for, as its page shows it: columns with their first values, what must be answered, a trial."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from helpdesk.errors import Refused
from helpdesk.import_export import import_file, importer
from helpdesk.import_export.import_file import Plan
from helpdesk.import_export.import_rows import Bad
from helpdesk.import_export.outcome import Outcome
from helpdesk.import_export.questions import Missing, NotUtf8, WhichFirst
from helpdesk.import_export.reading import columns, comments, date_formats, workbooks
from helpdesk.import_export.reading.cells import Comment
from helpdesk.import_export.reading.columns import Mapping, folded_heading
from helpdesk.import_export.reading.csv_reader import Reader, Record
from helpdesk.import_export.reading.systems import SYSTEMS
from helpdesk.import_export.reading.text_files import encoding_of, lines_of, open_text

DETECT, OWN = "", "own"
# What a page shows of a file at most.
COLUMNS, HEADING_MAX, SAMPLES, SAMPLE_SIZE, ROWS = 200, 300, 3, 60, 100
# The first values of a column are looked for in so many lines or rows.
LOOKED_AT = 300

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """The files of an import where they lie for the moment, the name people know them by, what was answered, and the
    mail server's name (helpdesk/notifications/mail_server.py).
    """

    path: Path
    name: str
    answers: dict[str, Any]
    zone: tzinfo
    replies: Path | None = None
    server: str = ""

    @property
    def encoding(self) -> str:
        return self.answers.get("encoding") or encoding_of(self.path)


def inspect(source: Source, at: datetime, progress: Progress) -> dict[str, Any]:
    """All that the page of the import says, as JSON can hold it. What keeps the file from being read is `problem`."""
    found: dict[str, Any] = {"columns": [], "values": [], "system": source.answers.get("system") or ""}
    try:
        with import_file.readable(source.path):
            found["system"], heads = _detected(source)
        mapping = mapping_of(source.answers, found["system"])
        found["columns"] = _columns(heads, mapping, mapping_of({}, found["system"]))
        plan, replies, bad_replies = open_plan(source, found["system"], progress)
        found |= {"read_as": plan.read_as, "lines": plan.lines}
        outcome = importer.trial(plan, at, server=source.server, outcome=Outcome(most=ROWS), progress=progress)
        found["trial"] = summary(outcome) | {"replies": sum(map(len, replies.values()))}
        found["bad_replies"] = [[str(row.place), row.why] for row in bad_replies[:ROWS]]
        found["bad_replies_count"] = len(bad_replies)
        found["values"] = _values(outcome)
    except Refused as no:
        found |= _problem(no, source)
    return found


def open_plan(source: Source, system: str, progress: Progress) -> tuple[Plan, dict[str, list[Comment]], list[Bad]]:
    """The plan of the file, its replies by external id, and the rows of replies left out. Raises Refused."""
    order, encoding = source.answers.get("order", ""), source.answers.get("encoding", "")
    mapping = mapping_of(source.answers, system)
    options: dict[str, Any] = {"zone": source.zone, "order": order, "encoding": encoding, "progress": progress}
    plan = import_file.examine(source.path, mapping, **options)
    replies = comments.read_replies(source.replies, source.zone, order) if source.replies else ({}, [])
    return plan, *replies


def mapping_of(answers: dict[str, Any], system: str) -> Mapping:
    return Mapping("" if system == OWN else system, answers.get("columns", {}), answers.get("values", {}))


def summary(outcome: Outcome) -> dict[str, Any]:
    """The counts of an outcome, and the first of the rows left out."""
    return {
        "added": outcome.added,
        "known": outcome.known,
        "left_out": outcome.left_out,
        "changes": dict(outcome.changes),
        "bad": [[str(row.place), row.why] for row in outcome.bad],
        "unassigned": [[str(row.place), row.why] for row in outcome.unassigned],
        "without_assignee": outcome.without_assignee,
    }


# ---- the heading


def _detected(source: Source) -> tuple[str, list[list[list[str]]]]:
    """The system whose columns the file names, and for each table its heading with the first rows below it."""
    chosen = source.answers.get("system") or DETECT
    systems = [chosen] if chosen else [OWN, *SYSTEMS]
    mappings = {name: mapping_of(source.answers, name) for name in systems}
    if workbooks.is_workbook(source.path):
        sheets: dict[str, list[list[str]]] = {}
        for place, cells in workbooks.sheets(source.path):
            rows = sheets.setdefault(place.sheet, [])
            if len(rows) < LOOKED_AT and any(cell.strip() for cell in cells):
                rows.append(cells)
        first = next(iter(sheets.values()), [])[: import_file.HEADING_ROWS]
        system = max(
            systems, key=lambda name: _known(max((columns.score(row, mappings[name]) for row in first), default=0))
        )
        return system, [_from_heading(rows, mappings[system]) for rows in sheets.values() if rows]
    with open_text(source.path, source.encoding) as text:
        lines = list(itertools.islice(lines_of(text), LOOKED_AT))
    if not any(line.strip() for line in lines):
        raise Refused(_("The file is empty. Choose one with a heading and a row for each ticket."))
    guesses = {
        name: import_file.guess_heading(lines[: 2 * import_file.HEADING_ROWS], mappings[name]) for name in systems
    }
    system = max(systems, key=lambda name: _known(guesses[name][3]))
    separator, line, heading, _score = guesses[system]
    below = [record.cells for record in Reader(lines[line:], separator) if isinstance(record, Record)]
    return system, [[heading, *below]]


def _known(score: int) -> tuple[bool, int]:
    """What a score of a heading says: whether nothing is missing, and how many columns are known."""
    return score > 0, score % 100


def _from_heading(rows: list[list[str]], mapping: Mapping) -> list[list[str]]:
    begin = max(range(min(len(rows), import_file.HEADING_ROWS)), key=lambda row: columns.score(rows[row], mapping))
    return rows[begin:]


def _columns(tables: Sequence[list[list[str]]], mapping: Mapping, default: Mapping) -> list[dict[str, Any]]:
    """Each heading once, also where columns share it, with the first different values below it."""
    found: dict[str, dict[str, Any]] = {}
    for heading, *rows in tables:
        taken, usual = columns.names_of(heading, mapping), columns.names_of(heading, default)
        for place, name in enumerate(heading):
            key = folded_heading(name)
            if len(key) > HEADING_MAX:
                continue  # A text and no name: nobody says what it is taken for.
            fresh = {"key": key, "heading": name[:SAMPLE_SIZE], "taken": taken[place], "usual": usual[place]}
            column = found.setdefault(key, fresh | {"samples": []})
            for row in rows:
                sample = " ".join(row[place].split())[:SAMPLE_SIZE] if place < len(row) else ""
                if sample and sample not in column["samples"] and len(column["samples"]) < SAMPLES:
                    column["samples"].append(sample)
    return list(found.values())[:COLUMNS]


# ---- what must be answered


def _values(outcome: Outcome) -> list[dict[str, Any]]:
    """Values that mean nothing here, the most frequent first."""
    return [{"column": column, "value": value, "rows": rows} for (column, value), rows in outcome.unknown.most_common()]


def _problem(no: Refused, source: Source) -> dict[str, Any]:
    """What to do about it on the page, where the command line names its options."""
    if isinstance(no, Missing):
        return {"problem": "missing", "missing": [*no.names]}
    if isinstance(no, WhichFirst):
        return {"problem": "dates", "examples": {name: _readings(text) for name, text in no.examples.items()}}
    if isinstance(no, NotUtf8):
        return {"problem": "encoding"}
    return {"problem": "other", "why": in_words(no, source)}


def in_words(no: Refused, source: Source) -> str:
    """Files by the names people know."""
    said = str(no).replace(str(source.path), source.name)
    return said.replace(str(source.replies), str(_("The file of replies"))) if source.replies else said


def _readings(text: str) -> dict[str, str]:
    """The text, and the day that it is with the day first and with the month first."""
    days = {}
    for fmt in date_formats.FORMATS:
        if fmt.order and (moment := date_formats.read(text, fmt, timezone.utc)) is not None:
            days[fmt.order] = moment.date().isoformat()
    return {"text": text} | days
