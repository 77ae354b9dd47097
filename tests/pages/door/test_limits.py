"""Limits per person: each refuses politely, keeps what was typed, says when to try again, and is nobody else's."""

import io
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk.attachments import image_queue, images
from helpdesk.limits import usage_limits
from helpdesk.limits.token_buckets import TokenBuckets
from models import Attachment, Draft, Event, Message, Session, Ticket, UsageCount, db
from tests.support import builders, files
from tests.support.browser import text_of
from tests.support.files import NEW, TYPED
from tests.support.forms_of import fields

SETTINGS = {f"LIMIT_{name}": "2" for name in ("RAISE", "REPLY", "EXPORT", "SEARCH", "SUGGESTIONS", "DRAFTS")}


@pytest.fixture
def desk(make_app):
    """A desk on which each limit is two; for what is counted in memory the time stands still."""
    made = make_app(**SETTINGS, LIMIT_UPLOAD_MB="1", MAX_FILE_MB="1")
    made.extensions["token_buckets"] = TokenBuckets(lambda: 0)
    return made


@pytest.fixture
def ada(browse, cast, desk):
    return browse(cast.ada, desk=desk)


@pytest.fixture
def cleo(browse, cast, desk):
    return browse(cast.cleo, desk=desk)


@pytest.fixture
def ticket(cast):
    return builders.ticket(cast.ada)


def an_hour_later():
    """Let all that was counted be an hour older."""
    db.session.rollback()
    for row in db.session.query(UsageCount):
        row.minutes = {str(int(minute) - 61): count for minute, count in row.minutes.items()}
    db.session.commit()


def refused(answer, why):
    assert answer.status_code == 429, text_of(answer)
    assert 1 <= int(answer.headers["Retry-After"]) <= 3661
    said = answer.json["why"] if answer.is_json else text_of(answer)
    assert re.search(rf"{why}.* Try again in \d+ (second|minute)s?\.", said), said
    return True


def test_a_third_ticket_in_an_hour_is_refused_and_what_was_typed_stays(ada, browse, cast, desk):
    for _time in range(2):
        assert ada.post(NEW, TYPED).status_code == 303
    page = ada.post(NEW, TYPED | {"subject": "A third one"})
    assert refused(page, "You have raised as many tickets as one person can in an hour.")
    assert fields(page, NEW)["subject"] == "A third one" and "All of it" in page.text
    assert db.session.query(Ticket).count() == 2
    assert browse(cast.ben, desk=desk).post(NEW, TYPED).status_code == 303
    an_hour_later()
    assert ada.post(NEW, fields(page, NEW)).status_code == 303


def test_a_third_reply_is_refused_and_for_an_agent_the_twenty_first_reply_or_note(ada, cleo, cast, ticket):
    path = f"/tickets/{ticket.id}/reply"
    for _time in range(2):
        assert ada.post(path, {"body": "Still broken"}).status_code == 303
    page = ada.post(path, {"body": "Typed for long"})
    assert refused(page, "You have sent as many replies and changes as one person can in an hour.")
    assert "Typed for long" in page.text and db.session.query(Message).count() == 2
    builders.act(usage_limits.spend, usage_limits.REPLY, cast.cleo.id, most=20, amount=18)
    for kind in ("note", "reply"):
        assert cleo.post(f"/tickets/{ticket.id}/{kind}", {"body": "Looking"}).status_code == 303
    for kind in ("note", "reply"):
        page = cleo.post(f"/tickets/{ticket.id}/{kind}", {"body": "Typed for long"})
        assert refused(page, "You have sent as many replies") and "Typed for long" in page.text
    an_hour_later()
    assert ada.post(path, {"body": "Typed for long"}).status_code == 303


def test_what_a_requester_changes_counts_with_the_replies(ada, ticket):
    edit = {"subject": "Another one", "description": "Typed for long"}
    for number in range(2):
        assert ada.post(f"/tickets/{ticket.id}/edit", edit | {"subject": f"Change {number}"}).status_code == 303
    page = ada.post(f"/tickets/{ticket.id}/edit", edit)
    assert refused(page, "You have sent as many replies and changes") and "Typed for long" in page.text
    assert refused(ada.post(f"/tickets/{ticket.id}/solve"), "You have sent as many replies and changes")
    an_hour_later()
    assert ada.post(f"/tickets/{ticket.id}/solve").status_code == 303


def test_a_form_that_is_sent_twice_leads_to_its_ticket_also_where_it_was_the_last_that_was_allowed(ada):
    forms = [fields(ada.get(NEW), NEW) | TYPED for _time in range(2)]
    places = [ada.post(NEW, form).headers["Location"] for form in (*forms, forms[1])]
    assert places[1] == places[2] and db.session.query(Ticket).count() == 2


def test_a_form_that_is_not_accepted_counts_nothing(ada, ticket):
    for _time in range(3):
        assert ada.post(f"/tickets/{ticket.id}/reply", {"body": " "}).status_code == 422
        assert ada.post(NEW, TYPED | {"subject": ""}).status_code == 422
    assert db.session.query(UsageCount).count() == 0


def test_of_twenty_tickets_sent_at_once_no_more_than_the_limit_are_raised(browse, cast, make_app):
    desk = make_app(LIMIT_RAISE="5")
    browsers = [browse(cast.ada, desk=desk) for _number in range(4)]
    tokens = [browser.token() for browser in browsers]
    db.session.rollback()

    def send(number):
        with desk.app_context():
            form = TYPED | {"csrf_token": tokens[number % 4]}
            return browsers[number % 4].client.post(NEW, data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        found = [status for part in pool.map(lambda n: [send(n) for _time in range(5)], range(4)) for status in part]
    assert sorted(found) == [303] * 5 + [429] * 15
    assert db.session.query(Ticket).count() == 5


def test_more_megabytes_than_an_hour_allows_are_refused_with_and_without_scripts(ada, ticket, browse, cast, desk):
    path = f"/tickets/{ticket.id}/reply"
    assert files.attach(ada, path, "a.bin", bytes(700_000)).status_code == 201
    answer = files.attach(ada, path, "b.bin", bytes(700_000))
    assert answer.is_json and refused(answer, "You have sent as many files as one person can in an hour.")
    page = files.send(ada, path, {"body": "Typed for long"}, ("b.bin", bytes(700_000)), ("c.bin", bytes(700_000)))
    assert refused(page, "You have sent as many files") and "Typed for long" in page.text and "a.bin" in page.text
    assert text_of(page).count("You have sent as many files") == 1
    assert files.attach(ada, path, "d.bin", bytes(100_000)).status_code == 201
    assert db.session.query(Attachment).count() == 2 and db.session.query(Message).count() == 0
    assert files.attach(browse(cast.ben, desk=desk), NEW, "b.bin", bytes(700_000)).status_code == 201
    an_hour_later()
    assert files.attach(ada, path, "b.bin", bytes(700_000)).status_code == 201


def test_a_file_that_is_refused_for_itself_counts_nothing(ada, ticket):
    files.attach(ada, NEW, "setup.exe", files.EXE)
    assert db.session.query(UsageCount).count() == 0


def test_who_has_used_up_the_room_for_files_is_told_so_and_others_have_theirs(make_app, browse, cast, ticket):
    desk = make_app(FILES_QUOTA_MB="1", MAX_FILE_MB="1")
    ada, path = browse(cast.ada, desk=desk), f"/tickets/{ticket.id}/reply"
    assert files.send(ada, path, {"body": "See the file"}, ("a.bin", bytes(700_000))).status_code == 303
    answer = files.attach(ada, path, "b.bin", bytes(700_000))
    assert (
        answer.status_code == 422 and "You have used up the 1 MB that one person has for files." in answer.json["why"]
    )
    page = files.send(ada, path, {"body": "Typed for long"}, ("b.bin", bytes(700_000)))
    assert page.status_code == 422 and "You have used up the 1 MB" in text_of(page) and "Typed for long" in page.text
    assert files.attach(ada, path, "c.bin", bytes(300_000)).status_code == 201
    assert files.attach(browse(cast.ben, desk=desk), NEW, "b.bin", bytes(700_000)).status_code == 201
    cleo = browse(cast.cleo, desk=desk)
    assert [files.attach(cleo, path, "b.bin", bytes(1_000_000)).status_code for _n in range(3)] == [201] * 3


def test_of_files_sent_at_once_no_more_are_kept_than_there_is_room_for(make_app, browse, cast):
    desk = make_app(FILES_QUOTA_MB="1", MAX_FILE_MB="1", LIMIT_UPLOAD_MB="0")
    browsers = [browse(cast.ada, desk=desk) for _number in range(6)]
    tokens = [browser.token() for browser in browsers]
    db.session.rollback()

    def send(number):
        with desk.app_context():
            form = {"csrf_token": tokens[number], "path": NEW, "file": (io.BytesIO(bytes(300_000)), "a.bin")}
            return browsers[number].client.post("/files", data=form, content_type="multipart/form-data").status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [201] * 3 + [422] * 3


def test_with_little_room_on_the_disk_files_are_refused_and_all_else_goes_on(make_app, browse, cast):
    desk = make_app(FILES_RESERVE_MB="1000000000")
    ada = browse(cast.ada, desk=desk)
    why = "a.txt was not stored: the desk has no room left for files."
    answer = files.attach(ada, NEW, "a.txt", b"lines")
    assert answer.status_code == 503 and why in answer.json["why"]
    page = files.send(ada, NEW, TYPED, ("a.txt", b"lines"))
    assert page.status_code == 503 and why in text_of(page) and fields(page, NEW)["subject"] == TYPED["subject"]
    assert ada.post(NEW, fields(page, NEW) | {"subject": "Without a file"}).status_code == 303
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    form = {"csrf_token": ada.token(), "path": NEW, "file": (io.BytesIO(b"lines"), "a.txt")}
    page = ada.open(ada.client.post, "/files", data=form, environ_overrides=chunked)
    assert page.status_code == 507 and "The desk has no room left for files." in text_of(page)
    assert db.session.query(Attachment).count() == 0 and db.session.query(Ticket).count() == 1


def test_an_agent_exports_ten_times_as_often_and_each_one_is_written_down(cleo, cast):
    builders.act(usage_limits.spend, usage_limits.EXPORT, cast.cleo.id, most=20, amount=17)
    for _time in range(3):
        assert b"external_id" in cleo.get("/triage/export?format=csv&view=open").data
    page = cleo.get("/triage/export?format=csv&view=open")
    assert refused(page, "You have taken as many exports as one person can in an hour.")
    assert db.session.query(Event).filter_by(kind="exported").count() == 3
    an_hour_later()
    assert b"external_id" in cleo.get("/triage/export?format=csv&view=open").data


def test_a_search_too_many_is_refused_and_its_words_stay_in_the_box(ada, browse, cast, desk, cleo):
    for _time in range(2):
        assert ada.get("/search?q=printer").status_code == 200
    page = ada.get("/search?q=printer+paper")
    assert refused(page, "You have searched very often in the last minute.")
    assert 'name="q" value="printer paper"' in page.text
    assert browse(cast.ben, desk=desk).get("/search?q=printer").status_code == 200
    desk.extensions["token_buckets"].take((cast.cleo.id, "LIMIT_SEARCH"), most=20, seconds=60, amount=18)
    assert cleo.get("/search?q=printer").status_code == 200
    assert cleo.get("/triage?q=printer").status_code == 200
    assert refused(cleo.get("/triage?q=printer"), "You have searched very often")
    assert cleo.get("/triage").status_code == 200, "the views of a list are no search"


def test_suggestions_too_many_are_refused_as_json(ada):
    for path in ("/search/completions?q=st", "/tickets/alike?subject=printer"):
        assert ada.get(path).status_code == 200
    for path in ("/search/completions?q=st", "/tickets/alike?subject=printer"):
        answer = ada.get(path)
        assert answer.is_json and refused(answer, "You have asked for very many suggestions in the last minute.")


def test_a_draft_saved_too_often_is_left_to_the_page_and_the_one_before_stays(ada):
    for text in ("One", "Two"):
        assert ada.post("/drafts", {"path": NEW, "subject": text}).status_code == 204
    answer = ada.post("/drafts", {"path": NEW, "subject": "Three"})
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) <= 31
    assert db.session.query(Draft).one().fields["subject"] == "Two"


def test_a_third_picture_at_once_is_refused_and_nobody_elses(ada, browse, cast, desk, ticket):
    path = f"/tickets/{ticket.id}/reply"
    with images.queue.place(cast.ada.id), images.queue.place(cast.ada.id):
        answer = files.attach(ada, path, "red.png", files.picture())
        assert answer.is_json and refused(answer, "Your other pictures are still being prepared.")
        page = files.send(ada, path, {"body": "Typed for long"}, ("red.png", files.picture()))
        assert refused(page, "Your other pictures are still being prepared.") and "Typed for long" in page.text
        assert files.attach(ada, path, "log.txt", b"no picture").status_code == 201
        assert files.attach(browse(cast.ben, desk=desk), NEW, "red.png", files.picture()).status_code == 201
    assert files.attach(ada, path, "red.png", files.picture()).status_code == 201


def test_a_screenshot_is_taken_while_somebodys_films_are_drawn_and_another_film_is_refused(ada, browse, cast, desk):
    with images.queue.turn(image_queue.LONGEST_WAIT + 1):
        assert files.attach(ada, NEW, "red.png", files.picture()).status_code == 201
        answer = files.attach(ada, NEW, "film.gif", files.film())
        assert answer.is_json and refused(answer, "Many pictures are being prepared at the moment.")
    assert db.session.query(Attachment).count() == 1


def test_more_work_on_pictures_than_an_hour_allows_is_refused(make_app, browse, cast):
    desk = make_app(LIMIT_PICTURES="1")
    desk.extensions["token_buckets"] = buckets = TokenBuckets(lambda: 0)
    for person, seconds in ((cast.ada, 0.9), (cast.ben, 0.5), (cast.cleo, 5)):
        most = 10 if person.is_agent else 1
        buckets.take((person.id, "LIMIT_PICTURES"), most=most, seconds=3600, amount=seconds)
    answer = files.attach(browse(cast.ada, desk=desk), NEW, "red.png", files.picture())  # A little more than 0.15 s.
    assert refused(answer, "You have sent very many large pictures in the last hour.")
    for person in (cast.ben, cast.cleo):
        assert files.attach(browse(person, desk=desk), NEW, "red.png", files.picture()).status_code == 201


def test_what_is_counted_in_memory_is_written_nowhere(ada):
    ada.get("/search?q=printer"), ada.get("/search/completions?q=st")
    assert db.session.query(UsageCount).count() == 0


def test_polls_and_reading_are_not_limited(ada, ticket):
    for _time in range(5):
        for path in (f"/tickets/{ticket.id}", "/tickets", "/notifications/count", "/live/poll"):
            assert ada.get(path).status_code != 429, path


def test_nobody_is_limited_where_the_settings_are_0(make_app, browse, cast):
    desk = make_app(**dict.fromkeys(SETTINGS, "0"), LIMIT_UPLOAD_MB="0", FILES_QUOTA_MB="0")
    ada = browse(cast.ada, desk=desk)
    for _time in range(31):
        assert ada.post(NEW, TYPED).status_code == 303
    assert files.attach(ada, NEW, "a.txt", b"a").status_code == 201
    assert db.session.query(UsageCount).count() == 0


def test_a_form_sent_after_the_session_ended_is_not_counted(ada):
    form = fields(ada.get(NEW), NEW) | TYPED
    db.session.query(Session).delete()
    db.session.commit()
    assert ada.post(NEW, form).status_code == 401
    assert db.session.query(UsageCount).count() == 0
