"""Live news as a rule: what is read, in whatever order it is committed, and who may hear of it."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session as DatabaseSession

from helpdesk.accounts import people, sessions
from helpdesk.db import transactions
from helpdesk.live import feed
from helpdesk.tickets import messages, tickets
from models import Event, db
from tests.support import builders
from tests.support.builders import act


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


class Listener:
    """Reads as the thread of a web process does, round after round."""

    def __init__(self):
        db.session.rollback()
        self.reader = feed.Reader.starting()

    def hear(self, at=None):
        db.session.rollback()
        hints, self.reader = self.reader.read(at)
        return hints


@contextmanager
def open_transaction(ticket):
    """Somebody else's transaction that has its event's id and has not committed; committed when the block ends."""
    with DatabaseSession(db.engine) as other:
        event = Event(kind="noted", ticket_id=ticket, public=False, facts={}, at=transactions.now())
        other.add(event)
        other.flush()
        yield event.id
        other.commit()


@pytest.fixture
def overlapping(app):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time, so ids are committed in order")


# ---- in whatever order


def test_a_change_is_read_once(ticket, cast):
    listener = Listener()
    builders.reply(ticket, by=cast.cleo)
    assert [hint.ticket for hint in listener.hear()] == [ticket.id]
    assert listener.hear() == []


def test_a_lower_id_that_is_committed_after_a_higher_one_was_read_is_still_told(ticket, cast, overlapping):
    listener = Listener()
    other = builders.ticket(cast.ben)
    listener.hear()
    with open_transaction(ticket.id) as lower:
        act(tickets.set_priority, other, "high", by=cast.cleo)
        assert [hint.ticket for hint in listener.hear()] == [other.id]
        assert listener.reader.high > lower
    assert [hint.ticket for hint in listener.hear()] == [ticket.id]
    assert listener.hear() == []


def test_what_was_open_already_when_somebody_begins_to_listen_is_told_too(ticket, cast, overlapping):
    other = builders.ticket(cast.ben)
    with open_transaction(ticket.id):
        act(tickets.set_priority, other, "high", by=cast.cleo)
        listener = Listener()
        assert listener.hear() == []
    assert [hint.ticket for hint in listener.hear()] == [ticket.id]


def test_a_browser_that_was_away_is_told_what_was_committed_late_meanwhile(ticket, cast, overlapping):
    other = builders.ticket(cast.ben)
    with open_transaction(ticket.id):
        act(tickets.set_priority, other, "high", by=cast.cleo)
        seen = feed.cursor()
        assert feed.missed(cast.cleo, seen)[1] == []
    db.session.rollback()
    now, told = feed.missed(cast.cleo, feed.Cursor.read(str(seen)))
    assert told == [ticket.id]
    assert feed.missed(cast.cleo, now)[1] == []


def test_an_id_that_never_comes_is_given_up_after_a_minute(ticket, cast, overlapping):
    listener = Listener()
    with DatabaseSession(db.engine) as other:
        other.add(Event(kind="noted", ticket_id=ticket.id, public=False, facts={}, at=transactions.now()))
        other.flush()
        other.rollback()
    builders.reply(ticket, by=cast.cleo)
    listener.hear()
    assert len(listener.reader.gaps) == 1
    listener.hear(at=transactions.now() + feed.LATE + timedelta(seconds=1))
    assert listener.reader.gaps == {}


def test_more_than_a_round_can_hold_is_told_in_the_next_rounds(ticket, cast, monkeypatch):
    monkeypatch.setattr(feed, "MOST", 2)
    listener = Listener()
    made = [builders.ticket(cast.ben).id for _ in range(5)]
    told = [hint.ticket for _ in range(4) for hint in listener.hear()]
    assert told == made


# ---- marks


@pytest.mark.parametrize(
    "text", ["", "word", "-1", "1.", ".1", "1..2", "1,2", "9" * 19, "١", "1 OR 1=1", "1" + ".1" * 31]
)
def test_what_is_no_mark_of_ours_is_none(text):
    assert feed.Cursor.read(text) is None


def test_a_mark_comes_back_as_it_was():
    assert feed.Cursor.read("1204.1198.1201") == feed.Cursor(1204, (1198, 1201))
    assert str(feed.Cursor(1204, (1198, 1201))) == "1204.1198.1201"


def test_a_mark_from_another_time_asks_for_the_whole_page(ticket, cast):
    assert feed.missed(cast.ada, feed.Cursor(10**17)) == (feed.cursor(), None)


def test_too_many_tickets_at_once_ask_for_the_whole_page(ticket, cast, monkeypatch):
    seen = feed.cursor()
    monkeypatch.setattr(feed, "MOST_TOLD", 2)
    for _ in range(3):
        builders.ticket(cast.ben)
    assert feed.missed(cast.cleo, seen)[1] is None
    assert feed.missed(cast.ada, seen)[1] == []


def test_nobody_misses_what_was_not_for_them(ticket, cast):
    seen = feed.cursor()
    builders.note(ticket, by=cast.cleo)
    builders.ticket(cast.ben)
    assert feed.missed(cast.ada, seen)[1] == []
    assert feed.missed(cast.mel, seen)[1] == []


def test_on_an_empty_desk_there_is_nothing_to_read(app):
    assert feed.cursor() == feed.Cursor(0)
    assert Listener().hear() == []


# ---- who may hear


def priority(ticket, cast):
    tickets.set_priority(ticket, "high", by=cast.cleo)


def reply(ticket, cast):
    messages.reply(ticket, "Done.", by=cast.cleo)


def note(ticket, cast):
    messages.note(ticket, "Secret.", by=cast.cleo)


def trash(ticket, cast):
    tickets.trash(ticket, by=cast.eve)


def give_to_mel(ticket, cast):
    tickets.change_requester(ticket, to=cast.mel, by=cast.cleo)


def unwatch(ticket, cast):
    tickets.remove_watcher(ticket, watcher=cast.ben, by=cast.cleo)


HEARERS = [
    (priority, "ada ben cleo eve"),
    (reply, "ada ben cleo eve"),
    (note, "cleo eve"),
    (trash, "ada ben cleo eve"),
    (give_to_mel, "ada ben mel cleo eve"),
    (unwatch, "ada ben cleo eve"),
]


@pytest.mark.parametrize(("what", "who"), HEARERS, ids=[what.__name__ for what, _who in HEARERS])
def test_who_hears_of_it_by_stream_and_by_poll(what, who, ticket, cast):
    """Ada asked, Ben watches; whoever loses the ticket hears of that, and of nothing after it."""
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    listener, seen = Listener(), feed.cursor()
    act(what, ticket, cast)
    assert _hearers(listener, seen, cast, ticket) == (set(who.split()), set(who.split()))


def test_whoever_lost_the_ticket_hears_nothing_of_it_any_more(ticket, cast):
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(give_to_mel, ticket, cast)
    act(unwatch, ticket, cast)
    listener, seen = Listener(), feed.cursor()
    act(priority, ticket, cast)
    assert _hearers(listener, seen, cast, ticket) == ({"mel", "cleo", "eve"}, {"mel", "cleo", "eve"})


def _hearers(listener, seen, cast, ticket):
    hints = listener.hear()
    everybody = {name: getattr(cast, name) for name in ("ada", "ben", "mel", "cleo", "eve")}
    streamed = {
        n for n, p in everybody.items() if any(h.heard_by(p.id, p.role) and h.ticket == ticket.id for h in hints)
    }
    polled = {n for n, p in everybody.items() if feed.missed(p, seen)[1] == [ticket.id]}
    return streamed, polled


def test_the_bell_rings_for_those_who_are_owed_word(ticket, cast):
    listener = Listener()
    builders.reply(ticket, by=cast.cleo)
    [hint] = listener.hear()
    assert hint.owed == {cast.ada.id}


def test_losing_a_ticket_is_nothing_that_happened_to_the_account(ticket, cast):
    act(give_to_mel, ticket, cast)
    assert people.history(cast.ada) == []


# ---- who is still there


def test_only_sessions_that_have_not_ended_may_listen(cast):
    def session_of(person):
        return sessions.digest(act(sessions.start, person, keep=False, ip="", user_agent=""))

    ada, ben, cleo, dan = map(session_of, (cast.ada, cast.ben, cast.cleo, cast.dan))
    act(sessions.end_all, cast.ada)
    act(people.switch_off, cast.ben, by=cast.eve)
    act(people.set_role, cast.cleo, "user", by=cast.eve)
    assert feed.still_signed_in([ada, ben, cleo, dan, "forged"]) == {cleo: "user", dan: "agent"}


def test_the_id_of_a_removed_event_is_never_given_again(ticket, cast):
    """A browser that went on from the removed one would otherwise miss the next."""
    newest = db.session.query(Event).order_by(Event.id.desc()).first()
    number = newest.id
    db.session.delete(newest)
    db.session.commit()
    builders.reply(ticket, by=cast.cleo)
    assert db.session.query(Event).order_by(Event.id.desc()).first().id > number
