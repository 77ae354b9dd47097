"""Texts made to cost more than their length, where the desk reads what somebody sent, and a count of steps."""

import faulthandler
import io
import sys
import tempfile
import unicodedata
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from pathlib import Path

from helpdesk import email_addresses, text
from helpdesk.accounts import passwords, sessions
from helpdesk.attachments import file_names, file_types
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.import_export import exporter, import_file
from helpdesk.import_export.reading.columns import REQUIRED
from helpdesk.live.feed import Cursor
from helpdesk.markup import markdown
from helpdesk.query import language, mistakes, time_ranges
from helpdesk.search import autocomplete, snippets
from helpdesk.search_index import normalize as search_index_normalize
from helpdesk.tickets import tags
from web import filters, logs

_normalize = unicodedata.normalize
KILOBYTES = (32, 64)
MOST_TIMES = 2.5
FREE = 4
"""So many steps for each character are no growth to speak of: half of a text may be refused at once, all of it read."""
GUARD = 10
"""Seconds after which a test run that hangs is ended, with a trace of where."""

UNITS = {
    "comments": "<!---->",
    "open comments": "<!--",
    "letters": "a",
    "words": "a ",
    "blanks": " \t",
    "lines": "a\n",
    "carriage returns": "\r\n-",
    "quotes": '"a" ',
    "fields": ' tag:"a",',
    "commas": ",;",
    "dots": "a.",
    "ranges": "2026..",
    "slashes": "../\\",
    "addresses": "a@b.co ",
    "address ends": "a@",
    "links": "ftp://a",
    "parted links": "http://a.b ",
    "brackets": "[](",
    "emphasis": "*_a",
    "backticks": "`a``",
    "block quotes": "> ",
    "lists": "- ",
    "marks in the wrong order": "\u0315\u0300",
    "letters of two marks": "\u0f73",
    "Hangul": "\u1100\u1161",
    "Han": "\u4e00",
    "controls": "\x00\u202e",
    "formulas": "'=",
    "traces": "\nDETAIL:",
    "boundaries": "\r\n--b",
    "equals": "a=b&",
    "entities": "&#1;",
    "numbers": "1.",
}


def repeated(unit, kilobytes):
    size = kilobytes * 1024
    return (unit * (size // len(unit) + 1))[:size]


def counted(act, sent):
    """The steps that reading it takes: lines of Python, ours and those of libraries, and marks that are sorted.

    What happens inside C is not seen: tests/support/patterns.py judges the patterns, and a guard ends what hangs.
    """
    steps = 0

    def trace(frame, event, _arg):
        nonlocal steps
        if frame.f_code.co_filename == __file__:
            return None
        steps += event == "line"
        return trace

    def normalize(form, sent):
        nonlocal steps
        steps += sum(len(list(run)) ** 2 for sorts, run in groupby(sent, _is_sorted) if sorts)
        return _normalize(form, sent)

    before = sys.gettrace()
    unicodedata.normalize = normalize
    try:
        with guarded(6 * GUARD):  # To count takes many times as long.
            sys.settrace(trace)
            _do(act, sent)
    finally:
        sys.settrace(before)
        unicodedata.normalize = _normalize
    with guarded(GUARD):
        _do(act, sent)
    return steps


@contextmanager
def guarded(seconds):
    """End the whole run, with a trace of where it is, if this hangs: nothing else interrupts what hangs inside C."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _do(act, sent):
    try:
        act(sent)
    except (ValueError, Refused, mistakes.Mistake):
        pass


@cache
def _is_sorted(letter):
    """Whether it is a combining mark, or becomes some."""
    return unicodedata.combining(_normalize("NFKD", letter)[0]) > 0


# ---- the places


def _kind(sent):
    file_types.find(io.BytesIO(sent.encode()), "note.txt")


def _query(sent):
    language.parse(sent, language.known_to(agent=True, categories=["Access"]))


def _found(sent):
    """The longest query there can be, against the longest text that is looked into."""
    words = [language.Word(sent[: language.LONGEST]), language.Word("printer")]
    snippets.best([sent[: snippets.DEPTH]], words)
    snippets.marked(sent, language.Query(tuple(words)))


def _import(sent):
    names = REQUIRED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tickets.csv"
        path.write_text(
            ",".join(names) + "\n" + sent + "\n" + ",".join('"' + sent.replace('"', '""') + '"' for _name in names)
        )
        list(import_file.rows(import_file.examine(path), transactions.now()))


def _form(browser, sent):
    """A form that anybody can send, with every field as long as the rest of the body allows."""
    fields = dict.fromkeys(("name", "email", "password", "csrf_token"), sent)
    browser.client.post("/register", data=fields)


def _body(browser, sent):
    kind = "multipart/form-data; boundary=b"
    for body in (sent, f'--b\r\nContent-Disposition: form-data; name="subject"\r\n\r\n{sent}\r\n--b--'):
        browser.client.post("/tickets/new", data=body.encode(), content_type=kind)


def _urlencoded(browser, sent):
    browser.client.post("/login", data=sent.encode(), content_type="application/x-www-form-urlencoded")


def _headers(browser, sent):
    """The server takes 8 KB of a header; reading them must not be worse than that where it takes more."""
    value = "".join(letter for letter in sent if " " <= letter <= "~")
    names = ("Cookie", "Range", "If-Range", "If-None-Match", "Accept", "Accept-Language", "X-Live-Keeps", "User-Agent")
    browser.client.get("/login", headers=dict.fromkeys(names, value))


def _address(browser, sent):
    browser.client.get("/search", query_string={"q": sent, "before": sent, "page": sent})


# Each place with the texts that are tried in every run; `make soak` tries them all everywhere.
PLACES = {
    "the kind of a file": (_kind, ["comments", "open comments", "blanks", "carriage returns"]),
    "the name of a file": (
        file_names.clean,
        ["dots", "slashes", "controls", "marks in the wrong order", "letters of two marks"],
    ),
    "the names of a zip": (lambda sent: file_names.different(["a.txt"] * (len(sent) // 64)), ["letters"]),
    "cleaning": (text.clean, ["controls", "carriage returns", "blanks"]),
    "Markdown": (markdown._render, ["links", "brackets"]),
    "a name to be found": (text.fold, ["marks in the wrong order", "letters of two marks", "Hangul"]),
    "a mail address": (email_addresses.fold_address, ["address ends", "dots", "addresses", "quotes"]),
    "the words of the search": (search_index_normalize.document, ["marks in the wrong order", "letters of two marks"]),
    "a query": (_query, ["fields", "quotes", "commas"]),
    "the end of a query": (
        lambda sent: autocomplete.complete(sent, language.known_to(agent=True), None),
        ["fields", "quotes", "commas", "words"],
    ),
    "a time": (time_ranges.normal, ["ranges", "numbers", "dots"]),
    "the place of a hit": (_found, ["words", "marks in the wrong order"]),
    "tags": (tags.parse, ["letters of two marks"]),
    "an imported table": (_import, ["quotes", "commas"]),
    "an exported cell": (exporter.harmless, ["formulas"]),
    "a password": (passwords.is_common, ["letters"]),
    "a browser's name": (sessions.describe, ["dots", "blanks"]),
    "where to go on": (filters.local_path, ["slashes", "letters"]),
    "where live news stand": (Cursor.read, ["numbers", "dots"]),
    "a traceback": (logs._without_rows, ["traces", "lines"]),
}
PAGES = {
    "a form": (_form, ["addresses", "blanks"]),
    "a body in parts": (_body, ["boundaries", "carriage returns"]),
    "a body of fields": (_urlencoded, ["equals"]),
    "headers": (_headers, ["commas", "fields", "quotes"]),
    "an address": (_address, ["fields", "numbers"]),
}
