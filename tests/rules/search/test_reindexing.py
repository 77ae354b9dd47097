"""All tickets indexed anew after an upgrade: in parts, beside the work of the desk, to its end whatever happens."""

import json
import threading

import pytest
from sqlalchemy import select, update

from helpdesk.db import transactions
from helpdesk.search_index import indexer, reindexing
from helpdesk.tickets import editing
from jobs import search_index
from models import DeskFact, SearchText, db
from tests.rules.search.test_search import found
from tests.support import builders
from tests.support.builders import act

# What version 1 of the index made of "Wi-Fi at Łukasz".
FORMER = " wizz fizz atzz u0142ukasz "


@pytest.fixture
def old(cast, monkeypatch):
    """Five tickets as an older version has indexed them, and one of this version."""
    monkeypatch.setattr(reindexing, "BATCH", 2)
    made = [builders.ticket(cast.ada, "Wi-Fi at Łukasz", "no more").id for _ in range(5)]
    with transactions.writing():
        db.session.execute(update(SearchText).values(subject=FORMER, public_text=FORMER))
    return [*made, builders.ticket(cast.ada, "Wi-Fi at Łukasz").id]


def found_by(person, typed):
    return set(found(person, typed))


def test_until_they_are_indexed_anew_tickets_are_found_as_before_and_then_in_more_ways(old, cast):
    for typed in ("wi-fi", "łukasz", "wi", "wi-fi łukasz"):
        assert found_by(cast.cleo, typed) == set(old) == found_by(cast.ada, typed), typed
    assert found_by(cast.cleo, "wifi") == found_by(cast.cleo, "lukasz") == {old[5]}
    assert reindexing.waiting() == 6
    assert reindexing.step() == 0 and reindexing.step() == 2
    assert found_by(cast.cleo, "wifi lukasz") == set(old[4:]) and reindexing.waiting() == 4
    assert [reindexing.step() for _ in range(4)] == [2, 2, None, None]
    assert found_by(cast.cleo, "wifi lukasz") == set(old) == found_by(cast.ada, "wifi lukasz")
    assert reindexing.waiting() == 0 and reindexing.progress().is_done


def test_what_was_done_before_a_restart_is_not_done_again(old, cast):
    reindexing.step(), reindexing.step()
    with transactions.writing():
        db.session.execute(update(SearchText).where(SearchText.ticket_id >= old[4]).values(public_text=" marker "))
    while reindexing.step() is not None:
        pass
    assert found_by(cast.cleo, "marker") == set(old[4:]) and found_by(cast.cleo, "wifi") == set(old[:4])


def test_newer_rules_begin_again_with_the_newest_ticket(old, cast, monkeypatch):
    reindexing.rebuild(lambda count: None)
    monkeypatch.setattr("helpdesk.search_index.normalize.VERSION", 99)
    assert reindexing.waiting() == 6
    assert reindexing.step() == 0 and json.loads(db.session.get(DeskFact, reindexing.FACT).value)["version"] == 99


def test_a_ticket_that_is_changed_meanwhile_is_indexed_as_it_is_then(old, cast):
    ready = indexer.documents(old)
    ticket = builders.ticket(cast.ada, "Another")
    builders.reply(db.session.merge(ticket), "wombat", by=cast.cleo)
    with_reply = [*old, ticket.id]
    stale = indexer.documents([ticket.id]) | ready
    act(editing.edit, ticket, subject="Quokka", description="numbat", by=cast.cleo)
    act(indexer.replace, with_reply, stale)
    assert found_by(cast.cleo, "quokka numbat wombat") == {ticket.id} and found_by(cast.cleo, "another") == set()
    assert found_by(cast.cleo, "wifi") == set(old)


def test_two_workers_share_the_work(old, cast, app):
    def work():
        with app.app_context():
            while search_index.index_anew():
                pass
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    db.session.rollback()
    assert reindexing.progress().is_done and found_by(cast.cleo, "wifi lukasz") == set(old)
    assert sorted(db.session.scalars(select(SearchText.ticket_id))) == old


def test_a_new_desk_has_nothing_to_do(app):
    assert reindexing.step() == 0 and reindexing.step() is None and reindexing.step() is None
    assert reindexing.waiting() == 0 and not search_index.index_anew()
