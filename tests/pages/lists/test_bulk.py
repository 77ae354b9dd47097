"""Selecting rows in triage and changing them: the form, what is said, the page of a job, who may open it."""

import re

import pytest
from sqlalchemy import event as sql

from helpdesk.bulk import jobs
from helpdesk.db import transactions
from helpdesk.tickets import tags, tickets
from models import BulkItem, BulkJob, Ticket, db
from tests.support.browser import text_of
from tests.support.builders import act, ticket
from tests.support.forms_of import fields

VIEW = "/triage?view=new&sort=age"


@pytest.fixture
def three(cast):
    return [ticket(cast.ada, f"Number {n}").id for n in range(3)]


def choose(browser, numbers, address=VIEW, **chosen):
    """Open the list, tick the rows, choose, press Apply."""
    form = fields(browser.get(address), "/bulk")
    return browser.post("/bulk", form | {"ticket": [str(number) for number in numbers]} | chosen)


def priorities(numbers):
    db.session.rollback()
    db.session.expire_all()
    return [db.session.get(Ticket, number).priority for number in numbers]


def test_the_ticked_rows_are_changed_and_one_click_takes_it_back(make_app, browse, cast, three):
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    answer = choose(cleo, three[:2], priority="urgent")
    assert answer.headers["Location"] == VIEW
    page = cleo.follow(answer)
    assert "2 tickets are changed. Undo" in text_of(page) and priorities(three) == [4, 4, 2]
    page = cleo.follow(cleo.post(re.search(r'action="(/bulk/\d+/undo)"', page.text)[1]))
    assert "2 tickets are as they were before." in text_of(page) and priorities(three) == [2, 2, 2]


def test_all_in_the_view_are_changed_also_those_on_other_pages(browse, cast, three, monkeypatch):
    from helpdesk.lists import ticket_lists

    monkeypatch.setattr(ticket_lists, "PAGE", 2)
    other = ticket(cast.ben).id
    act(tickets.set_status, db.session.get(Ticket, other), "resolved", by=cast.dan)
    cleo = browse(cast.cleo)
    assert "All 3 in this view" in text_of(cleo.get(VIEW))
    choose(cleo, three[:1], all="1", priority="urgent")
    assert priorities([*three, other]) == [4, 4, 4, 2]


def test_a_list_shown_again_after_a_refusal_leads_to_the_corrected_list_and_not_to_the_change(browse, cast, three):
    cleo = browse(cast.cleo)
    form = fields(cleo.get(VIEW), "/bulk") | {"back": "/triage?q=status:nwe", "ticket": [str(three[0])]}
    page = cleo.post("/bulk", form)
    assert page.status_code == 409 and 'href="/triage?q=status:new"' in page.text and "/bulk?" not in page.text


def test_each_row_can_be_ticked_and_says_which_it_is(browse, cast, three):
    page = browse(cast.cleo).get(VIEW)
    for number in three:
        assert re.search(rf'name="ticket" value="{number}"[^>]*aria-label="Select #{number} Number \d"', page.text)
    assert 'name="ticket"' not in browse(cast.ada).get("/tickets").text
    assert 'value="1">Delete' not in page.text and 'value="1">Delete' in browse(cast.eve).get(VIEW).text


def test_what_was_refused_is_listed_with_its_number_and_why(make_app, browse, cast, three):
    act(tickets.set_status, db.session.get(Ticket, three[0]), "closed", by=cast.dan)
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    page = cleo.follow(choose(cleo, three, assignee=str(cast.dan.id)))
    said = text_of(page)
    assert "Change of 3 tickets" in said and "Assign to Dan Ruiz" in said and "2 tickets are changed." in said
    assert f"#{three[0]} A closed ticket cannot be assigned." in said and "Take all of it back" in said


@pytest.mark.parametrize(
    "chosen, said",
    [
        ({}, "Choose what to change first."),
        ({"ticket": [], "priority": "high"}, "Select at least one ticket first."),
        ({"ticket": ["x", "0", "99999999999", "-1"], "priority": "high"}, "Select at least one ticket first."),
        ({"priority": "enormous"}, "Not a valid choice"),
        ({"tag": "x" * 31}, "at most 30 characters"),
        ({"untag": "x" * 31}, "at most 30 characters"),
        ({"tag": "vpn", "untag": "laptop, VPN"}, "A tag cannot be added and taken off at once: VPN"),
        ({"status": "pending"}, "Say what the tickets are waiting for."),
        ({"assignee": "5000"}, "Not a valid choice"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_says_so(browse, cast, three, chosen, said):
    cleo = browse(cast.cleo)
    page = choose(cleo, three, **chosen)
    assert page.status_code in (409, 422) and said in text_of(page) and priorities(three) == [2, 2, 2]
    db.session.rollback()
    assert db.session.query(BulkJob).count() == 0


def test_what_was_so_already_is_said_too(browse, cast, three):
    cleo = browse(cast.cleo)
    assert "like that already" in text_of(cleo.follow(choose(cleo, three, priority="normal")))


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "\\evil", "javascript:alert(1)", ""])
def test_nobody_is_led_to_another_site(browse, cast, three, back):
    assert choose(browse(cast.cleo), three, priority="high", back=back).headers["Location"] == "/triage"


def test_a_reason_counts_only_for_pending(browse, cast, three):
    cleo = browse(cast.cleo)
    choose(cleo, three[:1], status="pending", reason="A part")
    choose(cleo, three[1:], status="open", reason="A part")
    db.session.rollback()
    assert [db.session.get(Ticket, number).pending_reason for number in three] == ["A part", None, None]


def test_deleting_does_nothing_else_and_is_for_admins(browse, cast, three):
    choose(browse(cast.eve), three[:1], delete="1", priority="high")
    assert priorities(three) == [2, 2, 2] and db.session.get(Ticket, three[0]).trashed_at is not None
    cleo = browse(cast.cleo)
    assert "Only admins delete tickets." in text_of(cleo.follow(choose(cleo, three[1:], delete="1")))


def tags_of(numbers):
    db.session.rollback()
    db.session.expire_all()
    return [[tag.name for tag in db.session.get(Ticket, number).tags] for number in numbers]


def test_tags_are_taken_off_the_ticked_rows_and_one_click_puts_them_back(make_app, browse, cast, three):
    act(tags.bear, {three[0]: ["vpn", "laptop"], three[1]: ["laptop"], three[2]: ["vpn"]})
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    assert 'placeholder="Take tags off"' in cleo.get(VIEW).text
    page = cleo.follow(choose(cleo, three[:2], untag="VPN, printer"))
    assert "1 ticket is changed. Undo" in text_of(page) and tags_of(three) == [["laptop"], ["laptop"], ["vpn"]]
    page = cleo.follow(cleo.post(re.search(r'action="(/bulk/\d+/undo)"', page.text)[1]))
    said = text_of(page)
    assert "Take off VPN, printer" in said and "1 ticket is as it was before. 1 ticket was like that already." in said
    assert tags_of(three) == [["laptop", "vpn"], ["laptop"], ["vpn"]]


def test_taking_tags_off_says_which_tickets_were_left_and_why(browse, cast, three):
    act(tags.bear, {number: ["vpn"] for number in three})
    act(tickets.trash, db.session.get(Ticket, three[0]), by=cast.eve)
    cleo = browse(cast.cleo)
    said = text_of(cleo.follow(choose(cleo, three, untag="vpn")))
    assert "2 tickets are changed." in said and f"#{three[0]} There is no such ticket any more" in said


def test_the_list_asks_the_database_three_times_however_long_it_is(browse, cast, three):
    asked = []
    cleo = browse(cast.cleo)

    def note(connection, cursor, statement, parameters, context, many):
        asked.append(statement)

    for more in (0, 20):
        for number in range(more):
            act(tags.set_tags, ticket(cast.ada), [f"tag{number}"], by=cast.dan)
        cleo.get("/triage?view=new")
        sql.listen(db.engine, "before_cursor_execute", note)
        cleo.get("/triage?view=new")
        sql.remove(db.engine, "before_cursor_execute", note)
    lists = [
        one for one in asked if "FROM sessions" not in one and "deliveries" not in one and "FROM events" not in one
    ]
    assert len([one for one in lists if one.startswith(("SELECT", "WITH"))]) == 2 * 3


# ---- the page of a job


@pytest.fixture
def running(cast, three):
    with transactions.writing():
        job = jobs._new({"priority": "high"}, cast.cleo, transactions.now())
        db.session.add_all(BulkItem(job_id=job.id, ticket_id=number, state="waiting") for number in three)
        job.total = 3
        number = job.id
    return number


def test_a_running_job_shows_how_far_it_is_and_is_cancelled_and_taken_back(browse, cast, three, running):
    act(jobs.work, running, 2)
    cleo = browse(cast.cleo)
    page = cleo.get(f"/bulk/{running}")
    assert '<progress id="progress" class="progress-bar0" max="3" value="2">' in page.text
    assert "2 of 3." in text_of(page) and "Take all of it back" not in text_of(page)
    assert cleo.post(f"/bulk/{running}/undo").status_code == 409
    page = cleo.follow(cleo.post(f"/bulk/{running}/cancel"))
    assert "1 ticket was not reached." in text_of(page) and "data-running" not in page.text
    assert cleo.post(f"/bulk/{running}/cancel").status_code == 409
    assert "2 tickets are as they were before." in text_of(cleo.follow(cleo.post(f"/bulk/{running}/undo")))
    assert priorities(three) == [2, 2, 2]


def test_taking_back_says_so_only_where_something_is_taken_back(browse, cast, three, running):
    cleo, other = browse(cast.cleo), act(jobs.start_with, three, {"priority": "low"}, by=cast.cleo).id
    cleo.post(f"/bulk/{running}/cancel")
    assert "There was nothing to take back." in text_of(cleo.follow(cleo.post(f"/bulk/{running}/undo")))
    for said in ("Taken back.", "There was nothing to take back."):
        assert said in text_of(cleo.follow(cleo.post(f"/bulk/{other}/undo")))


@pytest.mark.parametrize("seconds, offered", [("0", False), ("10", True)])
def test_taking_back_is_offered_only_where_the_desk_has_undo(make_app, browse, cast, running, seconds, offered):
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS=seconds))
    act(jobs.work, running, 2)
    said = text_of(cleo.follow(cleo.post(f"/bulk/{running}/cancel")))
    assert ("Take all of it back" in said, "can be taken back" in said) == (offered, offered)
    assert "What was changed so far stays changed" in said


def test_who_left_the_page_of_a_running_job_is_led_back_until_they_have_seen_it_ended(browse, cast, running):
    cleo, eve, led = browse(cast.cleo), browse(cast.eve), f'<a href="/bulk/{running}">See how far it is</a>'
    for browser, seen in ((cleo, True), (eve, False)):
        assert led not in browser.get(VIEW).text
        browser.get(f"/bulk/{running}")
        assert (led in browser.get(VIEW).text) == seen
    act(jobs.work, running)
    assert led in cleo.get(VIEW).text
    assert "3 tickets are changed." in text_of(cleo.get(f"/bulk/{running}"))
    assert led not in cleo.get(VIEW).text


def test_it_is_found_by_its_owner_and_admins_and_taken_back_by_its_owner(browse, cast, running):
    act(jobs.work, running)
    assert browse(cast.eve).get(f"/bulk/{running}").status_code == 200
    assert browse(cast.eve).post(f"/bulk/{running}/undo").status_code == 409
    assert browse(cast.dan).get(f"/bulk/{running}").status_code == 404
    assert browse(cast.ada).get(f"/bulk/{running}").status_code == 404
    assert "Take all of it back" not in text_of(browse(cast.eve).get(f"/bulk/{running}"))


def test_a_refused_change_keeps_the_ticks_and_what_was_chosen_and_typed(browse, cast, three):
    cleo = browse(cast.cleo)
    page = choose(cleo, three[:2], status="pending", reason="", tag="vpn", priority="high", all="")
    assert page.status_code == 409 and "What are they waiting for" in text_of(page)
    ticked = re.findall(r'name="ticket" value="(\d+)" checked', page.text)
    assert sorted(map(int, ticked)) == three[:2]
    again = fields(page, "/bulk")
    assert (again["status"], again["priority"], again["tag"], again["back"]) == ("pending", "high", "vpn", VIEW)
    assert cleo.post("/bulk", again | {"ticket": ticked, "reason": "a part"}).headers["Location"] == VIEW
    assert priorities(three) == [3, 3, 2]
