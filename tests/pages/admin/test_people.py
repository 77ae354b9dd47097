"""The people pages of admins."""

import re

import pytest

from helpdesk.accounts import people
from models import Delivery, Event, OneTimeLink, Person, Session, db
from tests.support.browser import text_of
from tests.support.builders import act

FAY = {"name": "Fay Moreau", "email": "fay@example.com", "role": "agent"}


@pytest.fixture
def eve(browse, cast):
    return browse(cast.eve)


@pytest.fixture
def mailing(make_app):
    return make_app(MAIL_SERVER="127.0.0.1")


def kinds():
    return [event.kind for event in db.session.query(Event).order_by(Event.id)]


# ---- the list


def test_everybody_is_listed_with_role_and_state(eve):
    words = text_of(eve.get("/people"))
    for line in ("Ada Okafor ada@example.com User Active", "Eve Lindqvist eve@example.com Admin Active"):
        assert line in words
    assert "mel@example.com User Only an address" in words and "zoe@example.com User Switched off" in words


def test_people_are_searched_and_filtered_by_role(eve):
    words = text_of(eve.get("/people?q=HART"))
    assert "Cleo Hart" in words and "Dan Ruiz" not in words
    words = text_of(eve.get("/people?role=agent"))
    assert "Cleo Hart" in words and "Ada Okafor" not in words
    assert "Nobody matches." in text_of(eve.get("/people?q=nobody"))


@pytest.mark.parametrize(
    "query", ["q=" + "x" * 5000, "q=%00", "q=%25", "q='%3B", "role=god", "from=²", "from=-1", "from=" + "9" * 50]
)
def test_odd_searches_are_no_trouble(eve, query):
    assert eve.get(f"/people?{query}").status_code == 200


def test_a_long_list_has_pages(eve):
    for number in range(60):
        act(people.add, f"Person {number:02}", f"p{number}@example.com")
    first = eve.get("/people?role=user")
    further = re.search(r'rel="next" href="([^"]+)"', first.text).group(1).replace("&amp;", "&")
    second = eve.get(further)
    names = [set(re.findall(r"<bdi>([^<]+)</bdi>", page.text)) for page in (first, second)]
    assert len(names[0]) == 50 and not names[0] & names[1] and len(names[0] | names[1]) == 64
    assert 'rel="prev" href="/people?role=user"' in second.text and 'rel="next"' not in second.text


def test_the_page_says_that_no_mail_server_is_set(eve, browse, cast, mailing):
    assert "No mail server is set" in text_of(eve.get("/people"))
    assert "No mail server is set" not in text_of(browse(cast.eve, mailing).get("/people"))


# ---- inviting


def test_an_invitation_is_mailed(browse, cast, mailing):
    eve = browse(cast.eve, mailing)
    page = eve.follow(eve.post("/people", FAY))
    assert "Fay Moreau is invited by mail." in text_of(page) and "Invited" in text_of(page)
    assert [(one.email, one.mail) for one in db.session.query(Delivery)] == [("fay@example.com", "invitation")]
    assert people.by_address("fay@example.com").role == "agent"
    number = people.by_address("fay@example.com").id
    assert eve.post(f"/people/{number}/invite").status_code == 303
    assert db.session.query(Delivery).count() == 2


def test_somebody_with_an_account_is_not_invited(eve, cast):
    page = eve.post("/people", FAY | {"email": "ben@example.com"})
    assert page.status_code == 409 and "Ben Adeyemi has an account already." in text_of(page)
    assert 'aria-describedby="email-error"' in page.text and 'value="Fay Moreau"' in page.text
    assert eve.post(f"/people/{cast.ben.id}/invite").status_code == 409
    assert kinds() == []


@pytest.mark.parametrize(
    "field, value",
    [
        ("name", ""),
        ("name", "F\r\nBcc: x@y.z"),
        ("name", "x" * 121),
        ("email", "fay"),
        ("email", ""),
        ("role", "god"),
        ("role", ""),
    ],
)
def test_a_bad_invitation_is_told_at_its_field(eve, field, value):
    page = eve.post("/people", FAY | {field: value})
    assert page.status_code == 422 and f'aria-describedby="{field}-error"' in page.text
    assert page.text.count(" autofocus") == 1 and db.session.query(Person).count() == 7


# ---- links to copy, where no mail is sent


@pytest.mark.parametrize("who, purpose", [("ada", "reset"), ("mel", "invitation")])
def test_without_a_mail_server_a_link_is_shown_once_and_recorded(eve, browse, cast, who, purpose):
    person = getattr(cast, who)
    page = eve.post(f"/people/{person.id}/link")
    token = re.search(rf'value="http://desk.test/{purpose}/([^"]+)"', page.text).group(1)
    assert browse().get(f"/{purpose}/{token}").status_code == 200
    assert kinds() == ["link_copied"] and page.headers["Cache-Control"] == "no-store"
    page = eve.get(f"/people/{person.id}")
    assert token not in page.text
    assert f"Eve Lindqvist copied a one-time link of {person.name}" in text_of(page)


def test_a_newer_link_replaces_the_one_before(eve, cast):
    eve.post(f"/people/{cast.ada.id}/link")
    eve.post(f"/people/{cast.ada.id}/link")
    assert db.session.query(OneTimeLink).count() == 1


def test_where_mail_is_sent_no_link_can_be_copied(browse, cast, mailing):
    page = browse(cast.eve, mailing).post(f"/people/{cast.ada.id}/link")
    assert page.status_code == 409 and db.session.query(OneTimeLink).count() == 0


def test_whoever_is_switched_off_gets_no_link(eve, cast):
    assert eve.post(f"/people/{cast.zoe.id}/link").status_code == 409
    assert db.session.query(OneTimeLink).count() == 0


# ---- role, off and on


def test_the_role_is_changed(eve, cast):
    page = eve.follow(eve.post(f"/people/{cast.ada.id}/role", {"role": "agent"}))
    assert "The role is changed." in text_of(page)
    assert "Eve Lindqvist changed the role of Ada Okafor from User to Agent" in text_of(page)
    assert eve.post(f"/people/{cast.ada.id}/role", {"role": "god"}).status_code == 422
    assert db.session.get(Person, cast.ada.id).role == "agent"


def test_an_account_is_switched_off_and_on(eve, browse, cast):
    ada = browse(cast.ada)
    assert "Signed in with 1 browser." in text_of(eve.get(f"/people/{cast.ada.id}"))
    page = eve.follow(eve.post(f"/people/{cast.ada.id}/switch-off"))
    assert "The account is switched off." in text_of(page) and "Switch on" in page.text
    assert ada.get("/tickets").status_code == 303
    eve.post(f"/people/{cast.ada.id}/switch-on")
    assert ada.get("/tickets").status_code == 303
    assert db.session.get(Person, cast.ada.id).is_active


@pytest.mark.parametrize("act_, form", [("role", {"role": "user"}), ("switch-off", {})])
def test_the_last_admin_stays(eve, cast, act_, form):
    page = eve.post(f"/people/{cast.eve.id}/{act_}", form)
    assert page.status_code == 409 and "This is the last admin." in text_of(page)
    assert eve.get("/people").status_code == 200


def test_whoever_gives_up_being_admin_lands_on_their_own_pages(eve, cast):
    act(people.set_role, cast.dan, "admin", by=cast.eve)
    answer = eve.post(f"/people/{cast.eve.id}/role", {"role": "agent"})
    assert "The role is changed." in text_of(eve.follow(eve.follow(answer)))
    assert eve.get("/people").status_code == 403


def test_a_name_with_markup_is_shown_as_text(eve, cast):
    odd = act(people.add, "<b onclick=x>Odd</b>", "odd@example.com")
    for path in ("/people", f"/people/{odd.id}"):
        assert "<b onclick" not in eve.get(path).text


@pytest.mark.parametrize("who", ["ada", "cleo"])
def test_others_do_not_get_in(browse, cast, who):
    browser = browse(getattr(cast, who))
    assert browser.get("/people").status_code == 403 and browser.post("/people", FAY).status_code == 403
    for path in ("", "/role", "/switch-off", "/switch-on", "/invite", "/link"):
        method = browser.post if path else browser.get
        assert method(f"/people/{cast.eve.id}{path}").status_code in (403, 404)
    assert kinds() == [] and db.session.query(Session).count() == 1


@pytest.mark.parametrize("number", ["0", "-1", "999999999", "9" * 30, "word"])
def test_a_number_that_is_nobody_is_not_found(eve, number):
    assert eve.get(f"/people/{number}").status_code == 404
    assert eve.post(f"/people/{number}/role", {"role": "admin"}).status_code == 404
