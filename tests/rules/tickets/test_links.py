"""Links between tickets: how both sides tell of them, who reads them, and that no number can be probed."""

import logging

import pytest

from helpdesk import choices
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.events import kinds
from helpdesk.tickets import links, sidebar, tickets, timeline, undo
from models import Event, TicketLink, db
from tests.support.builders import act, ticket


@pytest.fixture
def pair(cast):
    return ticket(cast.ada, "First"), ticket(cast.ben, "Second")


def links_of(made, reader):
    db.session.rollback()
    return [(one.how, one.number, one.status) for one in sidebar.load(made, reader).links]


@pytest.mark.parametrize("how", choices.HOWS_TO_CHOOSE)
def test_both_tickets_show_the_link_each_from_its_side(cast, pair, how):
    one, other = pair
    act(links.link, one, other, how, by=cast.cleo)
    assert links_of(one, cast.dan) == [(how, other.id, "new")]
    assert links_of(other, cast.dan) == [(links.INVERSE[how], one.id, "new")]
    assert db.session.query(Event).filter_by(kind="linked").count() == 2


@pytest.mark.parametrize("how", choices.LINK_TYPES)
def test_the_same_link_is_made_once_from_whichever_side(cast, pair, how):
    one, other = pair
    act(links.link, one, other, how, by=cast.cleo)
    with pytest.raises(Refused, match="there already"):
        act(links.link, other, one, links.INVERSE[how], by=cast.cleo)
    act(links.unlink, other, one, links.INVERSE[how], by=cast.cleo)
    assert db.session.query(TicketLink).count() == 0
    with pytest.raises(Refused, match="gone already"):
        act(links.unlink, one, other, how, by=cast.cleo)


@pytest.mark.parametrize("first, second", [("blocks", "blocks"), ("blocked", "blocked")])
def test_two_tickets_do_not_block_each_other(cast, pair, first, second):
    one, other = pair
    act(links.link, one, other, first, by=cast.cleo)
    with pytest.raises(Refused, match="cannot block each other"):
        act(links.link, other, one, second, by=cast.dan)
    act(links.unlink, one, other, first, by=cast.cleo)
    act(links.link, other, one, second, by=cast.dan)


def test_a_ticket_is_not_linked_to_itself_nor_to_one_in_the_trash(cast, pair):
    one, other = pair
    with pytest.raises(Refused, match="another one"):
        act(links.link, one, one, "related", by=cast.cleo)
    act(tickets.trash, other, by=cast.eve)
    with pytest.raises(Refused, match="in the trash"):
        act(links.link, one, other, "related", by=cast.eve)


@pytest.mark.parametrize("typed", ["{}", "#{}", " # {} "])
def test_a_number_is_found_as_people_type_it(cast, pair, typed):
    assert links.named(typed.format(pair[0].id), by=cast.cleo) is pair[0]


@pytest.mark.parametrize("typed", ["", "x", "-1", "99999999999", "0", "1 2", "987654321", "٣"])
def test_what_is_no_number_of_a_ticket_is_refused(cast, pair, typed):
    with pytest.raises(Refused, match="There is no ticket"):
        links.named(typed, by=cast.cleo)


def test_a_trashed_ticket_and_a_missing_one_are_refused_in_the_same_words(cast, pair):
    act(tickets.trash, pair[1], by=cast.eve)
    for number in (pair[1].id, 987654321):
        with pytest.raises(Refused) as no:
            links.named(str(number), by=cast.cleo)
        assert str(no.value) == f"There is no ticket {number}. Check the number."


def test_a_link_to_a_trashed_ticket_shows_nothing_until_it_is_back(cast, pair):
    one, other = pair
    act(links.link, one, other, "blocks", by=cast.cleo)
    act(tickets.trash, other, by=cast.eve)
    assert links_of(one, cast.cleo) == links_of(one, cast.eve) == []
    act(tickets.restore, other, by=cast.eve)
    assert links_of(one, cast.cleo) == [("blocks", other.id, "new")]


def test_requesters_hear_nothing_of_links(cast, pair):
    act(links.link, *pair, "duplicate", by=cast.cleo)
    assert [event.kind for event in timeline.timeline(pair[0], cast.ada)] == ["raised"]
    assert "linked this ticket: duplicate of #" in kinds.tell(timeline.timeline(pair[0], cast.cleo)[-1])


def test_links_go_with_a_ticket_that_is_removed_for_good(cast, pair):
    act(links.link, *pair, "related", by=cast.cleo)
    act(tickets.trash, pair[1], by=cast.eve)
    act(tickets.purge, pair[1], by=cast.eve)
    assert db.session.query(TicketLink).count() == 0


def test_making_and_removing_a_link_are_taken_back(make_app, cast, pair):
    with make_app(UNDO_SECONDS="10").app_context():
        cleo, one, other = (db.session.merge(each) for each in (cast.cleo, *pair))
        act(links.link, one, other, "blocks", by=cleo)
        newest = db.session.query(Event).filter_by(ticket_id=one.id, kind="linked").one()
        act(undo.undo, newest, by=cleo)
        assert links_of(one, cleo) == []
        with pytest.raises(Refused, match="gone already"):
            act(undo.undo, newest, by=cleo)
        act(links.link, one, other, "blocks", by=cleo)
        act(links.unlink, one, other, "blocks", by=cleo)
        removed = db.session.query(Event).filter_by(ticket_id=one.id, kind="unlinked")
        act(undo.undo, removed.order_by(Event.id.desc()).first(), by=cleo)
        assert links_of(one, cleo) == [("blocks", other.id, "new")]
        db.session.remove()


def test_the_log_tells_nothing_of_two_links_of_which_one_could_not_be_taken_back(cast, pair, make_app, caplog):
    third, at = ticket(cast.ada, "Third"), transactions.now()
    for other in (pair[1], third):
        act(links.link, pair[0], other, "related", by=cast.cleo, at=at)
    act(tickets.trash, third, by=cast.eve), act(tickets.purge, third, by=cast.eve)
    first = db.session.query(Event).filter_by(ticket_id=pair[0].id, kind="linked").first()
    with (
        make_app(UNDO_SECONDS="10").app_context(),
        caplog.at_level(logging.INFO, logger="desk.act"),
        transactions.writing(),
    ):
        caplog.clear()
        event = db.session.merge(first)
        with pytest.raises(Refused, match="The other ticket is gone"):
            undo.undo(event, by=event.actor)
    assert caplog.records == []
