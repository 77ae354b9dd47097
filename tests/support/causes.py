"""What makes each kind of mail owed, done by the people of the cast."""

from helpdesk.accounts import people, self_service
from helpdesk.tickets import close_reasons, merging, tickets
from models import db
from tests.support.builders import act, note, reply, ticket
from tests.support.cast import hashed

SECRET = "Between us: she always says that"


def received(cast):
    ticket(cast.ada)


def new_ticket(cast):
    cast.cleo.wants_every_new = True
    db.session.commit()
    ticket(cast.ada, description="Third floor, *again*")


def answer(cast):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.dan)
    reply(made, "Please **restart** it.", by=cast.cleo)


def requester_reply(cast):
    made = ticket(cast.ada)
    act(tickets.take, made, by=cast.cleo)
    note(made, SECRET, by=cast.cleo)
    reply(made, "It is still broken.", by=cast.ada)


def assigned(cast):
    act(tickets.assign, ticket(cast.ada), to=cast.cleo, by=cast.eve)


def resolved(cast):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.cleo)
    act(tickets.set_status, made, "resolved", by=cast.cleo)


def closed(cast):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.cleo)
    act(tickets.set_status, made, "closed", by=cast.cleo)


def duplicate(cast):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.cleo)
    act(close_reasons.as_duplicate, made, ticket(cast.ben), by=cast.cleo)


def merged(cast):
    made = ticket(cast.ada)
    note(made, SECRET, by=cast.cleo)
    act(merging.merge, made, ticket(cast.ben), by=cast.cleo, follow=True)


def reopened(cast):
    made = ticket(cast.ada)
    act(tickets.take, made, by=cast.cleo)
    act(tickets.set_status, made, "resolved", by=cast.cleo)
    act(tickets.reopen, made, by=cast.ada)


def confirm(cast):
    act(self_service.register_quietly, "Nia Moss", "nia@example.com", hashed())


def already_registered(cast):
    act(self_service.register_quietly, "Not Ada", "ada@example.com", hashed())


def reset(cast):
    act(self_service.ask_reset, "ada@example.com")


def invitation(cast):
    act(people.invite, "Nia Moss", "nia@example.com", role="agent", by=cast.eve)


def new_address(cast):
    act(self_service.ask_address, cast.ada, "ada@new.example.com", confirm=True)


def address_asked(cast):
    new_address(cast)


def address_changed(cast):
    act(self_service.ask_address, cast.ada, "ada@new.example.com", confirm=False)


def password_changed(cast):
    act(self_service.set_password, cast.ada, hashed())


def role_changed(cast):
    act(people.set_role, cast.ada, "agent", by=cast.eve)


# Each kind: what makes it owed, who gets it, words that are in its text.
KINDS = {
    "received": (received, "ada@example.com", "your ticket has arrived"),
    "new_ticket": (new_ticket, "cleo@example.com", "Third floor, *again*"),
    "answer": (answer, "ada@example.com", "Please **restart** it."),
    "requester_reply": (requester_reply, "cleo@example.com", "It is still broken."),
    "assigned": (assigned, "cleo@example.com", "Eve Lindqvist has assigned this ticket to you"),
    "resolved": (resolved, "ada@example.com", "Cleo Hart has marked this ticket as resolved."),
    "closed": (closed, "ada@example.com", "Cleo Hart has closed this ticket."),
    "duplicate": (duplicate, "ada@example.com", "IT deals with both together."),
    "merged": (merged, "ada@example.com", "It goes on there:"),
    "reopened": (reopened, "cleo@example.com", "Ada Okafor has opened this ticket again."),
    "confirm": (confirm, "nia@example.com", "Please confirm that this address is yours"),
    "already_registered": (already_registered, "ada@example.com", "http://desk.test/forgot"),
    "reset": (reset, "ada@example.com", "Somebody asked for a new password"),
    "invitation": (invitation, "nia@example.com", "You are invited to IT helpdesk"),
    "new_address": (new_address, "ada@new.example.com", "Please confirm that it is yours"),
    "address_asked": (address_asked, "ada@example.com", "from this one to ada@new.example.com"),
    "password_changed": (
        password_changed,
        "ada@example.com",
        "The password of your account at IT helpdesk was changed",
    ),
    "role_changed": (role_changed, "ada@example.com", "Your role is now: Agent."),
    "address_changed": (address_changed, "ada@example.com", "Mail no longer comes to this one."),
}
