"""Two tabs with one ticket: each keeps its own half-written text, whatever the other does."""

from datetime import timedelta

from helpdesk.db import transactions
from helpdesk.tickets import drafts
from models import Draft, db
from tests.pages.compose.test_drafts import kept_fields, save, text_in
from tests.support.browser import text_of
from tests.support.builders import act, ticket
from tests.support.forms_of import fields

LONG, SHORT = "The lamp above door 4 blinks orange since Monday, " * 20, "Thanks"


def opened(browser, made):
    """A tab with the ticket: what its reply form holds, hidden fields and all."""
    page = browser.get(f"/tickets/{made.id}")
    return fields(page, f"/tickets/{made.id}/reply") | {"body": text_in(page, "reply-body")}


def type_in(browser, made, tab, words):
    tab["body"] = words
    answer = save(browser, f"/tickets/{made.id}/reply", **tab)
    assert answer.status_code == 204


def send(browser, made, tab):
    assert browser.post(f"/tickets/{made.id}/reply", tab).status_code == 303


def test_what_one_tab_holds_is_there_after_another_tab_sent_its_own(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    one, two = opened(ada, made), opened(ada, made)
    type_in(ada, made, one, LONG)
    type_in(ada, made, two, SHORT)
    send(ada, made, two)
    again = opened(ada, made)
    assert again["body"] == LONG.strip()
    type_in(ada, made, again, LONG + "and today")
    send(ada, made, again)
    assert kept_fields() == {} and opened(ada, made)["body"] == ""


def test_of_two_unsent_drafts_the_other_comes_back_once_the_first_is_sent_or_discarded(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    one, two = opened(ada, made), opened(ada, made)
    type_in(ada, made, one, LONG)
    type_in(ada, made, two, SHORT)
    page = ada.get(f"/tickets/{made.id}")
    assert text_in(page, "reply-body") == SHORT and "One more draft is kept." in text_of(page)
    ada.post("/drafts/discard", opened(ada, made) | {"path": f"/tickets/{made.id}/reply"})
    page = ada.get(f"/tickets/{made.id}")
    assert text_in(page, "reply-body") == LONG.strip() and "more draft" not in text_of(page)


def test_a_tab_that_goes_on_with_a_draft_keeps_one_draft_and_not_two(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    type_in(ada, made, opened(ada, made), "Half")
    again = opened(ada, made)
    for words in ("Half a", "Half a sen", "Half a sentence"):
        type_in(ada, made, again, words)
    assert db.session.query(Draft).count() == 1 and opened(ada, made)["body"] == "Half a sentence"


def test_two_tabs_that_go_on_with_one_draft_part_there(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    type_in(ada, made, opened(ada, made), "Half")
    one, two = opened(ada, made), opened(ada, made)
    type_in(ada, made, one, LONG)
    type_in(ada, made, two, SHORT)
    send(ada, made, two)
    assert opened(ada, made)["body"] == LONG.strip()


def test_an_emptied_field_ends_the_draft_of_its_own_tab_alone(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    one, two = opened(ada, made), opened(ada, made)
    type_in(ada, made, one, LONG)
    type_in(ada, made, two, SHORT)
    type_in(ada, made, two, "")
    assert db.session.query(Draft).count() == 1 and opened(ada, made)["body"] == LONG.strip()


def test_twenty_pages_keep_a_draft_each_and_of_more_the_oldest_goes(browse, cast):
    made, at = ticket(cast.ada), transactions.now()
    for number in range(22):
        words = {"body": str(number)}
        act(
            drafts.keep, cast.ada, f"/tickets/{made.id}/reply", words, at + timedelta(seconds=number), page=f"p{number}"
        )
    left = {row.fields["body"] for row in db.session.query(Draft)}
    assert left == {str(number) for number in range(2, 22)}


def test_a_page_with_a_rubbish_name_keeps_its_draft_all_the_same(browse, cast):
    made, ada = ticket(cast.ada), browse(cast.ada)
    for name in ("\x00", "x" * 500, "🦊\x00"):
        tab = opened(ada, made) | {"form_token": name, "draft_page": name}
        type_in(ada, made, tab, f"{LONG} {len(name)}")
        assert opened(ada, made)["body"] == f"{LONG} {len(name)}"
        assert ada.post("/drafts/discard", tab | {"path": f"/tickets/{made.id}/reply"}).status_code == 303
        assert opened(ada, made)["body"] == ""
