"""A person's own profile."""

import pytest

from models import Person, Session, db
from tests.support.browser import text_of

FORM = {"name": "Ada Okafor", "time_zone": "Europe/Berlin", "theme": "dark"}


def test_name_zone_and_theme_are_saved_and_used(browse, cast):
    ada = browse(cast.ada)
    page = ada.follow(ada.post("/profile", FORM | {"name": "Ada O."}))
    assert "Your profile is saved." in text_of(page) and 'data-bs-theme="dark"' in page.text
    assert 'selected value="Europe/Berlin"' in page.text and 'value="Ada O."' in page.text
    kept = db.session.get(Person, cast.ada.id)
    assert (kept.folded_name, kept.time_zone, kept.theme) == ("ada o.", "Europe/Berlin", "dark")
    ada.post("/profile", FORM | {"time_zone": ""})
    assert db.session.get(Person, cast.ada.id).time_zone is None


def test_only_agents_are_asked_whether_they_want_every_new_ticket(browse, cast):
    label = "Tell me about every new ticket by mail"
    assert label not in browse(cast.ada).get("/profile").text
    assert label in browse(cast.cleo).get("/profile").text
    for person in (cast.ada, cast.cleo):
        browse(person).post("/profile", FORM | {"name": person.name, "wants_every_new": "y"})
    assert not db.session.get(Person, cast.ada.id).wants_every_new
    assert db.session.get(Person, cast.cleo.id).wants_every_new


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", ""),
        ("name", "\u200b"),
        ("name", "Ada\r\nBcc: x@example.com"),
        ("name", "x" * 100_000),
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "x" * 5000),
        ("theme", "pink"),
    ],
)
def test_what_cannot_be_taken_is_told_at_its_field(browse, cast, field, value):
    page = browse(cast.ada).post("/profile", FORM | {field: value})
    assert page.status_code == 422 and f'aria-describedby="{field}-error"' in page.text
    assert page.text.count(" autofocus") == 1
    assert db.session.get(Person, cast.ada.id).theme == "auto"


def test_extra_fields_change_nothing(browse, cast):
    browse(cast.ada).post("/profile", FORM | {"role": "admin", "email": "eve@example.com", "password_hash": "x"})
    kept = db.session.get(Person, cast.ada.id)
    assert (kept.role, kept.email) == ("user", "ada@example.com")


def test_sessions_are_listed_with_the_present_one_marked_and_others_can_be_ended(browse, cast):
    here, elsewhere = browse(cast.ada), browse(cast.ada)
    words = text_of(here.get("/profile"))
    assert words.count("Firefox · Linux") == 2 and words.count("Linux this browser") == 1
    other = db.session.query(Session).order_by(Session.id.desc()).first()
    page = here.follow(here.post(f"/profile/sessions/{other.id}/end"))
    assert "That browser is signed out." in text_of(page)
    assert elsewhere.get("/tickets").status_code == 303 and here.get("/tickets").status_code == 200


def test_ending_the_present_session_signs_out(browse, cast):
    ada = browse(cast.ada)
    answer = ada.post(f"/profile/sessions/{db.session.query(Session).one().id}/end")
    assert ada.follow(answer).status_code == 303


def test_nobody_ends_the_session_of_somebody_else(browse, cast):
    ben = browse(cast.ben)
    number = db.session.query(Session).one().id
    assert browse(cast.eve).post(f"/profile/sessions/{number}/end").status_code == 404
    assert ben.get("/tickets").status_code == 200


@pytest.mark.parametrize("number", ["0", "-1", "999999999", "9" * 30, "word", "1;2", "²"])
def test_a_number_that_is_no_session_is_not_found(browse, cast, number):
    assert browse(cast.ada).post(f"/profile/sessions/{number}/end").status_code == 404


def test_the_profile_asks_who_one_is(browse, cast):
    assert browse().get("/profile").headers["Location"] == "/login?next=/profile"
