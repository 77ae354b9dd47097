"""Taking back: what each act leaves when it is undone, who may undo, until when, and what becomes of its mails."""

from datetime import timedelta

import pytest

from helpdesk.access import lookups
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.events import kinds
from helpdesk.notifications import deliveries
from helpdesk.tickets import messages, tickets, timeline, undo
from models import Delivery, Event, Message, Ticket, db
from tests.support import builders
from tests.support.builders import act, category, reply, ticket

WINDOW = timedelta(seconds=10)


@pytest.fixture
def desk(make_app, cast):
    """A desk on which acts can be taken back for ten seconds."""
    app = make_app(UNDO_SECONDS="10")
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def people(desk, cast):
    """The cast, as the desk with the ten seconds loads them."""
    for name in vars(cast):
        setattr(cast, name, db.session.merge(getattr(cast, name)))
    return cast


def newest(kind):
    return db.session.query(Event).filter_by(kind=kind).order_by(Event.id.desc()).first()


def take_back(event, by, **more):
    return act(undo.undo, db.session.get(Event, event.id), by=by, **more)


def states():
    return {(one.event.kind, one.state) for one in db.session.query(Delivery)}


def columns(made):
    """What the ticket says but for its times of activity."""
    db.session.rollback()
    db.session.expire_all()
    row = db.session.get(Ticket, made.id)
    moved = ("activity_at", "public_activity_at")
    return {column.name: getattr(row, column.name) for column in Ticket.__table__.columns if column.name not in moved}


def prepared(name, cast):
    """A ticket, and something to do with it."""
    made = ticket(cast.ada)
    if name == "reopen":
        act(tickets.set_status, made, "resolved", by=cast.dan)
    if name == "unassign" or name == "hand over":
        act(tickets.take, made, by=cast.dan)
    if name == "pending again":
        act(tickets.set_status, made, "pending", reason="A part", by=cast.dan)
    if name == "answered by the requester":
        act(tickets.set_status, made, "pending", reason="Your answer", by=cast.dan)
    hardware = category()
    done = {
        "reply": lambda: act(messages.reply, made, "Wrong ticket", by=cast.cleo),
        "reply and resolve": lambda: act(messages.reply_and_resolve, made, "Done", by=cast.cleo),
        "answered by the requester": lambda: act(messages.reply, made, "Here it is", by=cast.ada),
        "take": lambda: act(tickets.take, made, by=cast.cleo),
        "assign": lambda: act(tickets.assign, made, to=cast.dan, by=cast.cleo),
        "hand over": lambda: act(tickets.assign, made, to=cast.cleo, by=cast.cleo),
        "unassign": lambda: act(tickets.assign, made, to=None, by=cast.cleo),
        "pending": lambda: act(tickets.set_status, made, "pending", reason="A part", by=cast.cleo),
        "pending again": lambda: act(tickets.set_status, made, "pending", reason="Another part", by=cast.cleo),
        "resolve": lambda: act(tickets.set_status, made, "resolved", by=cast.cleo),
        "close": lambda: act(tickets.set_status, made, "closed", by=cast.cleo),
        "solve": lambda: act(tickets.solve, made, by=cast.ada),
        "reopen": lambda: act(tickets.reopen, made, by=cast.ada),
        "priority": lambda: act(tickets.set_priority, made, "urgent", by=cast.cleo),
        "category": lambda: act(tickets.set_category, made, hardware, by=cast.cleo),
        "type": lambda: act(tickets.set_type, made, "request", by=cast.cleo),
        "trash": lambda: act(tickets.trash, made, by=cast.eve),
    }
    return made, done[name]


ACTS = (
    "reply,reply and resolve,answered by the requester,take,assign,hand over,unassign,pending,pending again,resolve,"
    "close,solve,reopen,priority,category,type,trash"
).split(",")


@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_is_taken_back_leaves_the_ticket_as_it_was_and_no_mail(people, name):
    made, do = prepared(name, people)
    before, first = columns(made), newest("raised").id
    last = db.session.query(Event.id).order_by(Event.id.desc()).first().id
    do()
    assert columns(made) != before or "repl" in name or name == "answered by the requester"
    did = db.session.query(Event).filter(Event.id > max(last, first)).order_by(Event.id).all()
    take_back(did[0], db.session.merge(did[0].actor))
    assert columns(made) == before
    numbers = [event.id for event in did]
    assert {d.state for d in db.session.query(Delivery).filter(Delivery.event_id.in_(numbers))} <= {"cancelled"}
    told = newest("undone")
    assert told.facts == {"what": did[0].kind} and told.public == (name != "trash")
    assert [message.withdrawn_at is not None for message in db.session.query(Message)] in ([], [True])


def test_a_reply_is_withdrawn_from_the_requester_at_once_and_stays_for_agents(people):
    made = ticket(people.ada)
    reply(made, "For somebody else", by=people.cleo)
    take_back(newest("replied"), people.cleo)
    kinds = {who: [event.kind for event in timeline.timeline(made, getattr(people, who))] for who in ("ada", "cleo")}
    assert kinds == {"ada": ["raised", "status_set", "undone"], "cleo": ["raised", "replied", "status_set", "undone"]}
    number = db.session.query(Message).one().id
    assert lookups.find_message(people.ada, made, number) is None
    assert lookups.find_message(people.cleo, made, number) is not None


def test_a_withdrawn_reply_can_be_sent_again_from_the_same_form(people):
    made = ticket(people.ada)
    reply(made, "Hello", by=people.cleo, form_token="once")
    take_back(newest("replied"), people.cleo)
    reply(made, "Hello again", by=people.cleo, form_token="once")
    assert [message.withdrawn_at is None for message in db.session.query(Message).order_by(Message.id)] == [False, True]


def test_a_withdrawn_reply_cannot_be_corrected(people):
    made = ticket(people.ada)
    reply(made, "Hello", by=people.cleo)
    message = take_back(newest("replied"), people.cleo)
    with pytest.raises(Refused, match="taken back"):
        act(messages.correct, message, "Better", by=people.cleo)


def test_several_changes_of_one_moment_are_one_act(people):
    made, at = ticket(people.ada), transactions.now()
    before = columns(made)
    with transactions.writing():
        tickets.assign(made, to=people.dan, by=people.cleo, at=at)
        tickets.set_priority(made, "high", by=people.cleo, at=at)
        tickets.set_status(made, "closed", by=people.cleo, at=at)
    take_back(newest("priority_set"), people.cleo)
    assert columns(made) == before and db.session.query(Event).filter_by(kind="undone").count() == 1


# ---- refused


def refused(event, by, match, **more):
    before = columns(event.ticket), states()
    with pytest.raises(Refused, match=match):
        take_back(event, by, **more)
    assert (columns(db.session.get(Event, event.id).ticket), states()) == before
    assert db.session.query(Event).filter_by(kind="undone").count() == 0


def test_nobody_takes_back_what_somebody_else_did(people):
    reply(ticket(people.ada), by=people.cleo)
    refused(newest("replied"), people.dan, "Only the person who did this")


@pytest.mark.parametrize("seconds, in_time", [(0, True), (9.9, True), (11.9, True), (12.1, False), (3600, False)])
def test_it_is_too_late_after_ten_seconds_and_a_little_for_the_click_to_travel(people, seconds, in_time):
    reply(ticket(people.ada), by=people.cleo)
    event = newest("replied")
    at = event.at + timedelta(seconds=seconds)
    if in_time:
        take_back(event, people.cleo, at=at)
    else:
        refused(event, people.cleo, "too late", at=at)


def test_nothing_can_be_taken_back_where_it_is_switched_off(cast):
    reply(ticket(cast.ada), by=cast.cleo)
    refused(newest("replied"), cast.cleo, "too late")
    assert undo.offered(newest("replied").ticket, by=cast.cleo, since=newest("raised").at) is None


def test_what_was_changed_again_meanwhile_stays(people):
    made = ticket(people.ada)
    act(tickets.take, made, by=people.cleo)
    taken = newest("taken")
    act(tickets.assign, made, to=people.dan, by=people.eve)
    refused(taken, people.cleo, "changed again")


def test_a_new_status_meanwhile_keeps_the_old_one_from_being_taken_back(people):
    made = ticket(people.ada)
    act(tickets.set_status, made, "resolved", by=people.cleo)
    act(tickets.set_status, made, "closed", by=people.dan)
    refused(newest("resolved"), people.cleo, "changed again")


def test_what_was_done_twice_is_taken_back_once(people):
    reply(ticket(people.ada), by=people.cleo)
    take_back(newest("replied"), people.cleo)
    with pytest.raises(Refused, match="changed again"):
        take_back(newest("replied"), people.cleo)


def test_once_the_requester_has_answered_a_reply_stays(people):
    made = ticket(people.ada)
    reply(made, by=people.cleo)
    reply(made, "Thank you", by=people.ada)
    refused(db.session.query(Event).filter_by(kind="replied").first(), people.cleo, "Ada Okafor has answered")


def test_another_agent_s_reply_or_a_note_does_not_keep_a_reply(people):
    made = ticket(people.ada)
    reply(made, by=people.cleo)
    reply(made, "One more thing", by=people.dan)
    builders.note(made, by=people.dan)
    take_back(db.session.query(Event).filter_by(kind="replied").first(), people.cleo)


def test_what_a_requester_wrote_stays_once_an_agent_has_answered(people):
    made = ticket(people.ada)
    reply(made, "Never mind", by=people.ada)
    reply(made, "We are on it", by=people.cleo)
    refused(db.session.query(Event).filter_by(kind="replied").first(), people.ada, "Cleo Hart has answered")


@pytest.mark.parametrize("state, leaves", [("sending", True), ("sent", True), ("waiting", False), ("unsent", False)])
def test_once_a_mail_has_left_the_act_stays(people, state, leaves):
    reply(ticket(people.ada), by=people.cleo)
    event = newest("replied")
    db.session.query(Delivery).filter_by(event_id=event.id).one().state = state
    db.session.commit()
    if leaves:
        refused(event, people.cleo, "mail about it has left")
    else:
        take_back(event, people.cleo)


def test_in_the_trash_nothing_but_the_deletion_is_taken_back(people):
    made = ticket(people.ada)
    act(tickets.set_priority, made, "high", by=people.eve)
    act(tickets.trash, made, by=people.eve)
    refused(newest("priority_set"), people.eve, "in the trash")
    take_back(newest("trashed"), people.eve)


def test_an_attempt_in_vain_is_written_down_for_agents_only(people):
    made = ticket(people.ada)
    reply(made, by=people.cleo)
    act(undo.refused, newest("replied"), "It is too late to take this back.", by=people.cleo)
    event = newest("undo_refused")
    assert not event.public and kinds.tell(event).startswith("Cleo Hart could not take back a reply: It is too late")
    assert "undo_refused" not in [one.kind for one in timeline.timeline(made, people.ada)]


# ---- mails


def test_mails_about_what_can_be_taken_back_wait_as_long_and_others_do_not(people):
    made = ticket(people.ada)
    reply(made, by=people.cleo)
    act(tickets.close_resolved, after=timedelta())
    waits = {one.mail: one.due_at - one.event.at for one in db.session.query(Delivery)}
    assert waits == {"received": timedelta(), "answer": WINDOW}


def test_what_the_desk_does_itself_is_mailed_at_once(people):
    act(tickets.set_status, ticket(people.ada), "resolved", by=people.cleo)
    act(tickets.close_resolved, after=timedelta())
    closed = db.session.query(Delivery).filter_by(mail="closed").one()
    assert closed.due_at == closed.event.at


def test_a_mail_that_waits_is_not_sent_before_and_not_after_it_was_taken_back(people):
    reply(ticket(people.ada), by=people.cleo)
    event = newest("replied")
    number = db.session.query(Delivery).filter_by(event_id=event.id).one().id
    db.session.rollback()
    assert number not in deliveries.due(event.at + timedelta(seconds=9))
    assert number in deliveries.due(event.at + timedelta(seconds=11))
    take_back(newest("replied"), people.cleo)
    db.session.rollback()
    assert deliveries.claim(number, transactions.now() + timedelta(seconds=11)) is None


def test_only_what_was_done_by_oneself_and_just_now_is_offered(people):
    made = ticket(people.ada)
    since = transactions.now()
    assert undo.offered(made, by=people.cleo, since=since) is None
    act(tickets.take, made, by=people.cleo)
    assert undo.offered(made, by=people.cleo, since=since).kind == "taken"
    assert undo.offered(made, by=people.dan, since=since) is None
    assert undo.offered(made, by=people.cleo, since=transactions.now()) is None
