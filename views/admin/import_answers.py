"""What is answered on the page of an import: what its columns, values, dates and encoding are."""

import re
from datetime import date

from flask import request
from flask_babel import format_date, gettext as _

from helpdesk import choices
from helpdesk.access import lookups
from helpdesk.import_export import inspection
from helpdesk.import_export.import_rows import WORDS
from helpdesk.import_export.reading import columns
from helpdesk.import_export.reading.date_formats import DAY_FIRST, MONTH_FIRST
from helpdesk.import_export.reading.systems import SYSTEMS

ENCODINGS = ("utf-8", "windows-1252", "iso-8859-15", "windows-1250", "windows-1251", "mac-roman", "utf-16")

MEANINGS = {
    "status": list(choices.STATUSES.items()),
    "priority": [(name, choices.PRIORITIES[rank]) for name, rank in choices.PRIORITY_RANKS.items()],
    "type": list(choices.TYPE_NAMES.items()),
}


# ---- when a file is brought


def first_answers(me):
    """Those of the import whose rows left out are brought again, unless another system was chosen."""
    system, earlier = chosen("system", systems()), like(me)
    before = (earlier.answers or {}) if earlier else {}
    return before if earlier and system == before.get("system", "") else {"system": system}


def like(me):
    """The import whose answers count for the next file too."""
    number = request.values.get("like", "")
    return lookups.find_import(me, int(number)) if re.fullmatch("[1-9][0-9]{0,8}", number, re.ASCII) else None


def chosen(name, known, otherwise=""):
    value = request.form.get(name, otherwise)
    return value if value in known else otherwise


def systems():
    own = {inspection.DETECT: _("Find out by the columns"), inspection.OWN: _("This desk, or columns of its names")}
    return own | {system.name: system.label for system in SYSTEMS.values()}


# ---- on the page


def values(job):
    """Values for which somebody must say, or has said, what they mean here: column, value, rows, answer."""
    answered = (job.answers or {}).get("values", {})
    known = [(column, value, None, ours) for column, found in answered.items() for value, ours in found.items()]
    unknown = [(one["column"], one["value"], one["rows"], "") for one in (job.findings or {}).get("values", [])]
    return known + unknown


def days(found):
    """How a time can be read with the day or the month first, said in words."""
    examples = [example for example in found.get("examples", {}).values() if DAY_FIRST in example]
    if not examples:
        return []
    text, shown = examples[0]["text"], []
    for order, first in ((DAY_FIRST, _("Day first")), (MONTH_FIRST, _("Month first"))):
        if order in examples[0]:
            day = format_date(date.fromisoformat(examples[0][order]), "d MMMM yyyy")
            shown.append((order, _("%(first)s: %(text)s is %(day)s", first=first, text=text, day=day)))
    return shown


# ---- as sent


def version():
    given = request.form.get("version", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else 0


def corrected(job):
    """What was chosen on the page, as far as it differs from what is taken without an answer."""
    before, found = job.answers or {}, job.findings or {}
    system = chosen("system", systems(), before.get("system", ""))
    answers = {
        "system": system,
        "order": chosen("order", ("", DAY_FIRST, MONTH_FIRST), before.get("order", "")),
        "encoding": chosen("encoding", ("", *ENCODINGS), before.get("encoding", "")),
        "values": _meanings(job),
        "columns": before.get("columns", {}),
    }
    if system != before.get("system", ""):
        return answers | {"columns": {}}  # They were chosen beside what another system calls them.
    for place, column in enumerate(found.get("columns", [])):
        ours = chosen(f"column-{place}", ("", *columns.KNOWN), column["taken"])
        answers["columns"] = {key: name for key, name in answers["columns"].items() if key != column["key"]}
        if ours != column["usual"]:
            answers["columns"][column["key"]] = ours
    return answers


def _meanings(job):
    meanings = {}
    for place, (column, value, _rows, before) in enumerate(values(job)):
        if ours := chosen(f"value-{place}", ("", *WORDS[column][0]), before):
            meanings.setdefault(column, {})[" ".join(value.lower().split())] = ours
    return meanings
