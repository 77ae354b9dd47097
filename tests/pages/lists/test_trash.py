"""The trash: admins delete, restore with one click, and remove for good after typing the number."""

import pytest

from helpdesk.tickets import tickets
from models import Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada, "Raised by mistake")


@pytest.fixture
def trashed(ticket, cast):
    act(tickets.trash, ticket, by=cast.eve)
    return ticket


def test_a_deleted_ticket_is_gone_for_all_but_admins_and_comes_back(browse, cast, ticket):
    eve, path = browse(cast.eve), f"/tickets/{ticket.id}"
    page = eve.follow(eve.post(f"{path}/trash"))
    assert "This ticket is in the trash" in text_of(page) and "Send reply" not in text_of(page)
    for person in (cast.ada, cast.cleo):
        assert browse(person).get(path).status_code == 404
    assert "Raised by mistake" in text_of(eve.get("/trash"))
    assert "Raised by mistake" not in text_of(eve.get("/triage?view=all"))
    assert "The ticket is back." in text_of(eve.follow(eve.post(f"{path}/restore")))
    assert browse(cast.ada).get(path).status_code == 200
    assert eve.post(f"{path}/restore").status_code == 409


def test_it_is_removed_for_good_after_typing_its_number(browse, cast, trashed):
    eve, path, number = browse(cast.eve), f"/tickets/{trashed.id}", trashed.id
    for wrong in ("", "x", str(number + 1), f"{number} "[:-1] + "0", "²"):
        page = eve.post(f"{path}/purge", {"number": wrong})
        assert page.status_code == 422 and 'id="number-error"' in page.text
    assert db.session.query(Ticket).count() == 1
    page = eve.follow(eve.post(f"{path}/purge", {"number": f"#{number}"}))
    assert f"Ticket #{number} is removed for good." in text_of(page) and "The trash is empty." in text_of(page)
    assert db.session.query(Ticket).count() == 0
    assert eve.get(path).status_code == 404


def test_what_is_not_in_the_trash_is_not_removed(browse, cast, ticket):
    page = browse(cast.eve).post(f"/tickets/{ticket.id}/purge", {"number": str(ticket.id)})
    assert page.status_code == 409 and "Delete it first" in text_of(page)


def test_acts_on_a_deleted_ticket_are_refused(browse, cast, trashed):
    eve, path = browse(cast.eve), f"/tickets/{trashed.id}"
    for below in ("take", "solve", "reopen", "trash"):
        assert eve.post(f"{path}/{below}").status_code == 409
    assert eve.post(f"{path}/reply", {"body": "Anybody?"}).status_code == 409
    assert eve.post(f"{path}/note", {"body": "Anybody?"}).status_code == 409
    assert eve.get(f"{path}/edit").status_code == 409


def test_only_admins_delete(browse, cast, ticket):
    path = f"/tickets/{ticket.id}"
    for person, code in ((cast.ada, 403), (cast.cleo, 403), (cast.ben, 404)):
        for below in ("trash", "restore", "purge"):
            assert browse(person).post(f"{path}/{below}").status_code == code
    assert browse(cast.cleo).get("/trash").status_code == 403
    assert browse(cast.eve).get(f"{path}/trash").status_code == 405
    assert db.session.query(Ticket).one().trashed_at is None
