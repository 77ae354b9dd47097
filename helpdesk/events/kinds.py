"""Every kind of event: its facts, whether requesters may see it, and the sentence people read in the timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _, lazy_gettext as _l

from helpdesk.choices import PRIORITIES, PRIORITY_RANKS, ROLES, STATUSES, TYPE_NAMES
from models import Event


@dataclass(frozen=True)
class Kind:
    """`facts` are the names `events.record` asks for; `change` among them is what helpdesk/events/changes.py makes.

    A kind that is not public is never shown to a requester.
    """

    sentence: Any
    facts: tuple[str, ...] = ()
    public: bool = True


TICKET_KINDS = {
    "raised": Kind(_l("%(who)s raised this ticket")),
    "raised_for": Kind(_l("%(who)s raised this ticket for %(requester)s"), ("requester",)),
    "imported": Kind(_l("%(who)s imported this ticket"), ("external_id",)),
    "followed_up": Kind(_l("%(who)s followed up with ticket #%(number)s"), ("number",)),
    "replied": Kind(_l("%(who)s replied")),
    "noted": Kind(_l("%(who)s added an internal note"), public=False),
    "reply_corrected": Kind(_l("%(who)s corrected a reply")),
    "note_corrected": Kind(_l("%(who)s corrected an internal note"), public=False),
    "taken": Kind(_l("%(who)s took the ticket"), ("old", "change")),
    "assigned": Kind(_l("%(who)s assigned the ticket to %(new)s"), ("old", "new", "change")),
    "unassigned": Kind(_l("%(who)s gave the ticket back, nobody has it now"), ("old", "change")),
    "status_set": Kind(_l("%(who)s changed the status from %(old)s to %(new)s"), ("old", "new", "change")),
    "made_pending": Kind(_l("%(who)s set the ticket to Pending: %(reason)s"), ("old", "reason", "change")),
    "resolved": Kind(_l("%(who)s marked the ticket as resolved"), ("old", "change")),
    "closed": Kind(_l("%(who)s closed the ticket"), ("old", "change")),
    "called_spam": Kind(_l("%(who)s called this spam"), public=False),
    "closed_as_duplicate": Kind(
        _l("%(who)s closed the ticket: it is the same as another one"), ("old", "number", "change")
    ),
    "merged": Kind(
        _l("%(who)s closed the ticket: it is dealt with together with another one"), ("old", "number", "change")
    ),
    "merged_in": Kind(_l("%(who)s merged ticket #%(number)s into this one"), ("number", "followers")),
    "unmerged": Kind(_l("%(who)s split this ticket from the other one again")),
    "unmerged_from": Kind(_l("%(who)s split ticket #%(number)s from this one again"), ("number",)),
    "split_off": Kind(_l("%(who)s made a ticket of its own of a reply"), ("number",)),
    "split_from": Kind(
        _l("%(who)s raised this ticket for %(requester)s, from a reply on another one"), ("requester", "number")
    ),
    "reopened": Kind(_l("%(who)s opened the ticket again"), ("old", "change")),
    "priority_set": Kind(_l("%(who)s changed the priority from %(old)s to %(new)s"), ("old", "new", "change")),
    "category_set": Kind(_l("%(who)s changed the category from %(old)s to %(new)s"), ("old", "new", "change")),
    "type_set": Kind(_l("%(who)s changed the type from %(old)s to %(new)s"), ("old", "new", "change")),
    "tagged": Kind(_l("%(who)s changed the tags: %(what)s"), ("what", "change"), public=False),
    "linked": Kind(_l("%(who)s linked this ticket: %(how)s #%(number)s"), ("how", "number"), public=False),
    "unlinked": Kind(_l("%(who)s removed a link: %(how)s #%(number)s"), ("how", "number"), public=False),
    "subject_edited": Kind(_l("%(who)s changed the subject, before it was “%(old)s”"), ("old", "new")),
    "description_edited": Kind(_l("%(who)s changed the description"), ("old",)),
    "requester_changed": Kind(_l("%(who)s changed the requester from %(old)s to %(new)s"), ("old", "new")),
    "watcher_added": Kind(_l("%(who)s added %(name)s as a watcher"), ("name",)),
    "watcher_removed": Kind(_l("%(who)s removed %(name)s from the watchers"), ("name",)),
    "trashed": Kind(_l("%(who)s moved the ticket to the trash"), ("change",), public=False),
    "restored": Kind(_l("%(who)s restored the ticket from the trash"), public=False),
    "undone": Kind(_l("%(who)s took back %(what)s"), ("what",)),
    "undo_refused": Kind(_l("%(who)s could not take back %(what)s: %(why)s"), ("what", "why"), public=False),
}

# What happens to people and to the desk as a whole. Only admins read these.
DESK_KINDS = {
    "registered": Kind(_l("%(who)s created an account"), public=False),
    "registered_again": Kind(_l("Somebody tried to register an address that is taken"), public=False),
    "confirm_asked": Kind(_l("%(who)s asked for a new confirmation link"), public=False),
    "confirmed": Kind(_l("%(who)s confirmed their address"), public=False),
    "first_admin_made": Kind(_l("%(who)s became the first admin"), public=False),
    "admin_made": Kind(_l("An admin was created on the command line"), public=False),
    "invited": Kind(_l("%(who)s invited %(name)s"), ("name", "role"), public=False),
    "link_copied": Kind(_l("%(who)s copied a one-time link of %(name)s"), ("name", "purpose"), public=False),
    "reset_asked": Kind(_l("Somebody asked for a new password for %(who)s"), public=False),
    "reset_asked_in_vain": Kind(
        _l("Somebody asked for a new password for an address without an account"), public=False
    ),
    "password_set": Kind(_l("%(who)s set a new password"), public=False),
    "address_asked": Kind(_l("%(who)s asked to change their address"), ("email",), public=False),
    "address_stopped": Kind(_l("%(who)s stopped the change of their address"), public=False),
    "address_changed": Kind(_l("%(who)s changed their address"), ("old",), public=False),
    "signed_out_everywhere": Kind(_l("%(who)s signed out everywhere"), public=False),
    "role_set": Kind(_l("%(who)s changed the role of %(name)s from %(old)s to %(new)s"), ("name", "old", "new"), False),
    "switched_off": Kind(_l("%(who)s switched off %(name)s"), ("name",), public=False),
    "switched_on": Kind(_l("%(who)s switched %(name)s on again"), ("name",), public=False),
    "categories_changed": Kind(_l("%(who)s changed the categories: %(what)s"), ("what",), public=False),
    "views_changed": Kind(_l("%(who)s changed the views that everybody has: %(what)s"), ("what",), public=False),
    "import_taken_back": Kind(
        _l("%(who)s took back the import of %(file)s: %(removed)s tickets removed, %(left)s left"),
        ("file", "removed", "left"),
        public=False,
    ),
    "exported": Kind(_l("%(who)s exported the tickets of the view %(view)s"), ("view", "format"), public=False),
    "purged": Kind(_l("%(who)s removed ticket #%(number)s for good"), ("number",), public=False),
}

KINDS = TICKET_KINDS | DESK_KINDS

# What people may take back for a few seconds, and what it is called then. Mails about these wait as long.
UNDOABLE = {
    "replied": _l("a reply"),
    "taken": _l("the assignment"),
    "assigned": _l("the assignment"),
    "unassigned": _l("the assignment"),
    "status_set": _l("the change of status"),
    "made_pending": _l("the change of status"),
    "resolved": _l("the change of status"),
    "closed": _l("the change of status"),
    "reopened": _l("the change of status"),
    "priority_set": _l("the change of priority"),
    "category_set": _l("the change of category"),
    "type_set": _l("the change of type"),
    "tagged": _l("the change of tags"),
    "linked": _l("the link"),
    "unlinked": _l("the removal of a link"),
    "closed_as_duplicate": _l("the change of status"),
    "merged": _l("the merge"),
    "split_off": _l("the new ticket"),
    "split_from": _l("the new ticket"),
    "trashed": _l("the deletion"),
}

LINKED = {
    "related": _l("related to"),
    "blocks": _l("blocks"),
    "blocked": _l("blocked by"),
    "duplicate": _l("duplicate of"),
    "duplicated": _l("has the duplicate"),
    "split": _l("split from"),
    "parted": _l("split into"),
}

_WORDS: dict[str, Any] = {
    "status_set": STATUSES,
    "priority_set": {name: PRIORITIES[rank] for name, rank in PRIORITY_RANKS.items()},
    "type_set": TYPE_NAMES,
    "role_set": ROLES,
    "linked": LINKED,
    "unlinked": LINKED,
    "undone": UNDOABLE,
    "undo_refused": UNDOABLE,
}


def sentence(kind: str, who: str, facts: dict[str, Any]) -> str:
    """What happened, for people: "Cleo Hart changed the status from New to Open"."""
    words = _WORDS.get(kind, {})
    shown = {name: words.get(value, value) for name, value in facts.items() if isinstance(value, (str, int))}
    return str(KINDS[kind].sentence) % (shown | {"who": who})


def tell(event: Event) -> str:
    """The event as a sentence for people."""
    return sentence(event.kind, event.actor.name if event.actor else _("The desk"), event.facts)
