"""The conversation of a ticket: reply, note, correct."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from helpdesk.attachments import files as attachments
from helpdesk.choices import FINISHED, PRIORITY_NAMES, SUBJECT_MAX
from helpdesk.db.transactions import attempt, now
from helpdesk.errors import Refused
from helpdesk.events import events
from helpdesk.tickets import merged, rendered, tickets
from models import Attachment, Message, MessageVersion, Person, Ticket, db


def reply(
    ticket: Ticket,
    body: str,
    *,
    by: Person,
    form_token: str | None = None,
    files: Sequence[Attachment] = (),
    at: datetime | None = None,
) -> Ticket:
    """Answer. Returns the ticket it went to: a requester's reply to a closed ticket becomes a new, linked one.

    One to a ticket that was merged is said on the other, by whoever sees that one.
    """
    at, ticket = at or now(), _place(ticket, by)
    if ticket.status == "closed" and not by.is_agent:
        return ticket if sent_already(by, form_token) else _follow_up(ticket, body, by, form_token, files, at)
    message, is_new = _write(ticket, "reply", body, by, form_token, at)
    if not is_new:
        return ticket
    attachments.attach(files, ticket=ticket, message=message)
    events.record("replied", ticket=ticket, message=message, by=by, at=at)
    asks = by.id == ticket.requester_id or not by.is_agent
    if asks and ticket.status in ("pending", "resolved"):
        tickets.set_status(ticket, "open", by=by, at=at, with_reply=True)
    elif not asks and ticket.status == "new":
        tickets.set_status(ticket, "open", by=by, at=at)
    return ticket


def _place(ticket: Ticket, by: Person) -> Ticket:
    """Where the reply is said. Whoever does not see the other ticket of a merge goes on with a new one."""
    if ticket.merged_into_id is not None and not by.is_agent:
        into = merged.leads_to(ticket, by, to_change=True)
        if into is None:
            return ticket
        ticket = into
    tickets.refuse_trashed(ticket)
    return ticket


def reply_and_resolve(
    ticket: Ticket, body: str, *, by: Person, form_token: str | None = None, files: Sequence[Attachment] = ()
) -> None:
    """Answer and mark as resolved; one mail says both."""
    if sent_already(by, form_token):
        return
    if ticket.status in FINISHED:
        raise Refused(_("This ticket is finished already. Send a plain reply instead."))
    at = now()
    reply(ticket, body, by=by, form_token=form_token, files=files, at=at)
    tickets.set_status(ticket, "resolved", by=by, at=at, with_reply=True)


def note(
    ticket: Ticket,
    body: str,
    *,
    by: Person,
    form_token: str | None = None,
    files: Sequence[Attachment] = (),
    at: datetime | None = None,
) -> None:
    """An internal note: agents only, nobody is mailed, and nothing that a requester can see changes."""
    tickets.refuse_trashed(ticket)
    at = at or now()
    message, is_new = _write(ticket, "note", body, by, form_token, at)
    if is_new:
        attachments.attach(files, ticket=ticket, message=message)
        events.record("noted", ticket=ticket, message=message, by=by, at=at)


def correct(message: Message, body: str, *, by: Person, at: datetime | None = None) -> None:
    """Change an own message. It is marked as corrected, and agents can still read the earlier text."""
    tickets.refuse_trashed(message.ticket)
    if message.author_id != by.id:
        raise Refused(_("Only the person who wrote a message can correct it."))
    if message.withdrawn_at is not None:
        raise Refused(_("This message was taken back. Write a new one."))
    if body == message.body:
        return
    at = at or now()
    earlier = MessageVersion(message_id=message.id, body=message.body, replaced_at=at)
    rendered.copy(message, earlier)
    db.session.add(earlier)
    message.body, message.edited_at = body, at
    kind = "reply_corrected" if message.kind == "reply" else "note_corrected"
    events.record(kind, ticket=message.ticket, message=message, by=by, at=at)


def earlier_texts(some: Iterable[Message]) -> dict[int, list[MessageVersion]]:
    """For each of these messages that was corrected what it said before, oldest first. For agents' eyes."""
    corrected = [message.id for message in some if message.edited_at is not None]
    found: dict[int, list[MessageVersion]] = {}
    if not corrected:
        return found
    wanted = select(MessageVersion).where(MessageVersion.message_id.in_(corrected))
    for version in db.session.scalars(wanted.order_by(MessageVersion.id)):
        found.setdefault(version.message_id, []).append(version)
    return found


def _follow_up(
    ticket: Ticket, body: str, by: Person, form_token: str | None, files: Sequence[Attachment], at: datetime
) -> Ticket:
    subject = _("Follow-up: %(subject)s", subject=ticket.subject)[:SUBJECT_MAX]
    return tickets.raise_ticket(
        by=by,
        subject=subject,
        description=body,
        type=ticket.type,
        priority=PRIORITY_NAMES[ticket.priority],
        category=ticket.category if ticket.category and ticket.category.retired_at is None else None,
        form_token=form_token,
        files=files,
        follows=ticket,
        at=at,
    )


def _write(
    ticket: Ticket, kind: str, body: str, by: Person, form_token: str | None, at: datetime
) -> tuple[Message, bool]:
    """The message, and whether it is new: the same form sent twice gives the message that is there already."""
    earlier = sent_already(by, form_token)
    if earlier is not None:
        return earlier, False
    message = Message(kind=kind, body=body, form_token=form_token, created_at=at)
    message.ticket, message.author = ticket, by
    try:
        with attempt():
            db.session.add(message)
    except IntegrityError:
        earlier = sent_already(by, form_token)
        if earlier is None:
            raise
        return earlier, False
    return message, True


def sent_already(by: Person, form_token: str | None) -> Message | None:
    if not form_token:
        return None
    return db.session.scalar(select(Message).where(Message.author_id == by.id, Message.form_token == form_token))
