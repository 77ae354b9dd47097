"""The categories: add, rename, order, retire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.lists import saved_views
from helpdesk.text import fold
from models import Category, Person, db


def in_use() -> list[Category]:
    """Those that are offered, in the order the admins chose."""
    return [category for category in every() if category.retired_at is None]


def every() -> list[Category]:
    return list(db.session.scalars(select(Category).order_by(Category.position, Category.id)))


def find(number: int) -> Category | None:
    return db.session.get(Category, number)


def add(name: str, *, by: Person | None) -> Category:
    _refuse_taken(name)
    last = db.session.scalar(select(func.max(Category.position))) or 0
    category = Category(name=name, position=last + 1)
    with _one_of_a_name():
        db.session.add(category)
    events.record("categories_changed", by=by, what=_("%(name)s added", name=name))
    return category


def rename(category: Category, name: str, *, by: Person) -> None:
    if name == category.name:
        return
    _refuse_taken(name, but=category)
    old = category.name
    with _one_of_a_name():
        category.name = name
    saved_views.follow_category(old, name)
    events.record("categories_changed", by=by, what=_("%(old)s renamed to %(name)s", old=old, name=name))


def move(category: Category, *, up: bool, by: Person) -> None:
    """One place up or down among all; at the edge nothing happens."""
    order = every()
    here = order.index(category)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(order):
        return
    order[here], order[there] = order[there], order[here]
    for position, one in enumerate(order, start=1):
        one.position = position
    events.record("categories_changed", by=by, what=_("%(name)s moved", name=category.name))


def retire(category: Category, *, by: Person) -> None:
    if category.retired_at is None:
        category.retired_at = transactions.now()
        events.record("categories_changed", by=by, what=_("%(name)s retired", name=category.name))


def bring_back(category: Category, *, by: Person) -> None:
    if category.retired_at is not None:
        category.retired_at = None
        events.record("categories_changed", by=by, what=_("%(name)s brought back", name=category.name))


@contextmanager
def _one_of_a_name() -> Iterator[None]:
    """What `_refuse_taken` cannot see: somebody else giving the same name at this moment."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        raise Refused(_("There is a category with this name already.")) from None


def _refuse_taken(name: str, but: Category | None = None) -> None:
    for category in every():
        if category is not but and fold(category.name) == fold(name):
            raise Refused(
                _("There is a category with this name already. It is retired; you can bring it back.")
                if category.retired_at
                else _("There is a category with this name already.")
            )
