"""The desk's word lists: statuses, priorities, types and roles, each with the word a person reads."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

STATUSES = {
    "new": _l("New"),
    "open": _l("Open"),
    "pending": _l("Pending"),
    "resolved": _l("Resolved"),
    "closed": _l("Closed"),
}
ACTIVE = ("new", "open", "pending")
FINISHED = ("resolved", "closed")

PRIORITIES = {1: _l("Low"), 2: _l("Normal"), 3: _l("High"), 4: _l("Urgent")}
PRIORITY_NAMES = {1: "low", 2: "normal", 3: "high", 4: "urgent"}
PRIORITY_RANKS = {name: rank for rank, name in PRIORITY_NAMES.items()}
PRIORITY_HINTS = {
    "low": _l("Low: when there is time"),
    "normal": _l("Normal: I can work around it"),
    "high": _l("High: I can hardly work"),
    "urgent": _l("Urgent: many people cannot work"),
}

TYPES = {"incident": _l("Something does not work"), "request": _l("I need something")}
TYPE_NAMES = {"incident": _l("Incident"), "request": _l("Request")}

# How a ticket stands to another, as it is told on its own page.
LINK_TYPES = {
    "related": _l("Related to"),
    "blocks": _l("Blocks"),
    "blocked": _l("Blocked by"),
    "duplicate": _l("Duplicate of"),
    "duplicated": _l("Has the duplicate"),
    "split": _l("Split from"),
    "parted": _l("Split into"),
}
HOWS_TO_CHOOSE = ("related", "blocks", "blocked", "duplicate")

ROLES = {"user": _l("User"), "agent": _l("Agent"), "admin": _l("Admin")}
PERSON_STATES = {
    "active": _l("Active"),
    "unconfirmed": _l("Not confirmed"),
    "invited": _l("Invited"),
    "address": _l("Only an address"),
    "off": _l("Switched off"),
}
THEMES = {"auto": _l("As my device"), "light": _l("Light"), "dark": _l("Dark")}

SUBJECT_MIN, SUBJECT_MAX = 3, 200
BODY_MAX = 50_000
PASSWORD_MIN, PASSWORD_MAX = 8, 128
NAME_MAX = 120
REASON_MAX = 200
CATEGORY_MAX = 60
FILE_NAME_MAX, ALT_MAX = 150, 300

FILE_KINDS = {
    "picture": _l("Picture"),
    "pdf": _l("PDF"),
    "text": _l("Text"),
    "office": _l("Office file"),
    "mail": _l("Mail"),
    "archive": _l("Archive"),
    "media": _l("Sound or film"),
    "web": _l("Web page"),
    "program": _l("Program"),
    "other": _l("File"),
}
TAG_MAX, TAGS_MAX = 30, 10

DELIVERY_STATES = {
    "waiting": _l("Waiting"),
    "sending": _l("Being sent"),
    "sent": _l("Sent"),
    "failed": _l("Given up"),
    "unsent": _l("Not sent, no mail server set"),
    "cancelled": _l("Cancelled"),
}
