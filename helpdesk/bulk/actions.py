"""What can be done to many tickets at once, each by the same act as on its own page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from flask_babel import gettext as _

from helpdesk.choices import FINISHED, PRIORITIES, PRIORITY_RANKS, STATUSES
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import categories, close_reasons, tags, tickets
from models import BulkJob, Person, Ticket, db

Step = Callable[[Ticket], None]


def apply(job: BulkJob, numbers: Iterable[int], found: dict[int, Ticket], at: datetime) -> dict[int, tuple[str, str]]:
    """Do what the job asks for to each ticket. Returns for each number what became of it, with the reason."""
    by, outcomes = job.person, {}
    steps = _steps(job.acts, by, at)
    # One act refuses before it changes anything. Of several a later one may refuse, so all of them share a savepoint.
    run = _apply_all_or_none if len(steps) > 1 else _apply
    with db.session.no_autoflush:
        for number in numbers:
            try:
                outcomes[number] = _outcome(run, found.get(number), steps, by, at)
            except Refused as no:
                outcomes[number] = "refused", str(no)
    return outcomes


def _outcome(
    run: Callable[[Ticket, list[Step]], None], ticket: Ticket | None, steps: list[Step], by: Person, at: datetime
) -> tuple[str, str]:
    if not (by.is_active and by.is_agent):
        raise Refused(_("You may not change tickets any more."))
    if ticket is None:
        raise Refused(_("There is no such ticket any more, or you may not see it."))
    run(ticket, steps)
    return ("done", "") if ticket.activity_at == at else ("same", "")


def _apply(ticket: Ticket, steps: list[Step]) -> None:
    for step in steps:
        step(ticket)


def _apply_all_or_none(ticket: Ticket, steps: list[Step]) -> None:
    with transactions.all_or_none():
        _apply(ticket, steps)


def _steps(acts: dict[str, str], by: Person, at: datetime) -> list[Step]:
    """In the order of the facts form: what reopens comes first, what finishes last."""
    made = {name: _STEPS[name](value, acts, {"by": by, "at": at}) for name, value in acts.items() if name in _STEPS}
    last = ["status"] if acts.get("status") in (*FINISHED, "spam") else []
    order = ["status", "assignee", "priority", "category", "untag", "tag", *last, "delete"]
    names = [name for place, name in enumerate(order) if name in made and name not in order[place + 1 :]]
    return [made[name] for name in names]


def _assign(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    to = None if value == "nobody" else db.session.get(Person, int(value))
    return partial(tickets.assign, to=to, **how)


def _status(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    if value == "spam":
        return partial(close_reasons.as_spam, **how)
    return partial(tickets.set_status, status=value, reason=acts.get("reason", ""), **how)


def _priority(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    return partial(tickets.set_priority, priority=value, **how)


def _category(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    return partial(tickets.set_category, category=None if value == "none" else categories.find(int(value)), **how)


def _tag(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    return partial(tags.add, names=tags.parse(value), **how)


def _untag(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    return partial(tags.remove, names=tags.parse(value), **how)


def _delete(value: str, acts: dict[str, str], how: dict[str, Any]) -> Step:
    def trash(ticket: Ticket) -> None:
        if not how["by"].is_admin:
            raise Refused(_("Only admins delete tickets."))
        tickets.trash(ticket, **how)

    return trash


_STEPS = {
    "assignee": _assign,
    "status": _status,
    "priority": _priority,
    "category": _category,
    "tag": _tag,
    "untag": _untag,
    "delete": _delete,
}


def sentences(acts: dict[str, str]) -> list[str]:
    """What a job does, for people, in the order in which it was chosen."""
    return [_TOLD[name](value, acts) for name, value in acts.items() if name in _TOLD]


def _assignee_sentence(value: str, acts: dict[str, str]) -> str:
    person = db.session.get(Person, int(value)) if value != "nobody" else None
    return str(_("Assign to %(name)s", name=person.name) if person else _("Assign to nobody"))


def _status_sentence(value: str, acts: dict[str, str]) -> str:
    if value == "spam":
        return str(_("Close as spam"))
    reason = f" ({acts['reason']})" if acts.get("reason") else ""
    return str(_("Status %(name)s", name=STATUSES[value])) + reason


def _category_sentence(value: str, acts: dict[str, str]) -> str:
    category = categories.find(int(value)) if value != "none" else None
    return str(_("Category %(name)s", name=category.name if category else _("none")))


_TOLD: dict[str, Callable[[str, dict[str, str]], str]] = {
    "assignee": _assignee_sentence,
    "status": _status_sentence,
    "priority": lambda value, acts: _("Priority %(name)s", name=PRIORITIES[PRIORITY_RANKS[value]]),
    "category": _category_sentence,
    "tag": lambda value, acts: _("Tag %(name)s", name=value),
    "untag": lambda value, acts: _("Take off %(name)s", name=value),
    "delete": lambda value, acts: _("Delete"),
}
