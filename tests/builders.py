"""Real rows for tests, made by the desk's own acts, each call in a transaction of its own."""

from helpdesk import messages, store, tickets
from models import Category, Event, Message, db


def ticket(by, subject="Printer on floor 3 prints blank pages", description="Since this morning.", **more):
    with store.writing():
        made = tickets.raise_ticket(by=by, subject=subject, description=description, **more)
    return made


def category(name="Hardware", **more):
    with store.writing():
        made = Category(name=name, position=more.pop("position", 1), **more)
        db.session.add(made)
    return made


def act(function, *args, **kwargs):
    """One act in a transaction: act(tickets.assign, ticket, to=dan, by=eve)."""
    with store.writing():
        return function(*args, **kwargs)


def reply(ticket, body="We are looking into it.", **kwargs):
    return act(messages.reply, ticket, body, **kwargs)


def note(ticket, body="Third one today from this floor.", **kwargs):
    return act(messages.note, ticket, body, **kwargs)


def talk(cast, ticket, count):
    """A long conversation between Cleo and Ada, written at once; every tenth message corrected."""
    with store.writing():
        for number in range(count):
            author, at = (cast.cleo, cast.ada)[number % 2], store.now()
            message = Message(ticket=ticket, author=author, kind="reply", body=f"Message {number}.", created_at=at)
            message.edited_at = at if number % 10 == 0 else None
            event = Event(kind="replied", ticket=ticket, message=message, actor=author, public=True, facts={}, at=at)
            db.session.add_all([message, event])
            db.session.flush()
