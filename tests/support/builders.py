"""Real rows for tests, made by the desk's own acts, each call in a transaction of its own."""

from dataclasses import asdict, replace
from functools import cache
from io import BytesIO

from flask import current_app

from helpdesk.attachments import files
from helpdesk.db import transactions
from helpdesk.tickets import messages, tickets
from integrations.files import intake
from integrations.storage import places
from models import Category, Event, Import, Message, db
from tests.support.files import picture


def ticket(by, subject="Printer on floor 3 prints blank pages", description="Since this morning.", **more):
    with transactions.writing():
        made = tickets.raise_ticket(by=by, subject=subject, description=description, **more)
    return made


def category(name="Hardware", **more):
    with transactions.writing():
        made = Category(name=name, position=more.pop("position", 1), **more)
        db.session.add(made)
    return made


def act(function, *args, **kwargs):
    """One act in a transaction: act(tickets.assign, ticket, to=dan, by=eve)."""
    with transactions.writing():
        return function(*args, **kwargs)


def reply(ticket, body="We are looking into it.", **kwargs):
    return act(messages.reply, ticket, body, **kwargs)


def note(ticket, body="Third one today from this floor.", **kwargs):
    return act(messages.note, ticket, body, **kwargs)


def upload(person, path, name="screen.png", content=None):
    """A file that the person has added to the form that posts to `path`."""
    taken = _taken(name, content) if content is not None else _again(_screen(current_app.config["FILES_DIR"]))
    return act(files.keep, person, path, taken, most=50)


def _taken(name, content):
    with places.scratch() as source:
        source.write(content)
        return intake.take_in(source, name)


@cache
def _screen(_folder):
    """Drawing a picture takes a tenth of a second, too long for a test that wants a hundred."""
    return _taken("screen.png", picture())


def _again(taken):
    """The same file once more, under names of its own."""
    place, keys = places.at(taken.place), {"key": places.new_key(), "small_key": places.new_key()}
    for name, key in keys.items():
        place.put(key, BytesIO(b"".join(place.read(getattr(taken, name), 0, 10**6))))
    return replace(taken, **keys)


def file(ticket, name="screen.png", content=None, message=None):
    """A file that came with the ticket, or with one of its messages."""
    made = upload(message.author if message else ticket.raised_by, "/tickets/new", name, content)
    act(files.attach, [made], ticket=ticket, message=message)
    return made


def talk(cast, ticket, count):
    """A long conversation between Cleo and Ada, written at once; every tenth message corrected."""
    with transactions.writing():
        for number in range(count):
            author, at = (cast.cleo, cast.ada)[number % 2], transactions.now()
            message = Message(ticket=ticket, author=author, kind="reply", body=f"Message {number}.", created_at=at)
            message.edited_at = at if number % 10 == 0 else None
            event = Event(kind="replied", ticket=ticket, message=message, actor=author, public=True, facts={}, at=at)
            db.session.add_all([message, event])
            db.session.flush()


def imported(admin):
    """The number of an import that is over, with a file of rows left out."""
    stored, key = places.for_new_files(), places.new_key()
    file = asdict(stored.put(key, BytesIO(b"left out because,subject\n")))
    over = {
        "place": stored.name,
        "left_out_key": key,
        "report": {"left_out_file": file},
        "finished_at": transactions.now(),
    }
    with transactions.writing():
        made = Import(
            person_id=admin.id, file_name="old.csv", added=1, left_out=1, started_at=transactions.now(), **over
        )
        db.session.add(made)
        db.session.flush()
        return made.id
