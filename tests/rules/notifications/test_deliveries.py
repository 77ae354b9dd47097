"""Who is owed a mail because of what, and how a delivery is claimed, finished, tried again and given up."""

import threading
from datetime import timedelta

import pytest

from helpdesk.accounts import people
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.notifications import deliveries, recipients
from helpdesk.tickets import messages, tickets
from models import Delivery, Person, db
from tests.support.builders import act, note, reply, ticket


def owed(after=0):
    """(mail, first name) of each delivery beyond the first `after`."""
    rows = db.session.query(Delivery).order_by(Delivery.id).all()[after:]
    return [(row.mail, row.person.name.split()[0]) for row in rows]


def owed_by(function, *args, **kwargs):
    """What an act makes owed."""
    before = db.session.query(Delivery).count()
    act(function, *args, **kwargs)
    return sorted(owed(before))


def tell_about_new(*agents):
    for agent in agents:
        agent.wants_every_new = True
    db.session.commit()


# ---- who is owed what


def test_a_new_ticket_is_told_to_its_requester_and_to_agents_who_asked_for_every_one(cast):
    tell_about_new(cast.cleo)
    ticket(cast.ada)
    assert owed() == [("received", "Ada"), ("new_ticket", "Cleo")]


def test_an_agent_who_raises_for_somebody_is_not_told_what_they_did(cast):
    tell_about_new(cast.cleo, cast.dan)
    ticket(cast.cleo, requester=cast.mel)
    assert owed() == [("received", "Mel"), ("new_ticket", "Dan")]


def test_an_answer_goes_to_the_requester_and_the_watchers(cast):
    made = ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    assert owed_by(messages.reply, made, "Look here.", by=cast.cleo) == [("answer", "Ada"), ("answer", "Ben")]


def test_a_watcher_who_answers_is_not_mailed_the_own_answer(cast):
    made = ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.cleo, by=cast.dan)
    assert owed_by(messages.reply, made, "Look here.", by=cast.cleo) == [("answer", "Ada")]


def test_the_requester_s_reply_goes_to_the_assignee_else_to_agents_who_asked_for_every_new_one(cast):
    tell_about_new(cast.dan)
    made = ticket(cast.ada)
    assert owed_by(messages.reply, made, "Any news?", by=cast.ada) == [("requester_reply", "Dan")]
    act(tickets.take, made, by=cast.cleo)
    assert owed_by(messages.reply, made, "Any news?", by=cast.ada) == [("requester_reply", "Cleo")]


def test_a_note_is_owed_to_nobody(cast):
    made = ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    before = db.session.query(Delivery).count()
    note(made, by=cast.cleo)
    assert owed(before) == []


def test_an_assignment_is_told_to_whoever_gets_it_but_taking_it_is_not(cast):
    made = ticket(cast.ada)
    assert owed_by(tickets.assign, made, to=cast.dan, by=cast.cleo) == [("assigned", "Dan")]
    assert owed_by(tickets.assign, made, to=cast.cleo, by=cast.cleo) == []


@pytest.mark.parametrize("status", ["resolved", "closed"])
def test_the_end_is_told_to_requester_and_watchers_and_the_return_to_the_assignee(cast, status):
    made = ticket(cast.ada)
    act(tickets.add_watcher, made, watcher=cast.ben, by=cast.cleo)
    act(tickets.take, made, by=cast.cleo)
    assert owed_by(tickets.set_status, made, status, by=cast.cleo) == [(status, "Ada"), (status, "Ben")]
    assert owed_by(tickets.reopen, made, by=cast.dan) == [("reopened", "Cleo")]


def test_a_requester_who_closes_the_own_ticket_is_not_told(cast):
    made = ticket(cast.ada)
    assert owed_by(tickets.solve, made, by=cast.ada) == []


def test_who_is_switched_off_is_owed_nothing(cast):
    made = ticket(cast.ada)
    act(people.switch_off, cast.ada, by=cast.eve)
    assert owed_by(messages.reply, made, "Hello?", by=cast.cleo) == []


def test_nobody_is_owed_a_mail_about_what_they_did_whoever_does_what(cast):
    """Each person in each part of a ticket, doing each act they may do: only the receipt goes to the doer."""
    tell_about_new(cast.cleo, cast.dan, cast.eve)
    for doer in (cast.cleo, cast.dan, cast.eve):
        for assignee in (cast.cleo, cast.dan, cast.eve):
            made = ticket(doer)
            act(tickets.assign, made, to=assignee, by=cast.eve)
            for acts in (
                lambda: messages.reply(made, "A reply", by=doer),
                lambda: tickets.set_status(made, "resolved", by=doer),
                lambda: tickets.reopen(made, by=doer),
                lambda: tickets.set_status(made, "closed", by=doer),
                lambda: messages.reply(made, "One more", by=doer),
            ):
                act(acts)
    told = db.session.query(Delivery).all()
    to_doers = {row.mail for row in told if row.event.actor_id == row.person_id}
    assert to_doers == {"received"} and len(told) > 40


def test_every_mail_that_can_be_owed_has_a_name_in_the_mail_log(app):
    named = set(recipients.MAILS)
    assert set(recipients.ACCOUNT_MAILS.values()) <= named and recipients.TO_ONESELF <= named


# ---- how a delivery goes


def test_of_twenty_who_claim_one_delivery_at_once_one_gets_it(app, number):
    claims = []

    def claim():
        with app.app_context():
            claims.append(deliveries.claim(number))

    many = [threading.Thread(target=claim) for _ in range(20)]
    for one in many:
        one.start()
    for one in many:
        one.join()
    assert len(claims) == 20 and len([one for one in claims if one]) == 1


def test_a_claim_that_ran_out_can_change_nothing_any_more(number, row):
    now = transactions.now()
    slow = deliveries.claim(number, now)
    ended = now + deliveries.LEASE + timedelta(seconds=1)
    deliveries.lapse(now)
    deliveries.lapse(ended)
    later = ended + deliveries.TAKEOVER + timedelta(seconds=1)
    assert deliveries.due(ended) == [] and deliveries.due(later) == [number]
    quick = deliveries.claim(number, later)
    deliveries.fail(slow, "too late")
    assert row(number).state == "sending"
    deliveries.finish(quick)
    deliveries.cancel(slow, "much too late")
    assert (row(number).state, row(number).last_error, row(number).attempts) == ("sent", None, 2)


def test_a_failed_try_waits_longer_each_time_and_ends_after_about_three_days(number, row):
    at, waits = transactions.now(), []
    while row(number).state in ("waiting", "sending"):
        deliveries.fail(deliveries.claim(number, at), "away", at=at)
        waits.append(row(number).due_at - at)
        at = max(at, row(number).due_at)
    assert row(number).state == "failed" and row(number).last_error == "away"
    assert waits[:-1] == sorted(waits[:-1]) and len(waits) == len(deliveries.WAITS) + 1
    assert timedelta(days=2) < sum(deliveries.WAITS, timedelta()) < timedelta(days=4)


def test_sent_again_it_keeps_its_message_id(number, row):
    known = row(number).message_id
    deliveries.finish(deliveries.claim(number))
    act(deliveries.again, row(number))
    assert (row(number).state, row(number).message_id, row(number).attempts) == ("waiting", known, 0)


def test_what_is_waiting_or_owed_to_somebody_switched_off_cannot_be_sent_again(cast, number, row):
    with pytest.raises(Refused, match="waiting to be sent already"):
        act(deliveries.again, row(number))
    deliveries.fail(deliveries.claim(number), "no", for_good=True)
    act(people.switch_off, db.session.get(Person, cast.ada.id), by=db.session.get(Person, cast.eve.id))
    with pytest.raises(Refused, match="is switched off"):
        act(deliveries.again, row(number))


def test_an_error_of_any_length_fits(number, row):
    deliveries.fail(deliveries.claim(number), "é" * 5000)
    assert len(row(number).last_error) == deliveries.ERROR_MAX


def test_a_change_that_is_undone_owes_nothing(cast):
    made = ticket(cast.ada)
    before = db.session.query(Delivery).count()
    with pytest.raises(ZeroDivisionError), transactions.writing():
        messages.reply(made, "Never said", by=cast.cleo)
        raise ZeroDivisionError
    assert db.session.query(Delivery).count() == before
    reply(made, by=cast.cleo)
    assert db.session.query(Delivery).count() == before + 1
