"""Tags: what counts as one, how they are compared and kept, how many, and what their event says."""

import pytest

from helpdesk.errors import Refused
from helpdesk.events import kinds
from helpdesk.tickets import sidebar, tags, timeline, undo
from models import Event, Tag, Ticket, db
from tests.support.builders import act, reply, ticket


def names(made):
    db.session.rollback()
    return [tag.name for tag in db.session.get(Ticket, made.id).tags]


@pytest.mark.parametrize(
    "typed, found",
    [
        ("vpn, Printer", ["vpn", "Printer"]),
        ("  #vpn ,, VPN,vpn ", ["vpn"]),
        ("new   starter", ["new starter"]),
        ("Büro, buro", ["Büro"]),
        (", ,", []),
        ("", []),
        ("日本", ["日本"]),
        ("\x00vpn\r\n", ["vpn"]),
        ("x" * 30, ["x" * 30]),
        ("“new starter”, „vpn‟, «»", ["new starter", "vpn"]),
        ('a"b", ＂c＂, "#d"', ["ab", "c", "d"]),
        ("👩\u200d💻", ["👩\u200d💻"]),
    ],
)
def test_what_is_typed_becomes_tags(app, typed, found):
    assert tags.parse(typed) == found


def test_a_tag_that_is_too_long_is_refused(app):
    with pytest.raises(Refused, match="at most 30 characters"):
        tags.parse("vpn, " + "x" * 31)


def test_a_tag_that_takes_up_more_room_folded_than_there_is_is_refused(app):
    """One such character alone stands for eighteen."""
    assert tags.parse("\ufdfa" * 6) == ["\ufdfa" * 6]
    with pytest.raises(Refused, match="take up too much room"):
        tags.parse("vpn, " + "\ufdfa" * 10)


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\u200b\u00ad", "\u2800", "\u3164\ufe0f", "\u0301"])
def test_a_tag_that_nobody_could_see_is_refused(app, unseen):
    with pytest.raises(Refused, match="can be seen"):
        tags.parse(f"vpn, {unseen}")


def test_a_tag_from_times_when_it_could_hold_quotation_marks_can_be_kept_and_taken_off(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ['19" rack'], by=cast.cleo)
    act(tags.save, made, '19" rack, vpn', was='19" rack', by=cast.cleo)
    assert names(made) == ['19" rack', "vpn"]
    act(tags.remove, made, tags.parse('19" rack'), by=cast.cleo)
    assert names(made) == ["vpn"]


def test_a_tag_is_kept_as_it_was_first_written_however_it_is_typed_later(cast):
    first, second = ticket(cast.ada), ticket(cast.ben)
    act(tags.set_tags, first, ["Büro"], by=cast.cleo)
    act(tags.set_tags, second, ["buro", "VPN"], by=cast.dan)
    assert names(second) == ["Büro", "VPN"] and db.session.query(Tag).count() == 2


def test_a_ticket_takes_ten_tags_and_no_more(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, [f"t{n}" for n in range(10)], by=cast.cleo)
    with pytest.raises(Refused, match="at most 10 tags"):
        act(tags.add, made, ["one more"], by=cast.cleo)
    assert len(names(made)) == 10


def test_the_event_says_what_came_and_what_went_and_only_where_something_did(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn", "laptop"], by=cast.cleo)
    act(tags.set_tags, made, ["VPN", "printer"], by=cast.cleo)
    act(tags.set_tags, made, ["Printer", "vpn"], by=cast.cleo)
    told = [kinds.tell(event) for event in db.session.query(Event).filter_by(kind="tagged").order_by(Event.id)]
    assert told == [
        "Cleo Hart changed the tags: added laptop, vpn",
        "Cleo Hart changed the tags: added printer; removed laptop",
    ]


def test_adding_and_removing_leave_the_others(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn"], by=cast.cleo)
    act(tags.add, made, ["laptop", "VPN"], by=cast.cleo)
    assert names(made) == ["laptop", "vpn"]
    act(tags.remove, made, ["Vpn", "not there"], by=cast.cleo)
    assert names(made) == ["laptop"]


def test_what_others_did_to_the_tags_since_they_were_shown_stays(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn", "printer"], by=cast.cleo)
    act(tags.change, made, ["printer"], ["urgent"], by=cast.dan)
    act(tags.save, made, "VPN, laptop, Printer", was="printer, vpn", by=cast.cleo)
    assert names(made) == ["laptop", "urgent", "vpn"]
    act(tags.save, made, "laptop", was="laptop, urgent, vpn", by=cast.cleo)
    assert names(made) == ["laptop"]


def test_used_tags_are_offered_and_forgotten_ones_are_not(cast):
    made = ticket(cast.ada)
    act(tags.set_tags, made, ["vpn", "laptop"], by=cast.cleo)
    act(tags.set_tags, made, ["vpn"], by=cast.cleo)
    assert tags.used() == [*sidebar.load(made, cast.cleo).tags] == ["vpn"]


def test_nothing_that_a_requester_can_see_moves(cast):
    made = ticket(cast.ada)
    before = made.public_activity_at
    act(tags.set_tags, made, ["difficult person"], by=cast.cleo)
    assert "tagged" not in [event.kind for event in timeline.timeline(made, cast.ada)]
    db.session.rollback()
    assert db.session.get(Ticket, made.id).public_activity_at == before


def test_a_trashed_ticket_is_not_tagged(cast):
    from helpdesk.tickets import tickets

    made = ticket(cast.ada)
    act(tickets.trash, made, by=cast.eve)
    with pytest.raises(Refused, match="in the trash"):
        act(tags.set_tags, made, ["vpn"], by=cast.eve)


def test_a_change_of_tags_is_taken_back_unless_they_changed_again(make_app, cast):
    with make_app(UNDO_SECONDS="10").app_context():
        cleo = db.session.merge(cast.cleo)
        made = ticket(db.session.merge(cast.ada))
        act(tags.set_tags, made, ["vpn"], by=cleo)
        act(tags.set_tags, made, ["laptop"], by=cleo)
        last = db.session.query(Event).filter_by(kind="tagged").order_by(Event.id.desc()).first()
        act(undo.undo, last, by=cleo)
        assert names(made) == ["vpn"]
        reply(made, by=cleo)
        with pytest.raises(Refused, match="changed again"):
            act(undo.undo, last, by=cleo)
        assert names(made) == ["vpn"]
        db.session.remove()
