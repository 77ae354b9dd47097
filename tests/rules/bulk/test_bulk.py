"""Many tickets at once: what each act does, what is refused and reported, parts by the worker, taking it all back."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event as sql

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import categories, tags, tickets
from jobs import bulk as job_loop
from models import BulkItem, BulkJob, Delivery, Event, Person, Ticket, db
from tests.support import builders
from tests.support.builders import act, ticket


@pytest.fixture
def four(cast):
    """Numbers of four tickets, all new; Ada's and Ben's in turn."""
    return [ticket((cast.ada, cast.ben)[n % 2], f"Number {n}").id for n in range(4)]


def run(numbers, acts, by):
    """The job, done at once. Its number, since rows are read anew each time."""
    return act(jobs.start_with, numbers, acts, by=by).id


def job(number):
    db.session.rollback()
    db.session.expire_all()
    return db.session.get(BulkJob, number)


def states(number):
    db.session.rollback()
    return {item.ticket_id: item.state for item in db.session.query(BulkItem).filter_by(job_id=number)}


def rows(numbers):
    db.session.rollback()
    db.session.expire_all()
    found = [db.session.get(Ticket, number) for number in numbers]
    return [
        (t.status, t.priority, t.assignee_id, t.category_id, t.trashed_at, t.closed_as, [tag.name for tag in t.tags])
        for t in found
    ]


def all_of(cast):
    return {
        "assignee": ({"assignee": str(cast.dan.id)}, {"taken", "assigned", "status_set"}),
        "nobody": ({"assignee": "nobody"}, {"unassigned"}),
        "status": ({"status": "resolved"}, {"resolved"}),
        "pending": ({"status": "pending", "reason": "A part"}, {"made_pending"}),
        "spam": ({"status": "spam"}, {"closed", "called_spam"}),
        "priority": ({"priority": "urgent"}, {"priority_set"}),
        "category": ({"category": str(categories.every()[0].id)}, {"category_set"}),
        "tag": ({"tag": "vpn, laptop"}, {"tagged"}),
        "untag": ({"untag": "Old, not there"}, {"tagged"}),
        "swap": ({"tag": "vpn", "untag": "old"}, {"tagged"}),
        "delete": ({"delete": "1"}, {"trashed"}),
        "several": ({"assignee": str(cast.dan.id), "priority": "low", "status": "closed"}, {"priority_set", "closed"}),
    }


KINDS = "assignee nobody status pending spam priority category tag untag swap delete several".split()


@pytest.mark.parametrize("name", KINDS)
def test_each_act_is_done_to_every_ticket_and_taken_back_as_a_whole(cast, four, name):
    builders.category()
    for number in four:
        act(tags.set_tags, db.session.get(Ticket, number), ["old", f"number {number}"], by=cast.dan)
        if name == "nobody":
            act(tickets.take, db.session.get(Ticket, number), by=cast.dan)
    acts, kinds = all_of(cast)[name]
    before, since = rows(four), db.session.query(Event).count()
    number = run(four, acts, cast.eve)
    assert set(states(number).values()) == {"done"} and job(number).state == "done"
    assert all(now != was for now, was in zip(rows(four), before))
    done = {one.kind for one in db.session.query(Event).order_by(Event.id).offset(since)}
    assert done <= kinds | {"assigned", "status_set"} and done & kinds
    act(jobs.undo, job(number), by=cast.eve)
    assert rows(four) == before and set(states(number).values()) == {"undone"} and job(number).state == "undone"


def test_what_was_like_that_already_is_counted_apart_and_makes_no_event(cast, four):
    act(tickets.set_priority, db.session.get(Ticket, four[0]), "high", by=cast.dan)
    number = run(four, {"priority": "high"}, cast.cleo)
    assert states(number) == {four[0]: "same"} | dict.fromkeys(four[1:], "done")
    assert db.session.query(Event).filter_by(kind="priority_set").count() == 4


def test_a_refusal_leaves_its_ticket_alone_says_why_and_holds_up_no_other(cast, four):
    act(tickets.set_status, db.session.get(Ticket, four[1]), "closed", by=cast.dan)
    act(tickets.trash, db.session.get(Ticket, four[2]), by=cast.eve)
    number = run([*four, 987654321], {"assignee": str(cast.dan.id)}, cast.cleo)
    why = {item.ticket_id: item.why for item in jobs.refusals(job(number))}
    assert set(why) == {four[1], four[2], 987654321} and "closed ticket cannot be assigned" in why[four[1]]
    assert why[four[2]] == why[987654321] == "There is no such ticket any more, or you may not see it."
    assert [row[2] for row in rows(four)] == [cast.dan.id, None, None, cast.dan.id]


def test_of_several_acts_all_are_done_to_a_ticket_or_none(cast, four):
    act(tickets.set_status, db.session.get(Ticket, four[0]), "closed", by=cast.dan)
    number = run(four, {"priority": "urgent", "status": "spam"}, cast.cleo)
    assert states(number)[four[0]] == "refused"
    assert [(row[1], row[5]) for row in rows(four)] == [(2, None)] + [(4, "spam")] * 3
    assert db.session.query(Event).filter_by(ticket_id=four[0], kind="priority_set").count() == 0


def test_pending_without_a_reason_is_refused_as_a_whole_and_a_retired_category_for_each(cast, four):
    with pytest.raises(Refused, match="waiting for"):
        run(four, {"status": "pending"}, cast.cleo)
    retired = builders.category(retired_at=transactions.now())
    assert set(states(run(four, {"category": str(retired.id)}, cast.cleo)).values()) == {"refused"}


def test_only_admins_delete_and_who_lost_the_right_changes_nothing(cast, four):
    assert set(states(run(four, {"delete": "1"}, cast.cleo)).values()) == {"refused"}
    late = act(waiting_job, four, cast.cleo)
    with transactions.writing():
        db.session.get(Person, cast.cleo.id).role = "user"
    work_off()
    assert set(states(late).values()) == {"refused"} and {row[1] for row in rows(four)} == {2}


def test_nothing_chosen_or_nothing_selected_is_refused(cast, four):
    for numbers, acts in ((four, {}), ([], {"priority": "high"})):
        with pytest.raises(Refused):
            run(numbers, acts, cast.cleo)
    assert db.session.query(BulkJob).count() == 0


def test_all_that_match_a_condition_are_changed_as_far_as_they_are_seen(cast, four):
    act(tickets.trash, db.session.get(Ticket, four[0]), by=cast.eve)
    made = act(jobs.start, Ticket.subject.like("Number %"), {"priority": "high"}, by=cast.cleo)
    assert states(made.id) == dict.fromkeys(four[1:], "done")


def test_mails_are_owed_as_ever_and_those_that_wait_are_cancelled_by_undo(cast, four):
    number = run(four, {"status": "resolved"}, cast.cleo)
    owed = db.session.query(Delivery).filter_by(mail="resolved").order_by(Delivery.id).all()
    assert sorted(one.email for one in owed) == ["ada@example.com"] * 2 + ["ben@example.com"] * 2
    owed[0].state = "sent"
    db.session.commit()
    act(jobs.undo, job(number), by=cast.cleo)
    found = db.session.query(Delivery).filter_by(mail="resolved").order_by(Delivery.id)
    assert [one.state for one in found] == ["sent", "cancelled", "cancelled", "cancelled"]
    assert {row[0] for row in rows(four)} == {"new"}


# ---- taking it back


def test_what_was_changed_again_since_stays_and_is_reported(cast, four):
    number = run(four, {"priority": "high"}, cast.eve)
    act(tickets.set_priority, db.session.get(Ticket, four[0]), "low", by=cast.dan)
    act(tickets.trash, db.session.get(Ticket, four[1]), by=cast.eve)
    act(jobs.undo, job(number), by=cast.eve)
    assert states(number) == {four[0]: "kept", four[1]: "kept", four[2]: "undone", four[3]: "undone"}
    why = [item.why for item in jobs.refusals(job(number))]
    assert why == ["This was changed again meanwhile.", "This ticket is in the trash. Restore it first."]
    assert [row[1] for row in rows(four)] == [1, 3, 2, 2]


def test_taking_back_twice_takes_back_once(cast, four):
    number = run(four, {"priority": "high"}, cast.cleo)
    act(jobs.undo, job(number), by=cast.cleo)
    count = db.session.query(Event).count()
    act(jobs.undo, job(number), by=cast.cleo)
    assert db.session.query(Event).count() == count


def test_only_who_did_it_takes_it_back_and_within_a_day(cast, four):
    number = run(four, {"priority": "high"}, cast.cleo)
    with pytest.raises(Refused, match="Only the person"):
        act(jobs.undo, job(number), by=cast.eve)
    with pytest.raises(Refused, match="too late"):
        act(jobs.undo, job(number), by=cast.cleo, at=transactions.now() + timedelta(days=1, seconds=1))
    assert {row[1] for row in rows(four)} == {3}


# ---- the worker


def waiting_job(numbers, by, acts=None):
    """A job as one of more than AT_ONCE would be, left to the worker."""
    made = jobs._new(acts or {"priority": "high"}, by, transactions.now())
    db.session.add_all(BulkItem(job_id=made.id, ticket_id=number, state="waiting") for number in numbers)
    made.total = len(numbers)
    db.session.flush()
    return made.id


def work_off():
    db.session.rollback()
    while job_loop.work():
        pass
    db.session.rollback()


def test_more_than_two_hundred_wait_for_the_worker_which_goes_part_by_part(cast, four, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 3)
    monkeypatch.setattr(jobs.work, "__defaults__", (2,))
    number = run(four, {"priority": "high"}, cast.cleo)
    assert set(states(number).values()) == {"waiting"} and {row[1] for row in rows(four)} == {2}
    assert job_loop.work()
    assert list(states(number).values()) == ["done", "done", "waiting", "waiting"]
    work_off()
    assert set(states(number).values()) == {"done"} and job(number).finished_at is not None
    act(jobs.undo, job(number), by=cast.cleo)
    assert job(number).state == "undoing" and {row[1] for row in rows(four)} == {3}
    work_off()
    assert job(number).state == "undone" and {row[1] for row in rows(four)} == {2}


def test_who_dies_in_the_middle_of_a_part_has_done_nothing_and_no_ticket_is_changed_twice(cast, four):
    number = act(waiting_job, four, cast.cleo, {"tag": "vpn"})

    class Killed(BaseException):
        pass

    with pytest.raises(Killed):
        with transactions.writing():
            jobs.work(number, 2)
            raise Killed
    assert set(states(number).values()) == {"waiting"}
    work_off()
    assert db.session.query(Event).filter_by(kind="tagged").count() == 4


def test_two_workers_at_once_change_each_ticket_once(app, cast, four):
    number = act(waiting_job, four, cast.cleo, {"tag": "vpn"})

    def worker():
        with app.app_context():
            for _ in range(6):
                job_loop.work()
            db.session.remove()

    threads = [threading.Thread(target=worker) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    work_off()
    assert set(states(number).values()) == {"done"}
    assert db.session.query(Event).filter_by(kind="tagged").count() == 4


def test_a_job_that_cannot_go_on_by_our_own_mistake_holds_up_no_other(cast, four):
    broken = act(waiting_job, four, cast.cleo, {"priority": "no such priority"})
    behind = act(waiting_job, four, cast.cleo)
    work_off()
    assert job(broken).state == "cancelled" and set(states(broken).values()) == {"refused"}
    assert set(states(behind).values()) == {"done"}


def test_a_cancelled_job_leaves_the_rest_and_what_was_done_can_be_taken_back(cast, four):
    number = act(waiting_job, four, cast.cleo)
    act(jobs.work, number, 2)
    act(jobs.cancel, job(number))
    work_off()
    assert list(states(number).values()) == ["done", "done", "waiting", "waiting"]
    with pytest.raises(Refused, match="nothing left to cancel"):
        act(jobs.cancel, job(number))
    act(jobs.undo, job(number), by=cast.cleo)
    assert {row[1] for row in rows(four)} == {2} and job(number).state == "undone"


def test_a_running_job_is_cancelled_before_it_is_taken_back(cast, four):
    number = act(waiting_job, four, cast.cleo)
    with pytest.raises(Refused, match="still running"):
        act(jobs.undo, job(number), by=cast.cleo)


def test_old_jobs_are_forgotten(cast, four):
    run(four, {"priority": "high"}, cast.cleo)
    act(jobs.sweep, transactions.now() + timedelta(days=29))
    assert db.session.query(BulkJob).count() == 1
    act(jobs.sweep, transactions.now() + timedelta(days=31))
    assert db.session.query(BulkJob).count() == db.session.query(BulkItem).count() == 0


@pytest.mark.parametrize("acts", [{"priority": "high"}, {"untag": "vpn"}], ids=lambda acts: "".join(acts))
def test_the_number_of_queries_does_not_grow_with_the_number_of_tickets(cast, acts):
    asked, found = [], []
    sql.listen(db.engine, "before_cursor_execute", lambda c, cursor, said, p, context, many: asked.append(said))
    for size in (5, 50):
        numbers = [ticket(cast.ada).id for _ in range(size)]
        act(tags.bear, {number: ["vpn", "laptop"] for number in numbers})
        asked.clear()
        run(numbers, acts, cast.cleo)
        found.append(len([one for one in asked if one.startswith("SELECT")]))
    assert found[0] == found[1] <= 8
