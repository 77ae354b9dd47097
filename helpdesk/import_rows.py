"""One row of a file that tickets are imported from, judged: what it may say, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache

from flask_babel import gettext as _

from helpdesk import tags, words
from helpdesk.errors import Refused
from helpdesk.text import clean, fold_address

REQUIRED = ("external_id", "subject", "description", "category")
OPTIONAL = (
    "requester_email",
    "requester_name",
    "assignee_email",
    "type",
    "status",
    "pending_reason",
    "priority",
    "tags",
    "created_at",
    "changed_at",
    "resolved_at",
    "finished_at",
)
# Where a workbook's cell cannot hold a long description, these hold the rest of it (helpdesk/xlsx.py).
GOES_ON = ("description_2", "description_3", "description_4")
EXTERNAL_ID_MAX = 120
EARLIEST = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row begins: on which line, of which sheet in a workbook of several, and how many lines that is in all."""

    line: int
    sheet: str = ""
    before: int = 0

    @property
    def in_all(self) -> int:
        return self.before + self.line

    def __str__(self) -> str:
        if not self.sheet:
            return str(_("line %(line)d", line=self.line))
        return str(_("line %(line)d of the sheet “%(sheet)s”", line=self.line, sheet=self.sheet))


@dataclass(frozen=True)
class Row:
    """One good row. What may be missing is empty, moments are None where the file does not say."""

    place: Place
    external_id: str
    subject: str
    description: str
    category: str
    requester_email: str
    requester_name: str
    assignee_email: str
    type: str
    status: str
    pending_reason: str
    priority: str
    tags: list[str]
    created_at: datetime | None
    changed_at: datetime | None
    resolved_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True)
class Bad:
    """One row that cannot be imported as it is, where it begins, and why."""

    place: Place
    why: str


def header(cells: list[str], sheet: str = "") -> list[str]:
    """The names of the columns. Raises Refused where one is missing."""
    names = [cell.strip().lower() for cell in cells]
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        where = _("Sheet “%(sheet)s”: ", sheet=sheet) if sheet else ""
        raise Refused(
            where
            + _(
                "The first line must name the columns. Missing: %(missing)s. Needed: %(needed)s. Optional: %(more)s.",
                missing=", ".join(missing),
                needed=", ".join(REQUIRED),
                more=", ".join(OPTIONAL),
            )
        )
    return names


def judged(names: list[str], cells: list[str], place: Place, at: datetime) -> Row | Bad:
    try:
        if len(cells) != len(names):
            found = _(
                "This row has %(found)d cells, the first line has %(wanted)d.", found=len(cells), wanted=len(names)
            )
            raise Refused(found)
        raw = dict(zip(names, cells))
        raw["description"] += "".join(raw.get(name, "") for name in GOES_ON)
        cell = {name: clean(value) for name, value in raw.items()}
        return Row(
            place=place,
            external_id=_one_line(cell, "external_id", least=1, most=EXTERNAL_ID_MAX),
            subject=_one_line(cell, "subject", least=words.SUBJECT_MIN, most=words.SUBJECT_MAX),
            description=_sized("description", cell["description"], least=1, most=words.BODY_MAX),
            category=_one_line(cell, "category", least=0, most=words.CATEGORY_MAX),
            requester_email=_address(cell, "requester_email"),
            requester_name=_optional(cell, "requester_name", most=words.NAME_MAX),
            assignee_email=_address(cell, "assignee_email"),
            type=_word(cell, "type", tuple(words.TYPES), "incident"),
            status=_word(cell, "status", tuple(words.STATUSES), "new"),
            pending_reason=_optional(cell, "pending_reason", most=words.REASON_MAX),
            priority=_word(cell, "priority", tuple(words.PRIORITY_RANKS), "normal"),
            tags=tags.parse(cell.get("tags", "")),
            created_at=_moment(cell, "created_at", at),
            changed_at=_moment(cell, "changed_at", at),
            resolved_at=_moment(cell, "resolved_at", at),
            finished_at=_moment(cell, "finished_at", at),
        )
    except Refused as no:
        return Bad(place, str(no))


def _optional(cell: dict[str, str], name: str, *, most: int) -> str:
    return _one_line(cell | {name: cell.get(name, "")}, name, least=0, most=most)


def _one_line(cell: dict[str, str], name: str, *, least: int, most: int) -> str:
    return _sized(name, cell[name].replace("\n", " "), least=least, most=most)


def _sized(name: str, value: str, *, least: int, most: int) -> str:
    if not value and least:
        raise Refused(_("%(column)s is empty.", column=name))
    if len(value) < least:
        raise Refused(_("%(column)s is shorter than %(least)d characters.", column=name, least=least))
    if len(value) > most:
        raise Refused(_("%(column)s is longer than %(most)d characters.", column=name, most=most))
    return value


def _word(cell: dict[str, str], name: str, known: tuple[str, ...], default: str) -> str:
    word = cell.get(name, "").lower() or default
    if word not in known:
        choices = ", ".join(known)
        raise Refused(
            _(
                "%(column)s is “%(word)s”, but must be one of: %(choices)s.",
                column=name,
                word=word[:40],
                choices=choices,
            )
        )
    return word


def _address(cell: dict[str, str], name: str) -> str:
    value = cell.get(name, "")
    try:
        return _folded(value) if value else ""
    except ValueError:
        raise Refused(_("%(column)s is not an e-mail address: %(value)s", column=name, value=value[:80])) from None


_folded = lru_cache(maxsize=4096)(fold_address)


def _moment(cell: dict[str, str], name: str, at: datetime) -> datetime | None:
    """ISO 8601; without a zone it is UTC."""
    value = cell.get(name, "")
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        example = "2026-03-31T14:05:00Z"
        raise Refused(
            _(
                "%(column)s is not a time such as %(example)s: %(value)s",
                column=name,
                example=example,
                value=value[:40],
            )
        ) from None
    if not EARLIEST <= moment <= at:
        raise Refused(_("%(column)s must lie between 1970 and now: %(value)s", column=name, value=value[:40]))
    return moment
