"""The pages around merging, splitting, spam and duplicates: what is asked first, where it leads, who sees what."""

import re
import threading

import pytest

from helpdesk.db import transactions
from helpdesk.tickets import merging, tickets
from models import Message, Ticket, TicketLink, Watcher, db
from tests.support.browser import text_of
from tests.support.builders import act, note, reply, ticket
from tests.support.cast import person
from tests.support.forms_of import fields


@pytest.fixture
def pair(cast):
    one, other = ticket(cast.ada, "First"), ticket(cast.ben, "Second")
    reply(one, "Words to Ada", by=cast.cleo)
    note(one, "Secret words", by=cast.cleo)
    return one, other


def agree(browser, one, other, **more):
    """Open the page that says what would happen, and press its button."""
    page = browser.get(f"/tickets/{one.id}/merge?into={other.id}")
    return browser.post(f"/tickets/{one.id}/merge", fields(page, f"/tickets/{one.id}/merge") | more)


def test_first_it_is_said_who_will_read_what_and_nothing_is_done(browse, cast, pair):
    one, other = pair
    page = browse(cast.cleo).get(f"/tickets/{one.id}/merge?into=%23{other.id}")
    said = text_of(page)
    assert f"Ben Adeyemi follows #{other.id} and will read everything that was said on #{one.id}" in said
    assert f"Ada Okafor follows #{one.id} and does not see #{other.id}" in said
    assert f"Close #{one.id} as a duplicate instead" in said
    db.session.rollback()
    assert db.session.get(Ticket, one.id).merged_into_id is None


def test_a_merge_leads_agents_and_followers_from_the_one_to_the_other(browse, cast, pair):
    one, other = pair
    cleo = browse(cast.cleo)
    first = agree(cleo, one, other)
    page = cleo.follow(cleo.follow(first))
    said = text_of(page)
    assert f"Ticket #{one.id} is part of this one now." in said and "Words to Ada" in said and "Secret words" in said
    assert f"from #{one.id}" in said and "raised First" in said and "Split them again" in said
    for who in (cast.ben, cast.dan):
        answer = browse(who).get(f"/tickets/{one.id}") if who is cast.dan else None
        assert answer is None or answer.headers["Location"] == f"/tickets/{other.id}"
    ben = text_of(browse(cast.ben).get(f"/tickets/{other.id}"))
    assert "Words to Ada" in ben and "Secret" not in ben and "Split them" not in ben


def test_the_requester_who_is_left_behind_keeps_their_page_and_no_number(browse, cast, pair):
    one, other = pair
    agree(browse(cast.cleo), one, other)
    ada = browse(cast.ada)
    page = ada.get(f"/tickets/{one.id}")
    assert page.status_code == 200 and "IT deals with it together with another one" in text_of(page)
    assert f"#{other.id}" not in text_of(page) and f"/tickets/{other.id}" not in page.text
    assert ada.get(f"/tickets/{other.id}").status_code == 404


def test_who_is_let_follow_is_led_there(browse, cast, pair):
    one, other = pair
    agree(browse(cast.cleo), one, other, follow="y")
    ada = browse(cast.ada)
    assert ada.get(f"/tickets/{one.id}").headers["Location"] == f"/tickets/{other.id}"
    assert "Words to Ada" in text_of(ada.get(f"/tickets/{other.id}"))


def test_who_is_let_follow_answers_there_and_is_told_where_the_words_are(browse, cast, pair):
    one, other = pair
    ada = browse(cast.ada)
    form = fields(ada.get(f"/tickets/{one.id}"), f"/tickets/{one.id}/reply") | {"body": "Half an hour of typing"}
    agree(browse(cast.cleo), one, other, follow="y")
    page = ada.post(f"/tickets/{one.id}/reply", form)
    assert page.status_code == 409 and f"part of #{other.id} now" in text_of(page)
    shown = fields(page, f"/tickets/{one.id}/reply")
    answer = ada.post(f"/tickets/{one.id}/reply", shown | {"body": "Half an hour of typing"})
    assert answer.headers["Location"] == f"/tickets/{other.id}"
    said = text_of(ada.follow(answer))
    assert f"since ticket #{one.id} is part of this one now" in said and "Half an hour of typing" in said
    assert (
        "Only the requester and IT can answer" not in said
        and "IT and all who follow this ticket will see this." in said
    )
    assert ada.post(f"/tickets/{other.id}/reply", {"body": "One more"}).status_code == 303
    assert ada.post(f"/tickets/{other.id}/solve").status_code == 403


def test_without_agreement_or_when_somebody_came_along_meanwhile_it_asks_again(browse, cast, pair):
    one, other = pair
    cleo = browse(cast.cleo)
    assert cleo.post(f"/tickets/{one.id}/merge", {"into": str(other.id)}).status_code == 409
    form = fields(cleo.get(f"/tickets/{one.id}/merge?into={other.id}"), f"/tickets/{one.id}/merge")
    with transactions.writing():
        db.session.add(Watcher(ticket_id=other.id, person_id=cast.mel.id))
    page = cleo.post(f"/tickets/{one.id}/merge", form)
    assert page.status_code == 409 and "Mel Duarte" in text_of(page) and "changed meanwhile" in text_of(page)
    assert db.session.get(Ticket, one.id).merged_into_id is None
    assert cleo.post(f"/tickets/{one.id}/merge", fields(page, f"/tickets/{one.id}/merge")).status_code == 303


def test_many_may_be_concerned(browse, cast, pair):
    one, other = pair
    with transactions.writing():
        for number in range(600):
            watcher = person(f"P{number} Person", "user")
            db.session.add(Watcher(ticket_id=one.id, person_id=watcher.id))
    assert agree(browse(cast.cleo), one, other).status_code == 303


@pytest.mark.parametrize("into", ["", "x", "987654321", "0", "{one}", "{closed}"])
def test_a_number_that_cannot_be_is_said_at_the_field(browse, cast, pair, into):
    closed = ticket(cast.ben)
    act(tickets.set_status, closed, "closed", by=cast.cleo)
    into = into.format(one=pair[0].id, closed=closed.id)
    page = browse(cast.cleo).get(f"/tickets/{pair[0].id}/merge?into={into}")
    assert page.status_code == 409 and 'id="merge-into-error"' in page.text


def test_undo_and_split_again_are_one_click(make_app, browse, cast, pair):
    one, other = pair
    cleo = browse(cast.cleo, make_app(UNDO_SECONDS="10"))
    page = cleo.follow(cleo.follow(agree(cleo, one, other)))
    cleo.post(re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text)[1])
    db.session.rollback()
    assert db.session.get(Ticket, one.id).merged_into_id is None
    page = cleo.follow(cleo.follow(agree(cleo, one, other)))
    button = re.search(r'action="(/tickets/\d+/unmerge)"', page.text)[1]
    page = cleo.follow(cleo.post(button))
    assert "stands on its own again" in text_of(page) and "Words to Ada" in text_of(page)
    page = cleo.post(button)
    assert page.status_code == 409 and "not merged" in text_of(page)


def test_what_was_being_written_on_a_merged_ticket_is_refused_and_kept(browse, cast, pair):
    act(merging.merge, *pair, by=cast.cleo, follow=False)
    page = browse(cast.dan).post(f"/tickets/{pair[0].id}/reply", {"body": "Half an hour of typing"})
    assert page.status_code == 409 and "Half an hour of typing" in page.text
    assert f"part of #{pair[1].id} now" in text_of(page)


def test_a_ticket_whose_other_half_is_in_the_trash_can_still_be_split_from_it(browse, cast, pair):
    act(merging.merge, *pair, by=cast.cleo, follow=True)
    act(tickets.trash, db.session.get(Ticket, pair[1].id), by=cast.eve)
    cleo, ada = browse(cast.cleo), browse(cast.ada)
    path = f"/tickets/{pair[0].id}"
    assert "merged into one that is in the trash" in text_of(cleo.get(path))
    shown = text_of(ada.get(path))
    assert "Words to Ada" in shown and "trash" not in shown and "Split" not in shown
    assert "stands on its own again" in text_of(cleo.follow(cleo.post(f"{path}/unmerge")))


def test_of_two_opposite_merges_at_once_one_is_done(app, browse, cast, pair):
    """Both lock both tickets, in opposite order: the database lets one wait, or has it tried again."""
    browsers = [browse(cast.cleo), browse(cast.dan)]
    forms = []
    for browser, one, other in zip(browsers, pair, reversed(pair)):
        path = f"/tickets/{one.id}/merge"
        form = fields(browser.get(f"{path}?into={other.id}"), path) | {"csrf_token": browser.token()}
        forms.append((browser.client, path, form))
    db.session.rollback()
    answers = []
    threads = [
        threading.Thread(target=lambda c=client, p=path, f=form: answers.append(c.post(p, data=f).status_code))
        for client, path, form in forms
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    db.session.rollback()
    db.session.expire_all()
    assert sorted(answers) == [303, 409]
    assert sorted(db.session.get(Ticket, one.id).merged_into_id is None for one in pair) == [False, True]


# ---- a ticket of a reply


@pytest.fixture
def wish(cast, pair):
    reply(pair[0], "Besides, I need a new chair", by=cast.ada)
    return db.session.query(Message).order_by(Message.id.desc()).first().id


def test_a_reply_becomes_a_ticket_of_its_own(browse, cast, pair, wish):
    cleo = browse(cast.cleo)
    path = f"/tickets/{pair[0].id}/messages/{wish}/split"
    assert path in cleo.get(f"/tickets/{pair[0].id}").text
    page = cleo.get(path)
    assert "Besides, I need a new chair" in text_of(page)
    said = text_of(cleo.follow(cleo.post(path, {"subject": "A new chair"})))
    new = db.session.query(Ticket).filter_by(subject="A new chair").one()
    assert f"Ticket #{new.id} is raised for Ada Okafor." in said and f"Split into #{new.id}" in said
    shown = text_of(browse(cast.ada).get(f"/tickets/{new.id}"))
    assert "Besides, I need a new chair" in shown and "from a reply on another one" in shown
    assert "Besides, I need a new chair" in text_of(browse(cast.ada).get(f"/tickets/{pair[0].id}"))


def test_it_needs_a_subject_and_something_the_requester_wrote(browse, cast, pair, wish):
    cleo = browse(cast.cleo)
    assert cleo.post(f"/tickets/{pair[0].id}/messages/{wish}/split", {"subject": ""}).status_code == 422
    for kind in ("reply", "note"):
        number = db.session.query(Message).filter_by(kind=kind, author_id=cast.cleo.id).first().id
        page = cleo.post(f"/tickets/{pair[0].id}/messages/{number}/split", {"subject": "Something"})
        assert page.status_code == 409 and "Only what a requester wrote" in text_of(page)
    assert browse(cast.ada).get(f"/tickets/{pair[0].id}/messages/{wish}/split").status_code == 403


def test_it_is_taken_back_unless_somebody_worked_on_it(make_app, browse, cast, pair, wish):
    desk = make_app(UNDO_SECONDS="10")
    cleo = browse(cast.cleo, desk)
    path = f"/tickets/{pair[0].id}/messages/{wish}/split"
    for worked_on in (False, True):
        page = cleo.follow(cleo.post(path, {"subject": "A new chair"}))
        new = db.session.query(Ticket).filter_by(subject="A new chair").order_by(Ticket.id.desc()).first()
        if worked_on:
            reply(new, "Which colour?", by=cast.dan)
        said = text_of(cleo.follow(cleo.post(re.search(r'action="(/tickets/\d+/undo/\d+)"', page.text)[1])))
        db.session.rollback()
        assert ("so it stays" in said) == worked_on
        assert (db.session.get(Ticket, new.id).trashed_at is None) == worked_on
        assert db.session.query(TicketLink).count() == worked_on


# ---- spam and duplicates


def test_spam_and_duplicate_are_buttons_on_the_ticket(make_app, browse, cast, pair):
    one, other = pair
    cleo = browse(cast.cleo)
    assert "Nobody gets a mail about it." in text_of(cleo.follow(cleo.post(f"/tickets/{other.id}/spam")))
    assert "as spam" in text_of(cleo.get(f"/tickets/{other.id}"))
    assert "spam" not in browse(cast.ben).get(f"/tickets/{other.id}").text.lower()
    assert cleo.post(f"/tickets/{other.id}/spam").status_code == 409
    assert cleo.post(f"/tickets/{one.id}/duplicate", {"number": "987654321"}).status_code == 409
    said = text_of(cleo.follow(cleo.post(f"/tickets/{one.id}/duplicate", {"number": f"#{other.id}"})))
    assert "closed as a duplicate" in said and f"Duplicate of #{other.id}" in said
    ada = browse(cast.ada).get(f"/tickets/{one.id}")
    assert "it is the same as another one" in text_of(ada) and f"/tickets/{other.id}" not in ada.text
