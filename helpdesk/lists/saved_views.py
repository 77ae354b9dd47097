"""The views of the triage page: the standing ones, and the queries that agents have saved under a name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _, lazy_gettext as _l
from sqlalchemy import Select, func, or_, select

from helpdesk.access import visibility
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.query import language
from helpdesk.query.mistakes import Mistake
from helpdesk.text import fold
from models import Category, Person, SavedView, db

# The views that every agent has, with the query that each stands for.
STANDING = {
    "new": (_l("New"), "status:new"),
    "unassigned": (_l("Unassigned"), "is:unassigned is:active"),
    "mine": (_l("Mine"), "assignee:me is:active"),
    "open": (_l("Open"), "status:open"),
    "pending": (_l("Pending"), "status:pending"),
    "resolved": (_l("Resolved"), "status:resolved"),
    "closed": (_l("Closed"), "status:closed"),
    "all": (_l("All"), ""),
}
MOST = 50


@dataclass(frozen=True)
class View:
    """One view as a person has it. `key` is its name in addresses: a word, or the number of a saved one.

    Saved with `columns` of its own (words) it always shows those, else the ones of the person's other lists.
    """

    key: str
    name: Any
    query: str
    sort: str = "activity"
    columns: str = ""
    hidden: bool = False


def of(person: Person) -> Select[int, str, int, str]:
    """The saved views that a person has: number, name, place, and in one text the sort, the columns and the query."""
    how = SavedView.sort + " " + func.coalesce(SavedView.columns, "") + " " + SavedView.query
    mine = or_(SavedView.owner_id.is_(None), SavedView.owner_id == person.id)
    return select(SavedView.id, SavedView.name, SavedView.id, how).where(mine).order_by(SavedView.id)


def views_of(person: Person, saved: Iterable[Sequence[Any]] | None = None) -> list[View]:
    """All views of an agent in their own order, hidden ones too; what they have not placed yet comes last.

    `saved` is what `of` finds, where that is known already.
    """
    placed = person.views or {}
    hidden, order = set(placed.get("hidden", ())), {key: place for place, key in enumerate(placed.get("order", ()))}
    views = [View(key, name, query, hidden=key in hidden) for key, (name, query) in STANDING.items()]
    for number, name, _place, how in db.session.execute(of(person)) if saved is None else saved:
        sort, words, query = how.split(" ", 2)
        views.append(View(str(number), name, query, sort, words, str(number) in hidden))
    return sorted(views, key=lambda view: order.get(view.key, len(order)))


def every(person: Person) -> dict[str, SavedView]:
    """The saved views that a person has, by their keys."""
    mine = or_(SavedView.owner_id.is_(None), SavedView.owner_id == person.id)
    return {str(view.id): view for view in db.session.scalars(select(SavedView).where(mine))}


def save(
    name: str, query: str, *, by: Person, sort: str = "activity", shows: str | None = None, shared: bool = False
) -> SavedView:
    if shared and not by.is_admin:
        raise Refused(_("Only admins make views for everybody. Save it for yourself."))
    owner = None if shared else by.id
    _refuse_taken(name, owner)
    view = SavedView(name=name, query=query, sort=sort, columns=shows, owner_id=owner, created_at=transactions.now())
    db.session.add(view)
    db.session.flush()
    _tell(view, _("%(name)s added", name=name), by)
    return view


def change(view: SavedView, *, name: str, query: str, by: Person) -> None:
    _refuse_foreign(view, by)
    if (name, query) == (view.name, view.query):
        return
    _refuse_taken(name, view.owner_id, but=view)
    old, view.name, view.query = view.name, name, query
    _tell(view, _("%(old)s changed to %(name)s", old=old, name=name), by)


def remove(view: SavedView, *, by: Person) -> None:
    _refuse_foreign(view, by)
    _tell(view, _("%(name)s removed", name=view.name), by)
    db.session.delete(view)


def follow_category(old: str, new: str) -> None:
    """A category has another name: the views that name it say the new one."""
    was, now = language.slug(old), language.slug(new)
    known = language.known_to(agent=True, categories=[old, *db.session.scalars(select(Category.name))])
    for view in db.session.scalars(select(SavedView).where(SavedView.query.contains("category:"))):
        try:
            said = language.parse(view.query, known)
        except Mistake:
            continue  # It meant nothing before either.
        parts = [_renamed(part, was, now) for part in said.parts]
        written = language.write(language.Query(tuple(parts)))
        view.query = written if len(written) <= language.LONGEST else view.query


def _renamed(part: language.Word | language.Filter, was: str, now: str) -> language.Word | language.Filter:
    if isinstance(part, language.Word) or part.field != "category":
        return part
    return replace(part, values=tuple(now if value == was else value for value in part.values))


def move(person: Person, key: str, *, up: bool) -> None:
    """One place up or down in this person's list; at the edge nothing happens."""
    lock_person(person)
    order = [view.key for view in views_of(person)]
    if key not in order:
        return
    here = order.index(key)
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        person.views = (person.views or {}) | {"order": order}


def hide(person: Person, key: str) -> None:
    _set_hidden(person, lambda hidden: hidden | {key})


def bring_back(person: Person, key: str) -> None:
    _set_hidden(person, lambda hidden: hidden - {key})


def _set_hidden(person: Person, change: Callable[[set[str]], set[str]]) -> None:
    lock_person(person)
    known = {view.key for view in views_of(person)}
    hidden = change(set((person.views or {}).get("hidden", ()))) & known
    person.views = (person.views or {}) | {"hidden": sorted(hidden)}


def lock_person(person: Person) -> None:
    """Read anew how the person keeps their lists, and let nobody else change it until the transaction ends.

    It is one value: of two changes at once the later would be written over the earlier.
    """
    db.session.refresh(person, ["views"], with_for_update=True)


def _refuse_foreign(view: SavedView, by: Person) -> None:
    if not visibility.owns_view(by, view):
        raise Refused(_("Only admins change the views that everybody has."))


def _refuse_taken(name: str, owner: int | None, but: SavedView | None = None) -> None:
    same = SavedView.owner_id.is_(None) if owner is None else SavedView.owner_id == owner
    others = [view for view in db.session.scalars(select(SavedView).where(same)) if view is not but]
    if any(fold(view.name) == fold(name) for view in others):
        raise Refused(_("There is a view with this name already."))
    if but is None and len(others) >= MOST:
        raise Refused(_("There are %(most)d views already. Remove one first.", most=MOST))


def _tell(view: SavedView, what: str, by: Person) -> None:
    """What is for everybody is written down; what somebody keeps for themselves is nobody's business."""
    if view.owner_id is None:
        events.record("views_changed", by=by, what=what)
