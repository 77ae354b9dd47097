"""Closing as spam or as a duplicate: what is recorded, who is told what, and how it is taken back."""

import pytest

from helpdesk.errors import Refused
from helpdesk.events import kinds
from helpdesk.tickets import close_reasons, links, sidebar, tickets, timeline, undo
from jobs import mail_writer
from models import Delivery, Event, Ticket, TicketLink, db
from tests.support.builders import act, ticket


@pytest.fixture
def pair(cast):
    return ticket(cast.ada, "First"), ticket(cast.ben, "Second")


def row(made):
    db.session.rollback()
    found = db.session.get(Ticket, made.id)
    return found.status, found.closed_as


def mailed(kind):
    return [one.email for one in db.session.query(Delivery).filter_by(mail=kind)]


def test_spam_is_closed_without_a_mail_and_only_agents_read_why(cast, pair):
    act(tickets.add_watcher, pair[0], watcher=cast.ben, by=cast.cleo)
    owed = db.session.query(Delivery).count()
    act(close_reasons.as_spam, pair[0], by=cast.cleo)
    assert row(pair[0]) == ("closed", "spam") and db.session.query(Delivery).count() == owed
    told = [kinds.tell(event) for event in timeline.timeline(pair[0], cast.ada)]
    assert told[-1] == "Cleo Hart closed the ticket" and "spam" not in " ".join(told)
    assert kinds.tell(timeline.timeline(pair[0], cast.dan)[-1]) == "Cleo Hart called this spam"


@pytest.mark.parametrize("close", [close_reasons.as_spam, tickets.solve])
def test_what_is_closed_already_is_not_closed_for_another_reason(cast, pair, close):
    act(close, pair[0], by=cast.cleo)
    with pytest.raises(Refused, match="closed already"):
        act(close_reasons.as_duplicate, pair[0], pair[1], by=cast.cleo)
    with pytest.raises(Refused, match="closed already"):
        act(close_reasons.as_spam, pair[0], by=cast.cleo)


def test_a_duplicate_is_closed_linked_and_told_once_to_its_followers(cast, pair):
    act(tickets.add_watcher, pair[0], watcher=cast.ben, by=cast.cleo)
    act(close_reasons.as_duplicate, *pair, by=cast.cleo)
    assert row(pair[0]) == ("closed", "duplicate")
    assert [(one.how, one.number) for one in sidebar.load(pair[0], cast.dan).links] == [("duplicate", pair[1].id)]
    assert mailed("duplicate") == ["ada@example.com", "ben@example.com"] and mailed("closed") == []


def test_which_other_ticket_it_is_only_those_read_who_may_see_that_one(app, cast, pair):
    act(tickets.add_watcher, pair[0], watcher=cast.ben, by=cast.cleo)
    act(close_reasons.as_duplicate, *pair, by=cast.cleo)
    assert close_reasons.other(pair[0], cast.ada) is None and close_reasons.other(pair[0], cast.ben).id == pair[1].id
    number = f"#{pair[1].id}"
    for event in timeline.timeline(pair[0], cast.ada):
        assert number not in kinds.tell(event)
    texts = {
        one.email: mail_writer.write(one.id).body for one in db.session.query(Delivery).filter_by(mail="duplicate")
    }
    assert number not in texts["ada@example.com"] and "Second" not in texts["ada@example.com"]
    assert f"{number} Second" in texts["ben@example.com"]


def test_a_ticket_is_no_duplicate_of_itself(cast, pair):
    with pytest.raises(Refused, match="another one"):
        act(close_reasons.as_duplicate, pair[0], pair[0], by=cast.cleo)


def test_a_link_made_before_by_hand_does_not_keep_it_from_being_closed(cast, pair):
    act(links.link, *pair, "duplicate", by=cast.dan)
    act(close_reasons.as_duplicate, *pair, by=cast.cleo)
    assert row(pair[0]) == ("closed", "duplicate") and db.session.query(TicketLink).count() == 1


def test_it_leads_to_the_ticket_it_was_closed_for_whatever_else_it_is_linked_to(cast, pair):
    first, second, made = *pair, ticket(cast.mel, "Third")
    act(links.link, made, first, "duplicate", by=cast.cleo)
    act(close_reasons.as_duplicate, made, second, by=cast.cleo)
    assert close_reasons.other(made, cast.dan).id == second.id
    act(links.unlink, made, second, "duplicate", by=cast.cleo)
    assert close_reasons.other(made, cast.dan).id == first.id
    act(links.unlink, made, first, "duplicate", by=cast.cleo)
    assert close_reasons.other(made, cast.dan) is None


def test_nothing_is_closed_as_a_duplicate_of_what_is_in_the_trash(cast, pair):
    act(links.link, *pair, "duplicate", by=cast.cleo)
    act(tickets.trash, pair[1], by=cast.eve)
    with pytest.raises(Refused, match="in the trash"):
        act(close_reasons.as_duplicate, *pair, by=cast.eve)


def test_a_reopened_ticket_forgets_why_it_was_closed(cast, pair):
    act(close_reasons.as_spam, pair[0], by=cast.cleo)
    act(tickets.reopen, pair[0], by=cast.dan)
    assert row(pair[0]) == ("open", None)


@pytest.mark.parametrize("reason", ["spam", "duplicate"])
def test_both_are_taken_back_as_a_whole(make_app, cast, pair, reason):
    with make_app(UNDO_SECONDS="10").app_context():
        cleo, one, other = (db.session.merge(each) for each in (cast.cleo, *pair))
        if reason == "spam":
            act(close_reasons.as_spam, one, by=cleo)
        else:
            act(close_reasons.as_duplicate, one, other, by=cleo)
        last = db.session.query(Event).filter(Event.kind.in_(("closed", "closed_as_duplicate"))).one()
        act(undo.undo, last, by=cleo)
        assert row(one) == ("new", None) and db.session.query(TicketLink).count() == 0
        assert {delivery.state for delivery in db.session.query(Delivery).filter_by(mail="duplicate")} <= {"cancelled"}
        db.session.remove()
