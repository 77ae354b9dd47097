"""The query language: what somebody types into a search box, as words and filters, and written back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from flask_babel import gettext as _

from helpdesk.choices import PRIORITY_RANKS, STATUSES
from helpdesk.query import time_ranges
from helpdesk.query.mistakes import Mistake, no_such_field, no_such_value, no_time, no_value
from helpdesk.query.near_names import near_name
from helpdesk.query.tokenizer import Token, tokens
from helpdesk.search_index.index_words import unaccented
from helpdesk.search_index.normalize import Term, term
from helpdesk.text import clean

LONGEST = 400
MOST_PARTS = 20

FOR_AGENTS = ("tag", "imported")
MOMENTS = ("created", "updated")
IS = ("unassigned", "active", "finished")
HAS = {"reply": False, "file": False, "note": True}  # The second says: for agents only.
ME, NOBODY = "me", "nobody"

QUOTES = '"“”„‟«»＂'
_PLAIN, _NONE = str.maketrans(dict.fromkeys(QUOTES, '"')), str.maketrans(dict.fromkeys(QUOTES))


@dataclass(frozen=True)
class Known:
    """What a person may say: the values of each field; None where any word may stand."""

    fields: Mapping[str, tuple[str, ...] | None]


@dataclass(frozen=True)
class NoField:
    """A text with a colon whose beginning is no field. `corrected` is the whole query with the field that is one letter
    away, empty where there is none or its values cannot be these.
    """

    name: str
    corrected: str = ""


@dataclass(frozen=True)
class Word:
    """A word or a phrase in the text. `exact`: it was quoted."""

    text: str
    exact: bool = False
    without: bool = False
    no_field: NoField | None = field(default=None, compare=False)

    @property
    def term(self) -> Term | None:
        return term(self.text, exact=self.exact, without=self.without)


@dataclass(frozen=True)
class Filter:
    """One field, with one value or several of which any will do."""

    field: str
    values: tuple[str, ...]
    without: bool = False


@dataclass(frozen=True)
class Query:
    """All parts must hold."""

    parts: tuple[Word | Filter, ...] = ()

    @property
    def terms(self) -> list[Term]:
        found = (part.term for part in self.parts if isinstance(part, Word))
        return [one for one in found if one is not None]

    @property
    def filters(self) -> list[Filter]:
        return [part for part in self.parts if isinstance(part, Filter)]

    @property
    def no_fields(self) -> list[Word]:
        """What is looked for as text although it is written like a filter."""
        return [part for part in self.parts if isinstance(part, Word) and part.no_field is not None]

    @property
    def number(self) -> int | None:
        """The ticket's number, where the query is nothing else. In quotes it is a text like any other."""
        match self.parts:
            case (Word(text, exact=False, without=False),):
                found = re.fullmatch(r"#?([1-9][0-9]{0,8})", text, re.ASCII)
                return int(found.group(1)) if found else None
        return None

    def value(self, name: str) -> str:
        """The one value that a form of filters can show for the field; empty where there is none or more to it."""
        found = [part for part in self.filters if part.field == name]
        plain = len(found) == 1 and len(found[0].values) == 1 and not found[0].without
        return found[0].values[0] if plain else ""

    def shows(self, name: str) -> bool:
        """Whether a form of filters can show all that the query says about the field."""
        return bool(self.value(name)) or all(part.field != name for part in self.filters)

    def having(self, name: str, value: str) -> Query:
        """The same query with this value for the field, or without the field where the value is empty."""
        kept = tuple(part for part in self.parts if not (isinstance(part, Filter) and part.field == name))
        return replace(self, parts=kept + ((Filter(name, (value,)),) if value else ()))


def known_to(*, agent: bool, categories: Iterable[str] = ()) -> Known:
    """What somebody may say. Requesters know nothing of notes and tags."""
    has = tuple(value for value, internal in HAS.items() if agent or not internal)
    closed: dict[str, tuple[str, ...] | None] = {
        "status": tuple(STATUSES),
        "assignee": None,
        "category": (*dict.fromkeys(slug(name) for name in categories), "none"),
        "priority": tuple(PRIORITY_RANKS),
        "requester": None,
        "created": None,
        "updated": None,
        **dict.fromkeys(FOR_AGENTS),
        "is": IS,
        "has": has,
    }
    return Known({name: values for name, values in closed.items() if agent or name not in FOR_AGENTS})


def slug(name: str) -> str:
    """A name as a value: "Access & rights" is category:access-&-rights, or as it is, in quotes."""
    return "-".join(unquoted(unaccented(name)).split())


def spoken(name: str) -> str:
    """A person's name as a value: Robert "Bob" Smith is assignee:"robert bob smith"."""
    return " ".join(unquoted(unaccented(name)).split())


def unquoted(text: str) -> str:
    """Without quotation marks: no value can hold them, so they count for nothing in what a value is compared with."""
    return text.translate(_NONE)


def parse(typed: str, known: Known) -> Query:
    """Read a query. Raises Mistake, also where something was typed that nothing can be looked for by: that is no wish
    for everything.
    """
    text = clean(typed).translate(_PLAIN)
    if len(text) > LONGEST:
        raise Mistake(_("This is too long. Please use at most %(most)d characters.", most=LONGEST))
    parts = tuple(part for token in tokens(text) if (part := _part(token, text, known)) is not None)
    if len(parts) > MOST_PARTS:
        raise Mistake(_("These are too many words. Please use at most %(most)d.", most=MOST_PARTS))
    if typed.strip() and not parts:
        said = _("There is nothing in this that could be looked for.")
        raise Mistake(f"{said} " + _("Type letters or digits, or a filter such as status:open."))
    return Query(parts)


def write(query: Query) -> str:
    """The query as text, in its normal form: parsing it gives the same query."""
    return " ".join(_written(part) for part in query.parts)


def normal(typed: str, known: Known) -> str:
    """What was typed in its normal form, to be kept. Raises Mistake, also where that is longer than may be typed."""
    written = write(parse(typed, known))
    if len(written) > LONGEST:
        said = _("Written out in full, this is longer than %(most)d characters.", most=LONGEST)
        raise Mistake(f"{said} " + _("Please leave something out."))
    parse(written, known)
    return written


# ---- reading


def _part(token: Token, typed: str, known: Known) -> Word | Filter | None:
    dashes = next((i for i, letter in enumerate(token.text) if letter != "-" or token.quoted[i]), len(token.text))
    without, text = dashes > 0, token.text[dashes:]
    token = token.after(dashes)
    name = re.match(r"([A-Za-z]{2,}):(?!//)", text)
    if name is None or any(token.quoted[: name.end()]):
        return _word(token, without)
    part = Filter(name[1].lower(), _values(token, name.end()), without)
    if part.field not in known.fields:
        return replace(_word(token, without) or Word(text), no_field=_no_field(part, token, typed, known))
    try:
        return _checked(part, known)
    except Mistake as mistake:
        if mistake.instead:
            right = replace(part, values=tuple(mistake.instead if v == mistake.wrong else v for v in part.values))
            mistake.corrected = _corrected(right, token, typed)
        raise


def _word(token: Token, without: bool) -> Word | None:
    exact = any(token.quoted)
    text = " ".join(token.text.split())
    return Word(text, exact, without) if term(text) is not None else None


def _no_field(part: Filter, token: Token, typed: str, known: Known) -> NoField | None:
    """What to say about a name that is no field; None where nothing follows it: "Error:" is a word like any other.

    Raises Mistake where a field is near and turned round: looked for as text, it would let nearly all tickets through.
    """
    near = near_name(part.field, known.fields)
    try:
        corrected = _corrected(_checked(replace(part, field=near), known), token, typed) if near else ""
    except Mistake:
        corrected = ""
    if corrected and part.without:
        mistake = no_such_field(part.field, near, known.fields)
        mistake.corrected = corrected
        raise mistake
    return NoField(part.field, corrected) if part.values else None


def _corrected(right: Filter, token: Token, typed: str) -> str:
    return typed[: token.start] + _written(right) + typed[token.end :]


def _values(token: Token, start: int) -> tuple[str, ...]:
    """What stands after the colon, apart at the commas outside quotes."""
    values = [""]
    for letter, quoted in zip(token.text[start:], token.quoted[start:]):
        if letter == "," and not quoted:
            values.append("")
        else:
            values[-1] += letter
    return tuple(dict.fromkeys(" ".join(value.split()) for value in values if value.strip()))


def _checked(part: Filter, known: Known) -> Filter:
    """The filter with its values in their normal form. Raises Mistake."""
    name = part.field
    if not part.values:
        raise no_value(name)
    return replace(part, values=tuple(dict.fromkeys(_value(name, one, known.fields[name]) for one in part.values)))


def _value(name: str, value: str, allowed: tuple[str, ...] | None) -> str:
    if name in MOMENTS:
        try:
            return time_ranges.normal(value)
        except ValueError:
            raise no_time(name, value) from None
    if name == "imported" and not re.fullmatch("[1-9][0-9]{0,8}", value, re.ASCII):
        raise Mistake(_("“imported:” takes the number of an import, for example imported:7."))
    if allowed is None:
        return spoken(value) or value
    if slug(value) in allowed:
        return slug(value)
    raise no_such_value(name, value, slug(value), allowed)


# ---- writing


def _written(part: Word | Filter) -> str:
    minus = "-" if part.without else ""
    if isinstance(part, Word):
        return minus + (f'"{part.text}"' if part.exact else part.text)
    return f"{minus}{part.field}:" + ",".join(quoted(value) for value in part.values)


def quoted(value: str) -> str:
    """A value as it can stand behind a colon."""
    return f'"{value}"' if re.search(r"[\s,]", value) else value
