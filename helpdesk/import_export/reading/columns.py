"""What the columns of a file are taken for: by our own names, by those of another system, or as --map says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _, lazy_gettext as _l

from helpdesk.errors import Refused
from helpdesk.import_export.questions import Missing
from helpdesk.import_export.reading.systems import PRIORITIES, STATUSES, SYSTEMS, TYPES, System

REQUIRED = ("external_id", "subject", "description", "category")
# The rest may be missing in a file of another system.
REQUIRED_OF_OTHERS = ("external_id", "subject")
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
TIMES = ("created_at", "changed_at", "resolved_at", "finished_at")
# A person as other systems write one: an address, "Ada Byron <ada@example.com>", or a name alone.
PEOPLE = ("requester", "assignee")
# Where a workbook's cell cannot hold a long description, these hold the rest of it (helpdesk/import_export/xlsx.py).
CONTINUED = ("description_2", "description_3", "description_4")
# A row can have several of these.
REPEATED = ("tags", "comment", "note")
KNOWN = (*REQUIRED, *OPTIONAL, *CONTINUED, *PEOPLE, "comment", "note")
# What people read for each of ours.
LABELS = {
    "external_id": _l("Number or id"),
    "subject": _l("Subject"),
    "description": _l("Description"),
    "category": _l("Category"),
    "requester": _l("Requester (name or address)"),
    "requester_email": _l("Requester’s address"),
    "requester_name": _l("Requester’s name"),
    "assignee": _l("Assignee (name or address)"),
    "assignee_email": _l("Assignee’s address"),
    "type": _l("Type"),
    "status": _l("Status"),
    "pending_reason": _l("What it waits for"),
    "priority": _l("Priority"),
    "tags": _l("Tags"),
    "created_at": _l("Raised at"),
    "changed_at": _l("Last changed at"),
    "resolved_at": _l("Resolved at"),
    "finished_at": _l("Closed at"),
    "comment": _l("Reply"),
    "note": _l("Internal note"),
    "description_2": _l("Description, second part"),
    "description_3": _l("Description, third part"),
    "description_4": _l("Description, fourth part"),
}
VALUES = {"status": STATUSES, "priority": PRIORITIES, "type": TYPES}


@dataclass(frozen=True)
class Mapping:
    """How a file is to be read: the system it comes from, and columns and values that somebody named.

    `columns` gives ours by theirs, `values` ours by column and theirs; both with folded names of theirs.
    """

    system: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def foreign(self) -> bool:
        return bool(self.system or self.columns or self.values)

    def value(self, column: str, given: str) -> str:
        """What `given` means here, or itself where nobody says."""
        folded = " ".join(given.lower().split())
        for known in (self.values, self._system.values if self._system else {}, VALUES if self.foreign else {}):
            if folded in known.get(column, {}):
                return known[column][folded]
        return folded

    @property
    def _system(self) -> System | None:
        return SYSTEMS.get(self.system)


def parse_maps(system: str, given: Sequence[str]) -> Mapping:
    """A Mapping from `--from` and the texts of `--map`: "Issue key=external_id", "status:In Progress=open".

    Raises Refused for a text that is neither, and for a column that we do not have.
    """
    columns: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    for text in given:
        theirs, equals, ours = (part.strip() for part in text.rpartition("="))
        column, colon, value = theirs.partition(":")
        if not equals or not theirs:
            raise Refused(
                _("--map takes “their column=our column” or “column:their value=our value”, not: %(text)s", text=text)
            )
        if colon and column.strip().lower() in VALUES:
            values.setdefault(column.strip().lower(), {})[" ".join(value.lower().split())] = ours.lower()
        elif ours and ours not in KNOWN:
            raise Refused(
                _("There is no column “%(name)s”. Choose one of: %(names)s.", name=ours, names=", ".join(KNOWN))
            )
        else:
            columns[folded_heading(theirs)] = ours
    return Mapping(system, columns, values)


def assign(cells: Sequence[str], mapping: Mapping) -> list[str]:
    """Our name for each cell of a heading, "" for what is not imported. Raises Refused where one is there twice."""
    names = names_of(cells, mapping)
    twice = sorted({name for name in names if name and name not in REPEATED and names.count(name) > 1})
    if twice:
        raise Refused(
            _("The first line names a column twice: %(names)s. Rename or remove one of them.", names=", ".join(twice))
        )
    return names


def names_of(cells: Sequence[str], mapping: Mapping) -> list[str]:
    """The same, for a row that may be no heading.

    Of several names that a system has for one of our columns the first that is there counts: an address stands before
    a name.
    """
    theirs = [folded_heading(cell) for cell in cells]
    system = SYSTEMS[mapping.system].columns if mapping.system else {}
    names = [mapping.columns.get(name, "" if mapping.system else name) for name in theirs]
    taken = {name for name in names if name}
    order = {name: place for place, name in enumerate(system)}
    for place, name in sorted(enumerate(theirs), key=lambda item: order.get(item[1], len(order))):
        ours = system.get(name, "")
        if names[place] or not ours or name in mapping.columns:
            continue
        if ours in taken and theirs.count(name) > 1 and ours == "category":
            ours = "tags"  # Jira repeats the column of components for a ticket of several.
        if ours not in taken or ours in REPEATED or theirs.count(name) > 1:
            names[place] = ours
            taken.add(ours)
    return [name if name in KNOWN else "" for name in names]


def score(cells: Sequence[str], mapping: Mapping) -> int:
    """How well a row is known as a heading: the columns it names, and far less where one is missing."""
    found = {name for name in names_of(cells, mapping) if name}
    return len(found) - 100 * len(missing([*found], mapping))


def missing(names: Sequence[str], mapping: Mapping) -> list[str]:
    return [name for name in (REQUIRED_OF_OTHERS if mapping.foreign else REQUIRED) if name not in names]


def refuse_missing(names: Sequence[str], mapping: Mapping, sheet: str = "") -> None:
    """Raises Refused where a column that is needed is not among these."""
    if not (lacking := missing(names, mapping)):
        return
    needed = REQUIRED_OF_OTHERS if mapping.foreign else REQUIRED
    where = _("Sheet “%(sheet)s”: ", sheet=sheet) if sheet else ""
    raise Missing(
        where
        + _(
            "The first line must name the columns. Missing: %(missing)s. Needed: %(needed)s. Optional: %(more)s.",
            missing=", ".join(lacking),
            needed=", ".join(needed),
            more=", ".join(OPTIONAL),
        ),
        lacking,
    )


def folded_heading(name: str) -> str:
    return " ".join(name.strip().strip("\ufeff").lower().split())
