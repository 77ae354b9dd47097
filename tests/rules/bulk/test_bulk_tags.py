"""Tags of many tickets at once: put on, taken off, swapped, and exactly those taken back."""

import pytest

from helpdesk.bulk import jobs
from helpdesk.errors import Refused
from helpdesk.tickets import tags, tickets
from models import Ticket, db
from tests.rules.bulk.test_bulk import job, rows, run, states, work_off
from tests.support.builders import act, ticket


@pytest.fixture
def four(cast):
    return [ticket(cast.ada).id for _ in range(4)]


def test_tags_of_many_are_added_to_those_they_have(cast, four):
    act(tags.set_tags, db.session.get(Ticket, four[0]), ["laptop"], by=cast.dan)
    run(four, {"tag": "VPN"}, cast.cleo)
    assert [row[6] for row in rows(four)] == [["laptop", "VPN"], ["VPN"], ["VPN"], ["VPN"]]


def tagged(numbers, *names, by):
    for number in numbers:
        act(tags.set_tags, db.session.get(Ticket, number), names, by=by)


def test_tags_taken_off_many_leave_their_other_tags_and_those_without_them_alone(cast, four):
    tagged(four[:2], "VPN", "laptop", by=cast.dan)
    tagged(four[2:3], "printer", by=cast.dan)
    number = run(four, {"untag": "vpn, printer"}, cast.cleo)
    assert [row[6] for row in rows(four)] == [["laptop"], ["laptop"], [], []]
    assert states(number) == dict.fromkeys(four[:3], "done") | {four[3]: "same"}


def test_taking_back_puts_on_only_what_was_taken_off_and_keeps_tags_given_since(cast, four):
    tagged(four[:2], "vpn", "laptop", by=cast.dan)
    number = run(four, {"untag": "vpn, printer"}, cast.cleo)
    act(tags.add, db.session.get(Ticket, four[0]), ["new starter"], by=cast.dan)
    act(tags.remove, db.session.get(Ticket, four[1]), ["laptop"], by=cast.dan)
    act(jobs.undo, job(number), by=cast.cleo)
    assert [row[6] for row in rows(four)] == [["laptop", "new starter", "vpn"], ["vpn"], [], []]


def test_a_tag_that_somebody_put_on_again_is_left_and_reported_when_taking_back(cast, four):
    tagged(four, "vpn", by=cast.dan)
    number = run(four, {"untag": "vpn"}, cast.cleo)
    act(tags.add, db.session.get(Ticket, four[0]), ["vpn"], by=cast.dan)
    tagged(four[1:2], *(f"tag {n}" for n in range(10)), by=cast.dan)
    act(jobs.undo, job(number), by=cast.cleo)
    assert list(states(number).values()) == ["kept", "kept", "undone", "undone"]
    assert [len(row[6]) for row in rows(four)] == [1, 10, 1, 1]


def test_a_full_ticket_can_swap_a_tag_and_the_same_one_is_not_put_on_and_off(cast, four):
    tagged(four[:1], *(f"tag {n}" for n in range(10)), by=cast.dan)
    assert states(run(four[:1], {"tag": "vpn", "untag": "tag 3"}, cast.cleo)) == {four[0]: "done"}
    with pytest.raises(Refused, match="added and taken off at once: Vpn"):
        run(four, {"tag": "vpn, laptop", "untag": "printer, Vpn"}, cast.cleo)


def test_taking_tags_off_is_refused_for_what_is_gone_and_done_to_the_others(cast, four):
    tagged(four, "vpn", by=cast.dan)
    act(tickets.trash, db.session.get(Ticket, four[2]), by=cast.eve)
    number = run([*four, 987654321], {"untag": "vpn"}, cast.cleo)
    assert {item.ticket_id for item in jobs.refusals(job(number))} == {four[2], 987654321}
    assert [row[6] for row in rows(four)] == [[], [], ["vpn"], []]


def test_tags_of_more_than_two_hundred_are_taken_off_by_the_worker_and_put_back_by_it(cast):
    many = [ticket(cast.ada).id for _ in range(jobs.AT_ONCE + 1)]
    act(tags.bear, {number: ["vpn", "laptop"] for number in many})
    number = run(many, {"untag": "vpn"}, cast.cleo)
    assert job(number).state == "waiting"
    work_off()
    assert jobs.tally(job(number)) == {"done": len(many)} and {tuple(row[6]) for row in rows(many)} == {("laptop",)}
    act(jobs.undo, job(number), by=cast.cleo)
    assert job(number).state == "undoing"
    work_off()
    assert job(number).state == "undone" and {tuple(row[6]) for row in rows(many)} == {("laptop", "vpn")}
