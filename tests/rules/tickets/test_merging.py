"""Merging: what both tickets are afterwards, who reads what, chains and cycles, and how exactly it is taken back."""

import pytest

from helpdesk.access import visibility
from helpdesk.errors import Refused
from helpdesk.events import kinds
from helpdesk.notifications import recipients
from helpdesk.tickets import merged, merging, messages, tickets, timeline, undo
from jobs import mail_writer
from models import Delivery, Event, Message, Ticket, Watcher, db
from tests.support.builders import act, note, reply, ticket


@pytest.fixture
def pair(cast):
    """Ada's ticket with a reply and a note on it, and one of Ben's that it could be merged into."""
    one, other = ticket(cast.ada, "First", "Ada's words"), ticket(cast.ben, "Second", "Ben's words")
    reply(one, "A reply to Ada", by=cast.cleo)
    note(one, "A secret about Ada", by=cast.cleo)
    reply(other, "A reply to Ben", by=cast.dan)
    return one, other


def merge(one, other, by, follow=False):
    return act(merging.merge, one, other, by=by, follow=follow)


def snapshot(*made):
    """All that a merge may touch but for events and the times of activity."""
    db.session.rollback()
    db.session.expire_all()
    moved = ("activity_at", "public_activity_at")
    columns = [column.name for column in Ticket.__table__.columns if column.name not in moved]
    rows = [[getattr(db.session.get(Ticket, one.id), name) for name in columns] for one in made]
    watching = sorted((w.ticket_id, w.person_id) for w in db.session.query(Watcher))
    return rows, watching, sorted((m.id, m.ticket_id) for m in db.session.query(Message))


def read(made, reader):
    return [event.message.body for event in timeline.timeline(made, reader) if event.message is not None]


def newest(kind):
    return db.session.query(Event).filter_by(kind=kind).order_by(Event.id.desc()).first()


def test_both_conversations_are_read_as_one_in_the_order_of_time(cast, pair):
    one, other = pair
    merge(one, other, cast.cleo)
    reply(other, "After the merge", by=cast.dan)
    assert read(other, cast.dan) == ["A reply to Ada", "A secret about Ada", "A reply to Ben", "After the merge"]
    assert read(other, cast.ben) == ["A reply to Ada", "A reply to Ben", "After the merge"]
    moments = [event.at for event in timeline.timeline(other, cast.dan)]
    assert moments == sorted(moments)


def test_the_merged_one_is_closed_and_leads_to_the_other(cast, pair):
    one, other = pair
    merge(one, other, cast.cleo)
    db.session.rollback()
    assert (one.status, one.closed_as, one.merged_into_id) == ("closed", "merged", other.id)
    assert merged.leads_to(one, cast.dan) is other and merged.leads_to(one, cast.ben) is other
    assert merged.leads_to(one, cast.ada) is None and merged.leads_to(other, cast.dan) is None


def test_who_does_not_follow_the_other_reads_nothing_of_it_and_not_its_number(app, cast, pair):
    one, other = pair
    merge(one, other, cast.cleo)
    assert read(one, cast.ada) == ["A reply to Ada"]
    number = f"#{other.id}"
    assert not [event for event in timeline.timeline(one, cast.ada) if number in kinds.tell(event)]
    owed = db.session.query(Delivery).filter_by(mail="merged").all()
    assert [delivery.email for delivery in owed] == ["ada@example.com"]
    body = mail_writer.write(owed[0].id).body
    assert number not in body and "Second" not in body
    assert other.id not in {row.ticket_id for row in db.session.query(Watcher)}


def test_who_was_let_follow_watches_the_other_and_is_told_which_it_is(app, cast, pair):
    one, other = pair
    merge(one, other, cast.cleo, follow=True)
    assert recipients.watchers(other) == [cast.ada] and merged.leads_to(one, cast.ada) is other
    body = mail_writer.write(db.session.query(Delivery).filter_by(mail="merged").one().id).body
    assert f"#{other.id} Second" in body


def test_the_plan_names_exactly_those_who_would_read_something_new(cast, pair):
    one, other = pair
    act(tickets.add_watcher, one, watcher=cast.dan, by=cast.cleo)
    act(tickets.add_watcher, other, watcher=cast.mel, by=cast.cleo)
    plan = merging.plan(one, other)
    assert ({p.name for p in plan.readers}, plan.followers) == ({"Ben Adeyemi", "Mel Duarte"}, [cast.ada])
    act(tickets.add_watcher, one, watcher=cast.mel, by=cast.cleo)
    assert merging.plan(one, other).readers == [cast.ben] and merging.plan(one, other).fingerprint != plan.fingerprint


def test_agents_who_watch_go_along_whoever_else_does_not(cast, pair):
    act(tickets.add_watcher, pair[0], watcher=cast.dan, by=cast.cleo)
    merge(*pair, cast.cleo)
    assert recipients.watchers(pair[1]) == [cast.dan]


def test_of_one_requester_nobody_reads_anything_new(cast):
    one, other = ticket(cast.ada, "First"), ticket(cast.ada, "Second")
    plan = merging.plan(one, other)
    assert plan.readers == [] and plan.followers == []
    merge(one, other, cast.cleo)
    assert merged.leads_to(one, cast.ada) is other and recipients.watchers(other) == []


# ---- what cannot be merged


def test_a_ticket_is_not_merged_into_itself_nor_in_a_ring(cast, pair):
    one, other = pair
    with pytest.raises(Refused, match="into itself"):
        merge(one, one, cast.cleo)
    merge(one, other, cast.cleo)
    with pytest.raises(Refused, match="into itself"):
        merge(other, one, cast.dan)
    with pytest.raises(Refused, match="was merged"):
        merge(one, other, cast.dan)


def test_a_closed_or_trashed_target_is_refused_and_a_closed_ticket_may_go_into_an_open_one(cast, pair):
    one, other = pair
    act(tickets.set_status, other, "closed", by=cast.cleo)
    with pytest.raises(Refused, match="is closed"):
        merge(one, other, cast.cleo)
    merge(other, one, cast.cleo)
    third = ticket(cast.ada, "Third")
    act(tickets.trash, third, by=cast.eve)
    with pytest.raises(Refused, match="in the trash"):
        merge(one, third, cast.eve)
    with pytest.raises(Refused, match="in the trash"):
        merge(third, one, cast.eve)


def test_nothing_is_done_to_a_merged_ticket_any_more(cast, pair):
    one, _other = pair
    merge(*pair, cast.cleo)
    for what in (
        lambda: messages.reply(one, "x", by=cast.cleo),
        lambda: messages.note(one, "x", by=cast.cleo),
        lambda: tickets.reopen(one, by=cast.cleo),
        lambda: tickets.assign(one, to=cast.dan, by=cast.cleo),
        lambda: tickets.trash(one, by=cast.eve),
        lambda: tickets.change_requester(one, to=cast.ben, by=cast.cleo),
    ):
        with pytest.raises(Refused, match="was merged into another one"):
            act(what)


def test_a_requester_who_was_left_behind_writes_a_new_ticket(cast, pair):
    one, other = pair
    merge(one, other, cast.cleo)
    new = reply(one, "It is still broken", by=cast.ada)
    assert new.id not in (one.id, other.id) and new.follows_id == one.id and new.requester_id == cast.ada.id


@pytest.mark.parametrize("place", [0, 1])
def test_a_requester_who_sees_the_other_answers_there_from_either_page(cast, pair, place):
    merge(*pair, cast.cleo, follow=True)
    act(tickets.set_status, pair[1], "pending", reason="your answer", by=cast.dan)
    act(tickets.assign, pair[1], to=cast.dan, by=cast.cleo)
    assert reply(pair[place], "It is still broken", by=cast.ada) is pair[1]
    assert read(pair[1], cast.ben)[-1] == "It is still broken" and pair[1].status == "open"
    owed = db.session.query(Delivery).filter_by(event_id=newest("replied").id)
    assert {(one.email, one.mail) for one in owed} == {
        ("dan@example.com", "requester_reply"),
        ("ben@example.com", "requester_reply"),
    }


def test_whoever_asked_for_a_part_takes_part_for_as_long_as_it_is_one_and_they_see_the_whole(cast, pair):
    one, other = pair
    third = ticket(cast.eve, "Third")
    act(tickets.add_watcher, third, watcher=cast.mel, by=cast.cleo)
    merge(one, other, cast.cleo, follow=True)
    merge(other, third, cast.cleo, follow=True)
    assert all(visibility.can_reply(person, third) for person in (cast.ada, cast.ben, cast.dan))
    assert not visibility.can_reply(cast.mel, third)
    act(tickets.remove_watcher, third, watcher=cast.ben, by=cast.cleo)
    assert not visibility.can_reply(cast.ben, third)
    act(merging.split_again, one, by=cast.cleo)
    act(tickets.add_watcher, third, watcher=cast.ada, by=cast.cleo)
    assert not visibility.can_reply(cast.ada, third)


def test_what_such_a_requester_wrote_is_taken_back_until_somebody_has_answered(cast, undoable):
    merge(*undoable, cast.cleo, follow=True)
    reply(undoable[1], "First", by=cast.ada)
    first = newest("replied")
    act(undo.undo, first, by=cast.ada)
    reply(undoable[1], "Second", by=cast.ada)
    second = newest("replied")
    reply(undoable[1], "An answer", by=cast.dan)
    with pytest.raises(Refused, match="has answered meanwhile"):
        act(undo.undo, second, by=cast.ada)


# ---- chains


def test_a_chain_leads_to_its_end_and_is_read_there_whole(cast, pair):
    one, other = pair
    third = ticket(cast.eve, "Third")
    merge(one, other, cast.cleo)
    merge(other, third, cast.cleo)
    assert merged.leads_to(one, cast.dan) is third and merged.with_merged(third) == [third.id, other.id, one.id]
    assert read(third, cast.dan) == ["A reply to Ada", "A secret about Ada", "A reply to Ben"]
    fourth = ticket(cast.eve, "Fourth")
    assert merge(fourth, one, cast.cleo) is third


def test_a_chain_is_split_in_either_order(cast, pair):
    one, other = pair
    third = ticket(cast.eve, "Third")
    before = snapshot(one, other, third)
    merge(one, other, cast.cleo, follow=True)
    merge(other, third, cast.cleo, follow=True)
    act(merging.split_again, one, by=cast.dan)
    assert merged.with_merged(third) == [third.id, other.id]
    act(merging.split_again, other, by=cast.dan)
    assert snapshot(one, other, third) == before


# ---- taken back


@pytest.fixture
def undoable(make_app, cast, pair):
    """The same pair on a desk where acts can be taken back."""
    with make_app(UNDO_SECONDS="10").app_context():
        for name in vars(cast):
            setattr(cast, name, db.session.merge(getattr(cast, name)))
        yield tuple(db.session.merge(one) for one in pair)
        db.session.remove()


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("status", ["new", "open", "pending", "resolved", "closed"])
def test_undo_leaves_no_trace_but_the_lines_that_tell_of_it(cast, undoable, status, follow):
    one, other = undoable
    if status != "new":
        act(tickets.set_status, one, status, by=cast.cleo, reason="a part")
    before = snapshot(one, other)
    merge(one, other, cast.cleo, follow=follow)
    assert snapshot(one, other) != before
    act(undo.undo, newest("merged"), by=cast.cleo)
    assert snapshot(one, other) == before
    assert {delivery.state for delivery in db.session.query(Delivery).filter_by(mail="merged")} == {"cancelled"}
    assert merged.with_merged(other) == [other.id] and newest("unmerged_from").facts == {"number": one.id}


def test_split_again_at_any_later_time_restores_it_and_keeps_what_was_written_since(cast, pair):
    one, other = pair
    before = snapshot(one, other)
    merge(one, other, cast.cleo, follow=True)
    db.session.query(Delivery).update({"state": "sent"})
    db.session.commit()
    reply(other, "After the merge", by=cast.dan)
    act(merging.split_again, one, by=cast.dan)
    rows, watching, kept = snapshot(one, other)
    assert (rows[0], watching) == (before[0][0], before[1]) and kept[:-1] == before[2]
    assert read(other, cast.ben) == ["A reply to Ben", "After the merge"]
    with pytest.raises(Refused, match="not merged"):
        act(merging.split_again, one, by=cast.dan)


def test_a_watcher_who_was_there_before_stays_after_a_split(cast, pair):
    act(tickets.add_watcher, pair[1], watcher=cast.ada, by=cast.cleo)
    merge(*pair, cast.cleo, follow=True)
    act(merging.split_again, pair[0], by=cast.cleo)
    assert recipients.watchers(pair[1]) == [cast.ada]


def test_where_the_other_was_removed_for_good_the_merged_one_stands_alone(cast, pair):
    one, other = pair
    merge(one, other, cast.cleo)
    act(tickets.trash, other, by=cast.eve)
    assert merged.leads_to(one, cast.dan) is None
    act(tickets.purge, other, by=cast.eve)
    db.session.expire_all()
    assert one.merged_into_id is None
    act(tickets.reopen, one, by=cast.dan)
    with pytest.raises(Refused, match="not merged"):
        act(merging.split_again, one, by=cast.dan)
