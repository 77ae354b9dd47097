"""Live news as pages ask for it: the poll, the stream's first answer, the mark that every page carries."""

import re
from base64 import urlsafe_b64decode

import pytest

from helpdesk.live import feed
from tests.support import builders
from web.live_cursors import sealed, unsealed


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def mark_on(page):
    return re.search(r'data-live="([^"]*)"', page.text).group(1)


def poll(browser, mark, **headers):
    return browser.get(f"/live/poll?since={mark}", headers=headers)


def test_every_page_says_from_where_on_to_listen(browse, ticket, cast):
    ada = browse(cast.ada)
    for path in ("/tickets", f"/tickets/{ticket.id}", "/tickets/new", "/profile"):
        assert unsealed(mark_on(ada.get(path))) == feed.cursor()


def test_a_mark_does_not_tell_how_much_has_happened(browse, ticket, cast):
    ada = browse(cast.ada)
    before = mark_on(ada.get("/tickets"))
    for _ in range(12):
        builders.note(ticket, by=cast.cleo)
    after = mark_on(ada.get("/tickets"))
    assert len(before) == len(after) and before != mark_on(ada.get("/tickets"))
    assert str(feed.cursor().high).encode() not in urlsafe_b64decode(after)


def test_somebody_who_is_not_signed_in_gets_no_news(browse):
    assert "data-live" not in browse().get("/login").text
    for path in ("/live", "/live/poll"):
        assert browse().get(path).status_code == 303


def test_a_poll_tells_what_happened_to_ones_own_tickets_since_the_page(browse, ticket, cast):
    ada = browse(cast.ada)
    page = mark_on(ada.get("/tickets"))
    builders.note(ticket, by=cast.cleo)
    builders.ticket(cast.ben)
    assert poll(ada, page).json == {"mark": page, "tickets": [], "reload": False, "bell": True}
    builders.reply(ticket, by=cast.cleo)
    told = poll(ada, page).json
    assert told["tickets"] == [ticket.id] and unsealed(told["mark"]) == feed.cursor()
    assert poll(ada, told["mark"]).json["tickets"] == []


def test_a_poll_with_nothing_to_tell_costs_an_empty_answer(browse, ticket, cast):
    ada = browse(cast.ada)
    mark = mark_on(ada.get("/tickets"))
    builders.note(ticket, by=cast.cleo)
    quiet = poll(ada, mark, **{"If-None-Match": f'"{mark}"'})
    assert (quiet.status_code, quiet.data) == (304, b"")
    builders.reply(ticket, by=cast.cleo)
    assert poll(ada, mark, **{"If-None-Match": f'"{mark}"'}).status_code == 200


@pytest.mark.parametrize("since", ["", "word", "-1", "9" * 18, "9" * 400, "%00", "%C3%A9", "1%27%20OR%201=1"])
def test_a_mark_that_is_none_asks_for_the_whole_page(since, browse, ticket, cast):
    told = poll(browse(cast.ada), since).json
    assert told["reload"] is True and told["tickets"] == [] and unsealed(told["mark"]) == feed.cursor()


def test_a_mark_from_before_the_database_was_restored_asks_for_the_whole_page(browse, ticket, cast):
    assert poll(browse(cast.ada), sealed(feed.Cursor(10**17))).json["reload"] is True


def test_the_stream_is_not_stored_by_anybody_on_the_way(browse, ticket, cast):
    answer = browse(cast.ada).get("/live")
    assert answer.mimetype == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Accel-Buffering"] == "no"


def test_only_the_head_of_a_stream_opens_none(app, browse, cast):
    ada = browse(cast.ada)
    answer = ada.open(ada.client.head, "/live")
    assert answer.status_code == 200 and app.extensions["live"].streams == set()


def test_a_desk_without_streams_sends_everybody_to_the_poll(make_app, app, browse, cast):
    ada = browse(cast.ada, desk=make_app(LIVE_STREAMS="0"))
    assert ada.open(ada.client.get, "/live").status_code == 204


def test_a_page_that_answers_a_form_says_so(browse, ticket, cast):
    cleo = browse(cast.cleo)
    assert "data-sent" not in cleo.get(f"/tickets/{ticket.id}").text
    assert "data-sent" in cleo.post(f"/tickets/{ticket.id}/reply", {"body": ""}).text


# ---- the list of an open page, fetched again


def places(page):
    """The rows of a list in their order: whether each came whole or as a place only."""
    return [
        (int(n), "data-kept" not in rest) for n, rest in re.findall(r'<tr[^>]*data-ticket="(\d+)"([^>]*)>', page.text)
    ]


@pytest.mark.parametrize(("who", "path"), [("cleo", "/triage?view=all"), ("ada", "/tickets")])
def test_an_open_list_is_sent_the_changed_rows_and_the_places_of_the_others(browse, ticket, cast, who, path):
    second, third = builders.ticket(cast.ada, subject="The second one"), builders.ticket(cast.ada)
    reader = browse(getattr(cast, who))
    assert places(reader.get(path)) == [(third.id, True), (second.id, True), (ticket.id, True)]
    builders.reply(second, by=cast.dan)
    kept = {"X-Live-Keeps": f"{ticket.id},{third.id}"}
    page = reader.get(path, headers=kept)
    assert places(page) == [(second.id, True), (third.id, False), (ticket.id, False)]
    assert "The second one" in page.text and "Printer on floor 3" not in page.text


def test_a_row_that_the_open_list_does_not_have_comes_whole(browse, ticket, cast):
    cleo = browse(cast.cleo)
    assert places(cleo.get("/triage?view=all", headers={"X-Live-Keeps": "999999"})) == [(ticket.id, True)]


def test_an_open_list_never_gets_a_place_in_a_list_it_may_not_see(browse, ticket, cast):
    page = browse(cast.ben).get("/tickets", headers={"X-Live-Keeps": str(ticket.id)})
    assert f'data-ticket="{ticket.id}"' not in page.text


@pytest.mark.parametrize("rubbish", ["", ",", "x", "1,,2", "1" * 40, "1," * 300 + "1", "-1", "1;2", "\u0661"])
def test_rubbish_about_kept_rows_gives_the_whole_list(browse, ticket, cast, rubbish):
    page = browse(cast.cleo).get("/triage?view=all", headers={"X-Live-Keeps": rubbish.encode().decode("latin-1")})
    assert places(page) == [(ticket.id, True)]


def test_an_open_list_fetches_neither_forms_nor_what_stands_around_it_and_the_bell_only_when_it_may_ring(
    browse, ticket, cast
):
    other, cleo = builders.ticket(cast.ada), browse(cast.cleo)
    kept = {"X-Live-Keeps": str(other.id)}
    for header, rings in ((kept, True), (kept | {"X-Live-Bell": "no"}, False)):
        page = cleo.get("/triage?view=all", headers=header)
        assert ('class="bell"' in page.text) is rings
        assert 'data-part="views"' in page.text and 'data-part="rows"' in page.text
        for left_out in ("account-menu", "<dialog", 'name="assignee"', 'id="filter-status"'):
            assert left_out in cleo.get("/triage?view=all").text and left_out not in page.text
