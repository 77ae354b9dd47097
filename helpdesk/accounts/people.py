"""The people of the desk: add, invite, find, roles, switch off and on. Their own accounts: self_service.py."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from helpdesk.accounts import name_keys, one_time_links, sessions
from helpdesk.choices import ACTIVE, NAME_MAX
from helpdesk.db import transactions
from helpdesk.email_addresses import NotAnAddress, comparable, fold_address
from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.notifications import mail_server
from helpdesk.text import fold
from helpdesk.tickets import tickets
from models import DeskFact, Event, Person, Ticket, db

FIRST_KEY = "first admin key"


def by_address(email: str) -> Person | None:
    """Raises nothing: an address that is none belongs to nobody."""
    try:
        folded = fold_address(email)
    except ValueError:
        return None
    return db.session.scalar(select(Person).where(Person.email == folded))


def locked(number: int) -> Person | None:
    """The person as they are now; nobody else changes them until the transaction ends."""
    wanted = select(Person).where(Person.id == number).with_for_update()
    return db.session.scalar(wanted.execution_options(populate_existing=True))


def agents() -> list[Person]:
    """Everybody who can be given a ticket, by name."""
    wanted = select(Person).where(Person.role.in_(("agent", "admin")), Person.switched_off_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Person.folded_name, Person.id)))


def add(name: str, email: str, *, role: str = "user", at: datetime | None = None, **more: Any) -> Person:
    """A new person. Raises Refused where the address is taken, also by somebody who registers at this moment."""
    person = Person(name=name, folded_name=fold(name)[:250], email=fold_address(email), role=role, **more)
    person.created_at = at or transactions.now()
    name_keys.write(person)
    try:
        with db.session.begin_nested():
            db.session.add(person)
    except IntegrityError:
        raise Refused(_("Somebody with this address has an account already.")) from None
    return person


def rename(person: Person, name: str) -> None:
    person.name, person.folded_name = name, fold(name)[:250]
    name_keys.write(person)


def invite(name: str, email: str, *, role: str, by: Person) -> Person:
    """Invite somebody by mail; somebody who was only an address so far is invited as they are, with this role."""
    person = by_address(email)
    if person is None:
        person = add(name, email, role=role)
    elif person.password_hash is not None:
        raise Refused(_("%(name)s has an account already.", name=person.name))
    else:
        _refuse_off(person)
        rename(person, name)
        person.role = role
    send_invitation(person, by=by)
    return person


def invite_again(person: Person, *, by: Person) -> None:
    _refuse_off(person)
    if person.password_hash is not None:
        raise Refused(_("%(name)s has an account already.", name=person.name))
    send_invitation(person, by=by)


def send_invitation(person: Person, *, by: Person | None) -> None:
    """Owe the mail with the link to choose a name and a password; earlier links are worthless."""
    one_time_links.drop(person, "invitation")
    events.record("invited", by=by, person=person, name=person.name, role=person.role)


def invited(some: list[Person]) -> set[int]:
    """The ids of those among them who were ever invited."""
    sent = select(Event.person_id).where(Event.person_id.in_([one.id for one in some]), Event.kind == "invited")
    return {number for number in db.session.scalars(sent.distinct()) if number is not None}


def state(person: Person, was_invited: bool) -> str:
    """One of words.PERSON_STATES."""
    if not person.is_active:
        return "off"
    if person.password_hash is None:
        return "invited" if was_invited else "address"
    return "active" if person.confirmed_at is not None else "unconfirmed"


def copy_link(person: Person, *, by: Person) -> tuple[str, str]:
    """A link for an admin to hand over where no mail is sent: its purpose and its secret. It is recorded."""
    _refuse_off(person)
    purpose = "reset" if person.password_hash else "invitation"
    one_time_links.drop(person, purpose)
    events.record("link_copied", by=by, person=person, name=person.name, purpose=purpose)
    return purpose, one_time_links.make(person, purpose)


def set_role(person: Person, role: str, *, by: Person) -> None:
    if role == person.role:
        return
    if role != "admin":
        _refuse_last_admin(person)
    old, person.role = person.role, role
    if role == "user":
        person.wants_every_new = False
        _free_tickets(person, by)
    one_time_links.revoke(person)
    has_account = person.password_hash is not None
    events.record("role_set", by=by, person=person, mails=has_account, name=person.name, old=old, new=role)


def switch_off(person: Person, *, by: Person) -> None:
    """Sessions end, links are worthless, open tickets become unassigned."""
    _refuse_off(person)
    _refuse_last_admin(person)
    person.switched_off_at = transactions.now()
    sessions.end_all(person)
    one_time_links.drop(person, "confirm", "invitation")
    one_time_links.revoke(person)
    _free_tickets(person, by)
    events.record("switched_off", by=by, person=person, name=person.name)


def switch_on(person: Person, *, by: Person) -> None:
    if person.is_active:
        raise Refused(_("%(name)s is switched on already.", name=person.name))
    person.switched_off_at = None
    events.record("switched_on", by=by, person=person, name=person.name)


def _free_tickets(person: Person, by: Person) -> None:
    held = select(Ticket).where(Ticket.assignee_id == person.id, Ticket.status.in_(ACTIVE), Ticket.trashed_at.is_(None))
    for ticket in db.session.scalars(held.order_by(Ticket.id).with_for_update()):
        tickets.assign(ticket, to=None, by=by)


def _refuse_off(person: Person) -> None:
    if not person.is_active:
        raise Refused(_("%(name)s is switched off. Switch the account on first.", name=person.name))


def _refuse_last_admin(person: Person) -> None:
    """Admins are locked while they are counted, so two of them cannot demote each other at once.

    Whoever was invited as an admin and has not come yet does not count: nobody could sign in as them.
    """
    if person.role != "admin" or not person.is_active:
        return
    admins = select(Person.id).where(
        Person.role == "admin",
        Person.switched_off_at.is_(None),
        Person.password_hash.is_not(None),
        Person.confirmed_at.is_not(None),
    )
    able = db.session.scalars(admins.order_by(Person.id).with_for_update()).all()
    if not set(able) - {person.id}:
        raise Refused(_("This is the last admin. Make somebody else an admin first."))


def search(words: str, *, role: str = "", after: int = 0, most: int = 50) -> list[Person]:
    """People with all the words in their name or address, by name; one more than `most` where there are further."""
    wanted = select(Person)
    for word in words.split():
        named = Person.folded_name.contains(fold(word), autoescape=True)
        german = Person.id.in_(name_keys.named(word))
        wanted = wanted.where(or_(named, german, Person.email.contains(comparable(word), autoescape=True)))
    if role:
        wanted = wanted.where(Person.role == role)
    wanted = wanted.order_by(Person.folded_name, Person.id)
    return list(db.session.scalars(wanted.offset(after).limit(most + 1)))


def named(text: str, *, by: Person, server: str) -> Person:
    """Whoever an agent means by "ada@example.com", "Ada Okafor <ada@example.com>" or a name that only one person has.

    An address nobody has becomes a person who is only an address. Raises Refused with what to type instead, also where
    mails cannot reach a new address through the mail server (helpdesk/notifications/mail_server.py).
    """
    name, _mark, rest = text.partition("<")
    email = rest.rstrip("> ") if rest else text
    if "@" in comparable(email):
        return by_address(email) or _only_an_address(name.strip() if rest else "", email, server)
    found = db.session.scalars(select(Person).where(Person.folded_name == fold(text)).limit(2)).all()
    if len(found) == 1:
        return found[0]
    if found:
        raise Refused(_("Several people have this name. Type the e-mail address instead."))
    raise Refused(_("Nobody with this name is known. Type an e-mail address instead."))


def _only_an_address(name: str, email: str, server: str) -> Person:
    try:
        folded = fold_address(email)
    except NotAnAddress as wrong:
        raise Refused(str(wrong)) from None
    mail_server.refuse_unreachable(folded, server=server)
    return add((name or folded.partition("@")[0])[:NAME_MAX], folded)


def suggestions(words: str, most: int = 20) -> list[Person]:
    """People to offer while an agent types a name or an address."""
    return [person for person in search(words, most=most) if person.is_active]


def history(person: Person, most: int = 30) -> list[Event]:
    """What happened to this account, newest first."""
    about = Event.person_id == person.id, Event.ticket_id.is_(None)
    wanted = select(Event).where(*about).options(joinedload(Event.actor))
    return list(db.session.scalars(wanted.order_by(Event.id.desc()).limit(most)))


def any_admin() -> bool:
    return db.session.scalar(select(Person.id).where(Person.role == "admin").limit(1)) is not None


def nobody_yet() -> bool:
    return db.session.scalar(select(func.count()).select_from(select(Person.id).limit(1).subquery())) == 0


def new_first_key() -> str:
    """A key for whoever opens the first page, replacing an earlier one; only its hash is kept."""
    key = secrets.token_hex(10)
    db.session.execute(delete(DeskFact).where(DeskFact.name == FIRST_KEY))
    db.session.add(DeskFact(name=FIRST_KEY, value=hashlib.sha256(key.encode()).hexdigest()))
    return key


def make_first_admin(key: str, name: str, email: str, hashed: str) -> Person:
    """The key works once: of twenty people who send it at once, one finds it still there."""
    given = hashlib.sha256(key.strip().lower().encode()).hexdigest()
    spent = update(DeskFact).where(DeskFact.name == FIRST_KEY, DeskFact.value == given).values(value="spent")
    if any_admin() or db.session.execute(spent).rowcount != 1:  # type: ignore[attr-defined]
        raise Refused(
            _("This key is not right. It was printed where the desk was started; a new start prints a new one.")
        )
    person = by_address(email) or add(name, email)
    rename(person, name)
    _become_admin(person, hashed)
    events.record("first_admin_made", by=person, person=person)
    return person


def make_admin(name: str, email: str, hashed: str) -> Person:
    """For the command line: a new admin, or an existing person made one, whose sessions and links end."""
    known = by_address(email)
    person = known or add(name, email)
    rename(person, name)
    _become_admin(person, hashed)
    person.switched_off_at = None
    db.session.execute(delete(DeskFact).where(DeskFact.name == FIRST_KEY))
    events.record("admin_made", by=None, person=person, mails=known is not None)
    return person


def _become_admin(person: Person, hashed: str) -> None:
    """Sessions and links of the account as it was before end."""
    person.role, person.password_hash, person.confirmed_at = "admin", hashed, transactions.now()
    sessions.end_all(person)
    one_time_links.drop(person, "confirm", "invitation")
    one_time_links.revoke(person)
