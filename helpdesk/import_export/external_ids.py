"""Under which id a ticket that came from nowhere else leaves the desk, and how it is known when it comes back."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from helpdesk.db import transactions
from models import DeskFact, Ticket, db

FACT = "desk_name"
_GIVEN = re.compile("desk-([0-9a-f]+)-([1-9][0-9]{0,8})")


def name() -> str:
    """A short name that no other desk has, made when it is first asked for, in a transaction of its own.

    Hence not to be asked for while something is being changed.
    """
    if (known := _known()) is not None:
        return known
    try:
        with transactions.separate() as session:
            session.add(DeskFact(name=FACT, value=secrets.token_hex(4)))
    except IntegrityError:
        pass  # Somebody else needed it at the same moment.
    return _known() or ""


def _known() -> str | None:
    return db.session.scalar(select(DeskFact.value).where(DeskFact.name == FACT))


def external_id(desk: str, number: int) -> str:
    return f"desk-{desk}-{number}"


def at_home(ids: Iterable[str]) -> set[str]:
    """Those of the external ids that this very desk has given to tickets which are still here."""
    desk = _known()
    numbers = {int(given[2]): one for one in ids if (given := _GIVEN.fullmatch(one)) and given[1] == desk}
    if not numbers:
        return set()
    still = select(Ticket.id).where(Ticket.id.in_(numbers), Ticket.external_id.is_(None))
    return {numbers[number] for number in db.session.scalars(still)}
