"""Real rows for tests, made by the desk's own acts, each call in a transaction of its own."""

from helpdesk import messages, store, tickets
from models import Category, db


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
