"""The categories page of admins."""

import pytest

from helpdesk.tickets import categories
from models import Category, Event, db
from tests.support import builders
from tests.support.browser import text_of


@pytest.fixture
def eve(browse, cast):
    return browse(cast.eve)


@pytest.fixture
def three(app):
    return [builders.category(name, position=n) for n, name in enumerate(("Hardware", "Access", "Network"), start=1)]


def names():
    return [category.name for category in categories.every()]


def test_a_desk_without_categories_says_what_to_do(eve):
    assert "There are no categories yet." in text_of(eve.get("/categories"))


def test_a_category_is_added_at_the_end(eve, three):
    page = eve.follow(eve.post("/categories", {"name": "  Mail 📮 "}))
    assert "Mail 📮 is added." in text_of(page)
    assert names() == ["Hardware", "Access", "Network", "Mail 📮"]
    assert db.session.query(Event).one().kind == "categories_changed"


@pytest.mark.parametrize(
    "name, why",
    [
        ("", "Please fill in this field."),
        (" \u200b ", "Please fill in this field."),
        ("x" * 61, "Please use at most 60 characters."),
        ("x" * 100_000, "Please use at most 60 characters."),
        ("Two\r\nlines", "Please use a single line here."),
        ("HARDWARE", "There is a category with this name already."),
        ("hárdware", "There is a category with this name already."),
    ],
)
def test_a_bad_name_is_told_at_the_field(eve, three, name, why):
    page = eve.post("/categories", {"name": name})
    assert page.status_code == 422 and why in text_of(page)
    assert 'aria-describedby="name-error"' in page.text and page.text.count(" autofocus") == 1
    number = three[1].id
    page = eve.post(f"/categories/{number}/rename", {"name": name})
    assert page.status_code == 422 and why in text_of(page)
    assert f'aria-describedby="category-{number}-error"' in page.text and page.text.count(" autofocus") == 1
    assert names() == ["Hardware", "Access", "Network"]


def test_a_category_is_renamed_also_only_in_its_case(eve, three):
    page = eve.follow(eve.post(f"/categories/{three[0].id}/rename", {"name": "hardware"}))
    assert "The category is now called hardware." in text_of(page) and names()[0] == "hardware"


def test_categories_are_moved_up_and_down(eve, three):
    page = eve.get("/categories").text
    assert 'aria-label="Move Access up"' in page and 'aria-label="Move Hardware up"' not in page
    assert 'aria-label="Move Hardware down"' in page and 'aria-label="Move Network down"' not in page
    eve.post(f"/categories/{three[2].id}/move", {"direction": "up"})
    assert names() == ["Hardware", "Network", "Access"]
    eve.post(f"/categories/{three[0].id}/move", {"direction": "down"})
    assert names() == ["Network", "Hardware", "Access"]
    for edge, direction in ((three[2], "up"), (three[1], "down"), (three[0], "sideways")):
        assert eve.post(f"/categories/{edge.id}/move", {"direction": direction}).status_code == 303
    assert names() == ["Network", "Hardware", "Access"]


def test_a_retired_category_is_not_offered_and_stays_on_its_tickets(eve, browse, cast, three):
    ticket = builders.ticket(cast.ada, category=three[0])
    page = eve.follow(eve.post(f"/categories/{three[0].id}/retire"))
    assert "Hardware is no longer offered." in text_of(page) and 'aria-label="Bring back Hardware"' in page.text
    ada = browse(cast.ada)
    assert "Hardware" not in ada.get("/tickets/new").text
    assert "Hardware" in ada.get(f"/tickets/{ticket.id}").text
    page = eve.post("/categories", {"name": "Hardware"})
    assert "It is retired; you can bring it back." in text_of(page)
    eve.post(f"/categories/{three[0].id}/bring-back")
    assert "Hardware" in ada.get("/tickets/new").text


def test_a_retired_category_cannot_be_chosen_by_a_form_made_by_hand(eve, browse, cast, three):
    eve.post(f"/categories/{three[0].id}/retire")
    form = {"subject": "Printer", "description": "Broken", "type": "incident", "priority": "normal"}
    page = browse(cast.ada).post("/tickets/new", form | {"category": str(three[0].id)})
    assert page.status_code == 422 and 'aria-describedby="category-error"' in page.text


def test_a_name_with_markup_is_shown_as_text(eve, three):
    eve.post("/categories", {"name": "<script>alert(1)</script>"})
    assert "<script>alert" not in eve.get("/categories").text


def test_the_same_name_given_twice_at_the_same_moment_is_refused(app, three):
    """The second one no longer sees a free name when it writes."""
    with pytest.raises(categories.Refused):
        builders.act(lambda: _add_unseen("Access"))
    assert names() == ["Hardware", "Access", "Network"]


def _add_unseen(name):
    with categories._one_of_a_name():
        db.session.add(Category(name=name, position=9))


@pytest.mark.parametrize("who", ["ada", "cleo"])
def test_others_do_not_get_in(browse, cast, three, who):
    browser = browse(getattr(cast, who))
    assert browser.get("/categories").status_code == 403
    assert browser.post("/categories", {"name": "Mine"}).status_code == 403
    for act in ("rename", "move", "retire", "bring-back"):
        assert browser.post(f"/categories/{three[0].id}/{act}", {"name": "x", "direction": "down"}).status_code in (
            403,
            404,
        )
    assert names() == ["Hardware", "Access", "Network"]


@pytest.mark.parametrize("number", ["0", "-1", "999999999", "9" * 30, "word"])
def test_a_number_that_is_no_category_is_not_found(eve, number):
    assert eve.post(f"/categories/{number}/retire").status_code == 404
