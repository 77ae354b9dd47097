"""What people do about their own accounts: register, confirm, set a password, change the address."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from helpdesk.accounts import name_keys, one_time_links, people, sessions
from helpdesk.db import transactions
from helpdesk.email_addresses import fold_address
from helpdesk.errors import Refused
from helpdesk.events import events
from models import Event, OneTimeLink, Person, db


def register(name: str, email: str, hashed: str) -> Person:
    """Where no mail is sent: an account that works at once. Raises Refused where the address is known already."""
    if people.by_address(email) is not None:
        raise Refused(_("This address is known already. Sign in, or ask an admin for a link to set a password."))
    person = people.add(name, email, password_hash=hashed, confirmed_at=transactions.now())
    events.record("registered", by=person, person=person, mails=False)
    return person


def is_unconfirmed(email: str) -> bool:
    """Whether a person has this address and never confirmed it."""
    person = people.by_address(email)
    return person is not None and person.confirmed_at is None


def register_quietly(name: str, email: str, hashed: str, *, mails: bool = True) -> None:
    """Where mail is sent: whoever asks learns nothing, and what happens next is told to the address alone.

    A password that was typed counts only for an address that is new to the desk. For any other, the mail leads to a
    page where whoever reads it chooses the password; else somebody could register with the address of a person who
    was invited, or who registered a minute ago, and wait for them to confirm it. So the password of whoever registered
    a minute ago does not count any more either. Without `mails` a link that was mailed before goes on working.
    """
    person = people.by_address(email)
    if person is None:
        _register_new(name, email, hashed, mails=mails)
    elif not person.is_active or person.confirmed_at is not None:
        events.record("registered_again", by=None, person=person, mails=mails)
    else:
        _register_unconfirmed(person, mails=mails)


def _register_new(name: str, email: str, hashed: str, *, mails: bool) -> None:
    try:
        person = people.add(name, email, password_hash=hashed)
    except Refused:
        return  # The same form was sent twice at once; the other one owes the mail.
    events.record("registered", by=person, person=person, mails=mails)


def _register_unconfirmed(person: Person, *, mails: bool) -> None:
    has_registered, person.password_hash = person.password_hash is not None, None
    if not mails:
        events.record("registered_again", by=None, person=person, mails=False)
    elif has_registered:
        one_time_links.drop(person, "confirm")
        _send_reset(person)
    else:
        people.send_invitation(person, by=None)


def ask_confirmation(person: Person) -> None:
    """Mail the link once more; earlier ones are worthless."""
    one_time_links.drop(person, "confirm")
    events.record("confirm_asked", by=person, person=person)


def confirm(link: OneTimeLink) -> Person:
    person = link.person
    person.confirmed_at = transactions.now()
    one_time_links.use(link)
    events.record("confirmed", by=person, person=person)
    return person


def ask_reset(email: str, *, mails: bool = True) -> None:
    """Somebody forgot the password. Whoever was invited and never came is invited again.

    For all others no mail is owed, but a line is written all the same: an answer that comes faster would tell.
    """
    person = people.by_address(email)
    if person is None or not person.is_active or not mails:
        events.record("reset_asked_in_vain", by=None)
    elif person.password_hash is not None or _has_registered(person):
        _send_reset(person)
    elif people.invited([person]):
        people.send_invitation(person, by=None)
    else:
        events.record("reset_asked_in_vain", by=None)


def _has_registered(person: Person) -> bool:
    """Also where the password does not count any more, since somebody else has registered with the same address."""
    registered = select(Event.id).where(Event.person_id == person.id, Event.kind == "registered")
    return db.session.scalar(registered.limit(1)) is not None


def _send_reset(person: Person) -> None:
    """Owe the mail with the link to choose a password; an earlier link is worthless."""
    one_time_links.drop(person, "reset")
    events.record("reset_asked", by=person, person=person)


def set_password(person: Person, hashed: str, *, but_session: int | None = None) -> None:
    """A new password ends all other sessions, every link to set one, and a change of address that waits."""
    is_first, person.password_hash = person.password_hash is None, hashed
    one_time_links.drop(person, "invitation")
    one_time_links.revoke(person)
    sessions.end_all(person, but=but_session)
    events.record("password_set", by=person, person=person, mails=not is_first)


def set_password_by_link(link: OneTimeLink, hashed: str, *, name: str = "") -> Person:
    """Reset or invitation: whoever holds the link has shown that the address is theirs."""
    person = link.person
    if name:
        people.rename(person, name)
    person.confirmed_at = person.confirmed_at or transactions.now()
    one_time_links.use(link)
    set_password(person, hashed)
    return person


def sign_out_everywhere(person: Person) -> None:
    """End every session of the person and all that was asked for in one of them."""
    people.locked(person.id)
    sessions.end_all(person)
    one_time_links.revoke(person)
    events.record("signed_out_everywhere", by=person, person=person)


def ask_address(person: Person, email: str, *, confirm: bool) -> None:
    """Change the address: at once where no mail is sent, else once the new one is confirmed.

    With `confirm` the present address gets word of it, with a link that stops the change.
    Raises Refused if it is the present one, or taken; with `confirm` a taken one is passed over in silence: its mail
    is not sent (jobs/mail_writer.py).
    """
    email = fold_address(email)
    if email == person.email:
        raise Refused(_("This is your address already."))
    if not confirm:
        _change_address(person, email)
        return
    one_time_links.drop(person, "address", "stop_address")
    events.record("address_asked", by=person, person=person, email=email)


def stop_address(link: OneTimeLink) -> None:
    """Whoever reads the present address stops a change that waits to be confirmed."""
    one_time_links.use(link)
    one_time_links.drop(link.person, "address")
    events.record("address_stopped", by=link.person, person=link.person)


def change_address(link: OneTimeLink) -> Person:
    """Raises Refused where somebody else got the address in the meantime."""
    one_time_links.use(link)
    _change_address(link.person, link.email)
    return link.person


def _change_address(person: Person, email: str) -> None:
    old = person.email
    try:
        with db.session.begin_nested():
            person.email = email
            name_keys.write(person)
    except IntegrityError:
        raise Refused(_("Somebody with this address has an account already.")) from None
    one_time_links.drop(person, "confirm", "invitation")
    one_time_links.revoke(person)
    events.record("address_changed", by=person, person=person, old=old)
