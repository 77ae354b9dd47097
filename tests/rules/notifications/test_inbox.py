"""The news of a person: which mails owed to them are news, what is unread, what makes it read."""

from helpdesk.accounts import people
from helpdesk.events import events
from helpdesk.live import feed
from helpdesk.notifications import inbox
from helpdesk.tickets import messages, tickets, timeline
from models import Delivery, db
from tests.support import builders


def news_of(person):
    return [(row.event.kind, row.seen_at is not None) for row in inbox.listing(person)]


def test_what_happens_to_my_ticket_is_news_newest_first_and_unread(cast):
    ticket = builders.ticket(cast.ada)
    builders.reply(ticket, by=cast.cleo)
    builders.act(tickets.set_status, ticket, "resolved", by=cast.cleo)
    assert news_of(cast.ada) == [("resolved", False), ("replied", False)]
    assert inbox.unread(cast.ada) == 2
    assert news_of(cast.ben) == [] and inbox.unread(cast.ben) == 0


def test_my_own_receipt_and_mails_about_my_account_are_no_news(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(events.record, "reset_asked", by=cast.ada, person=cast.ada)
    assert news_of(cast.ada) == [] and inbox.unread(cast.ada) == 0
    assert db.session.query(Delivery).filter_by(person_id=cast.ada.id, seen_at=None).count() == 0
    assert ticket.id


def test_a_ticket_that_was_raised_for_me_is_news(cast):
    builders.ticket(cast.cleo, requester=cast.ada)
    assert news_of(cast.ada) == [("raised_for", False)]


def test_notes_are_no_news_for_anybody(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.take, ticket, by=cast.dan)
    builders.note(ticket, by=cast.cleo)
    assert news_of(cast.ada) == news_of(cast.dan) == []


def test_news_of_a_ticket_that_i_see_no_more_are_not_listed(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    builders.reply(ticket, by=cast.cleo)
    assert news_of(cast.ben) == [("replied", False)]
    builders.act(tickets.remove_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    assert news_of(cast.ben) == [] and inbox.unread(cast.ben) == 0
    builders.act(tickets.trash, ticket, by=cast.eve)
    assert news_of(cast.ada) == [] and inbox.unread(cast.ada) == 0


def test_an_agent_who_becomes_a_user_keeps_no_news_of_other_peoples_tickets(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.assign, ticket, to=cast.dan, by=cast.cleo)
    assert news_of(cast.dan) == [("assigned", False)]
    builders.act(people.set_role, cast.dan, "user", by=cast.eve)
    assert news_of(cast.dan) == [] and inbox.unread(cast.dan) == 0


def test_what_was_cancelled_before_it_left_is_no_news(cast):
    ticket = builders.ticket(cast.ada)
    builders.reply(ticket, by=cast.cleo)
    builders.act(db.session.query(Delivery).filter_by(mail="answer").update, {"state": "cancelled"})
    assert news_of(cast.ada) == [] and inbox.unread(cast.ada) == 0


def test_opening_a_ticket_reads_its_news_up_to_what_was_shown_and_no_other(cast):
    one, two = builders.ticket(cast.ada), builders.ticket(cast.ada)
    builders.reply(one, "first", by=cast.cleo)
    builders.reply(two, by=cast.cleo)
    shown = timeline.newest(one, cast.ada)
    builders.reply(one, "second", by=cast.cleo)
    assert inbox.unread(cast.ada, but=one.id) == 1
    inbox.read(cast.ada.id, one.id, shown)
    assert [seen for _kind, seen in news_of(cast.ada)] == [False, False, True]
    inbox.read(cast.ben.id, two.id, 10**6)
    assert inbox.unread(cast.ada) == 2


def test_marking_all_as_read_leaves_what_came_after_the_page_was_shown(cast):
    ticket = builders.ticket(cast.ada)
    builders.reply(ticket, "first", by=cast.cleo)
    newest = inbox.listing(cast.ada)[0].id
    builders.reply(ticket, "second", by=cast.cleo)
    builders.act(inbox.read_all, cast.ada, until=newest)
    assert [seen for _kind, seen in news_of(cast.ada)] == [False, True]


def test_the_count_stops_at_ten_and_a_page_holds_fifty(cast):
    ticket = builders.ticket(cast.ada)
    for number in range(53):
        builders.reply(ticket, f"answer {number}", by=cast.cleo)
    assert inbox.unread(cast.ada) == inbox.COUNT_CAP
    first = inbox.listing(cast.ada)
    assert len(first) == inbox.PAGE + 1
    rest = inbox.listing(cast.ada, before=first[inbox.PAGE - 1].id)
    assert [row.id for row in rest] == sorted((row.id for row in rest), reverse=True) and len(rest) == 3
    assert inbox.newest_unread(cast.ada).id == first[0].id


def test_live_news_tells_each_person_what_is_on_their_bell_and_nobody_else(cast):
    ticket = builders.ticket(cast.ada)
    builders.act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    reader = feed.Reader.starting()
    builders.act(messages.reply, ticket, "It is still broken", by=cast.ada)
    hints, reader = reader.read()
    assert [hint.owed for hint in hints] == [{cast.ben.id}]
    builders.note(ticket, by=cast.cleo)
    hints, reader = reader.read()
    assert [hint.owed for hint in hints] == [frozenset()]
