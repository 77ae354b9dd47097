"""One row of a file that tickets are imported from, judged: what it says, what was changed, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone, tzinfo

from flask_babel import gettext as _, lazy_gettext as _l

from helpdesk import choices as helpdesk_choices
from helpdesk.errors import Refused
from helpdesk.import_export.reading import date_formats, html_text
from helpdesk.import_export.reading.cells import EXTERNAL_ID_MAX, Comment, address, known_address, sized
from helpdesk.import_export.reading.columns import CONTINUED, REQUIRED_OF_OTHERS, TIMES, Mapping
from helpdesk.import_export.reading.date_formats import EARLIEST, Format
from helpdesk.text import clean, clean_line
from helpdesk.tickets import tags

# The words of a column, and the one for an empty cell.
WORDS = {
    "type": (tuple(helpdesk_choices.TYPES), "incident"),
    "status": (tuple(helpdesk_choices.STATUSES), "new"),
    "priority": (tuple(helpdesk_choices.PRIORITY_RANKS), "normal"),
}

# A longer one is no word whose meaning somebody could choose.
VALUE_MAX = 100

# What the import may do to a row so that it can be kept; the summary counts each.
SUBJECT_CUT, NO_DESCRIPTION, FROM_HTML, NAMED_IN_TEXT = "subject_cut", "no_description", "from_html", "named_in_text"

CHANGES = {
    SUBJECT_CUT: _l("Subjects cut at 200 characters, with the whole in the description"),
    NO_DESCRIPTION: _l("Tickets without a description"),
    FROM_HTML: _l("Descriptions turned from HTML into text"),
    NAMED_IN_TEXT: _l("Tickets with a person who is only a name, kept in the description"),
}


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
    comments: tuple[Comment, ...] = ()
    changes: frozenset[str] = frozenset()
    cells: Sequence[str] = ()


@dataclass(frozen=True)
class Bad:
    """One row that cannot be imported as it is, where it begins, and why.

    `cells` are as they stand in the file; `unknown` are values by column that mean nothing here.
    """

    place: Place
    why: str
    cells: Sequence[str] = field(default=(), compare=False)
    unknown: Sequence[tuple[str, str]] = field(default=(), compare=False)


@dataclass(frozen=True)
class Layout:
    """How the cells of one table are read: our name for each column ("" for none), its times, values and zone."""

    names: Sequence[str]
    mapping: Mapping = Mapping()
    formats: dict[str, Format] = field(default_factory=dict)
    zone: tzinfo = timezone.utc


def judged(layout: Layout, cells: list[str], place: Place, at: datetime) -> Row | Bad:
    try:
        if len(cells) != len(layout.names):
            found, wanted = len(cells), len(layout.names)
            raise Refused(_("This row has %(found)d cells, the first line has %(wanted)d.", found=found, wanted=wanted))
        return _Judge(layout, cells, at).row(place)
    except Refused as no:
        return Bad(place, str(no), cells, [*_unknown(layout, cells)])


def _unknown(layout: Layout, cells: list[str]) -> Iterator[tuple[str, str]]:
    for name, cell in zip(layout.names, cells):
        given = _written(layout, name, cell) if name in WORDS else ""
        if given and layout.mapping.value(name, given) not in WORDS[name][0]:
            if len(given) <= VALUE_MAX:
                yield name, given


def _written(layout: Layout, name: str, cell: str) -> str:
    """What a cell says. Zendesk writes "-" into one that says nothing."""
    text = clean(cell)
    return "" if text == "-" and layout.mapping.foreign and name not in REQUIRED_OF_OTHERS else text


class _Judge:
    """The cells of one row by our names, and what had to be changed in them."""

    def __init__(self, layout: Layout, cells: list[str], at: datetime) -> None:
        self.layout, self.at, self.given = layout, at, cells
        self.changes: set[str] = set()
        self.cell: dict[str, str] = {}
        self.several: dict[str, list[str]] = {"tags": [], "comment": [], "note": []}
        for name, value in zip(layout.names, cells):
            if name in self.several:
                self.several[name].append(clean(value))
            elif name:
                self.cell[name] = value
        self.cell["description"] = self.cell.get("description", "") + "".join(
            self.cell.pop(name, "") for name in CONTINUED
        )
        self.cell = {name: _written(self.layout, name, value) for name, value in self.cell.items()}

    def row(self, place: Place) -> Row:
        requester, requester_name, unknown = self._person("requester")
        assignee, _name, unassigned = self._person("assignee")
        return Row(
            place=place,
            external_id=sized("external_id", self._line("external_id"), least=1, most=EXTERNAL_ID_MAX),
            subject=sized("subject", self._line("subject"), least=1)[: helpdesk_choices.SUBJECT_MAX].rstrip(),
            description=self._description(unknown, unassigned),
            category=self._optional("category", most=helpdesk_choices.CATEGORY_MAX),
            requester_email=requester,
            requester_name=sized("requester_name", requester_name, most=helpdesk_choices.NAME_MAX),
            assignee_email=assignee,
            type=self._word("type"),
            status=self._word("status"),
            pending_reason=self._optional("pending_reason", most=helpdesk_choices.REASON_MAX),
            priority=self._word("priority"),
            tags=tags.parse(self._tags()),
            **{name: self._moment(name) for name in TIMES},
            comments=tuple(self._comments()),
            changes=frozenset(self.changes),
            cells=self.given,
        )

    def _line(self, name: str) -> str:
        return clean_line(self.cell.get(name, "")).replace("\n", " ")

    def _optional(self, name: str, *, most: int) -> str:
        return sized(name, self._line(name), most=most)

    def _description(self, requester: str, assignee: str) -> str:
        """The description, after what would be lost else: a long subject, people of whom only a name is known."""
        text, before = self._plain(self.cell["description"]), []
        subject = self._line("subject")
        if len(subject) > helpdesk_choices.SUBJECT_MAX:
            self.changes.add(SUBJECT_CUT)
            before.append(subject)
        for known, sentence in (
            (requester, _("Requester: %(name)s", name=requester)),
            (assignee, _("Assignee: %(name)s", name=assignee)),
        ):
            if known:
                self.changes.add(NAMED_IN_TEXT)
                before.append(sentence)
        if not text:
            self.changes.add(NO_DESCRIPTION)
            text = _("(no description)")
        return sized("description", "\n\n".join([*before, text]), most=helpdesk_choices.BODY_MAX)

    def _plain(self, text: str) -> str:
        if self.layout.mapping.foreign and html_text.is_html(text):
            self.changes.add(FROM_HTML)
            return html_text.to_text(text)
        return text

    def _tags(self) -> str:
        joined = ",".join(self.several["tags"])
        # Other systems part tags with blanks: a tag of theirs never holds one.
        return ",".join(joined.split()) if self.layout.mapping.foreign and "," not in joined else joined

    def _word(self, name: str) -> str:
        known, default = WORDS[name]
        given = self.cell.get(name, "")
        word = self.layout.mapping.value(name, given) if given else default
        if word not in known:
            choices = ", ".join(known)
            raise Refused(
                _(
                    "%(column)s is “%(word)s”, but must be one of: %(choices)s.",
                    column=name,
                    word=given[:40],
                    choices=choices,
                )
            )
        return word

    def _person(self, role: str) -> tuple[str, str, str]:
        """Address and name of the requester or assignee; third what is only a name, by which no account is found."""
        given, own_name = self.cell.get(f"{role}_email", ""), self._line(f"{role}_name")
        if given:
            return (*address(given, f"{role}_email", own_name), "")
        given = self._line(role)
        if "@" in given:
            return (*address(given, role, own_name), "")
        in_name, beside = ("", "") if given else known_address(own_name)
        return (in_name, beside, "") if in_name else ("", own_name, given or own_name)

    def _moment(self, name: str) -> datetime | None:
        value = self.cell.get(name, "")
        if not value:
            return None
        fmt = self.layout.formats.get(name, date_formats.FORMATS[0])
        moment = date_formats.read(value, fmt, self.layout.zone)
        if moment is None:
            raise Refused(
                _(
                    "%(column)s is not a time such as %(example)s: %(value)s",
                    column=name,
                    example=fmt.name,
                    value=value[:40],
                )
            )
        if not EARLIEST <= moment <= self.at:
            raise Refused(_("%(column)s must lie between 1970 and now: %(value)s", column=name, value=value[:40]))
        return moment

    def _comments(self) -> list[Comment]:
        """Jira writes "date;author;text" into each; what is not of that form is a text of nobody known."""
        found = []
        for kind in ("comment", "note"):
            for text in filter(None, self.several[kind]):
                when, first, rest = text.partition(";")
                who, second, words_after = rest.partition(";")
                at = date_formats.read_any(when.strip(), self.layout.zone) if second else None
                author, name = known_address(who if at else "")
                body = self._plain(words_after.strip() if at else text)
                if body:
                    found.append(
                        Comment(author, name, at, sized(kind, body, most=helpdesk_choices.BODY_MAX), kind == "note")
                    )
        return sorted(found, key=lambda comment: comment.at or EARLIEST)
