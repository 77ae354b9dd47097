"""What people, mistakes and attackers type: each gives a clear error or is kept as it is, and never breaks a page."""

import re

import pytest
from justhtml import JustHTML

from helpdesk.db import transactions
from helpdesk.tickets import tickets
from models import Delivery, Message, Person, Ticket, db
from tests.support import builders
from tests.support.browser import text_of
from tests.support.builders import act

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}%(who)s"
TOO_LONG = {"201 characters": "x" * 201, "100,000 characters": "x" * 100_000}
BLANK = {
    "nothing": "",
    "blanks": " \t \n ",
    "a hard space": "\u00a0\u3000",
    "nothing to see": "\u200b\u200f\u2060\ufeff",
    "NUL": "\x00\x00\x00",
}
KEPT = {
    "an emoji": "👩🏽‍💻🔥 needs help",
    "right to left": "RTL \u200fمرحبا abc",
    "combining characters": "Z̷̡̢a̷l̶g̵o̸ " + "e\u0301" * 40,
    "markup": HOSTILE[:190],
    "percent signs": "100% %s %(name)s %%",
    "SQL": "'; DROP TABLE tickets; --",
    "astral": "𝒳𝓎𝓏",
    "the longest": "x" * 200,
    "the longest in emoji": "🔥" * 200,
}
CHOICES = {"type": "incident", "category": "", "priority": "normal"}
BROKEN = {"two lines": "a\r\nBcc: x@y.com", "controls": "a\x07b\x1bc abc", "half a character": b"\xed\xa0\x80\xff"}
ALL = {**TOO_LONG, **BLANK, **KEPT, **BROKEN}


def raised(browser, **words):
    return browser.post("/tickets/new", {"subject": "A subject", "description": "A text"} | CHOICES | words)


@pytest.mark.parametrize("kind", [*BLANK, *TOO_LONG])
def test_a_subject_that_cannot_be_is_refused_with_everything_kept(browse, cast, kind):
    page = raised(browse(cast.ada), subject=(BLANK | TOO_LONG)[kind], description="My own words")
    assert page.status_code == 422 and 'id="subject-error"' in page.text and "My own words" in page.text
    assert db.session.query(Ticket).count() == 0


@pytest.mark.parametrize("kind", KEPT)
def test_a_subject_that_is_only_unusual_is_kept_to_the_letter_and_shown_as_text(browse, cast, kind):
    ada = browse(cast.ada)
    page = ada.follow(raised(ada, subject=KEPT[kind], description=KEPT[kind]))
    ticket = db.session.query(Ticket).one()
    assert (ticket.subject, ticket.description) == (KEPT[kind], KEPT[kind])
    harmless(page)
    assert squeezed(KEPT[kind]) in text_of(page)
    harmless(ada.get("/tickets"))
    harmless(browse(cast.cleo).get("/triage"))


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_subject_of_two_lines_is_refused_before_it_reaches_a_mail(browse, cast, end):
    page = raised(browse(cast.ada), subject=f"Help{end}Bcc: all@example.com")
    assert page.status_code == 422 and "single line" in text_of(page)
    assert db.session.query(Delivery).count() == 0


def test_the_longest_text_is_kept_and_one_more_character_is_refused(browse, cast):
    ada = browse(cast.ada)
    assert raised(ada, description="🔥" * 50_000).status_code == 303
    page = raised(ada, description="x" * 50_001)
    assert page.status_code == 422 and "too long" in text_of(page)
    assert raised(ada, description="a\r\n" * 25_000).status_code == 303


@pytest.mark.parametrize("name", ["type", "category", "priority", "form_token"])
@pytest.mark.parametrize("value", ["nonsense", "-1", "99999999999999999999", "\x00", "1;DROP", "x" * 100_000])
def test_a_choice_that_is_not_offered_is_refused(browse, cast, name, value):
    answer = raised(browse(cast.ada), **{name: value})
    assert answer.status_code == 422 if name != "form_token" else answer.status_code in (303, 422)


def test_fields_that_the_form_does_not_have_are_passed_over(browse, cast):
    more = {"status": "closed", "role": "admin", "requester": "ben@example.com", "requester_id": str(cast.ben.id)}
    more |= {"assignee": str(cast.cleo.id), "id": "77", "raised_by_id": "1", "created_at": "1999-01-01", "me": "5"}
    raised(browse(cast.ada), **more)
    ticket = db.session.query(Ticket).one()
    assert (ticket.requester, ticket.raised_by, ticket.status, ticket.assignee) == (cast.ada, cast.ada, "new", None)
    assert ticket.created_at.year > 2000 and ticket.id != 77
    assert cast.ada.role == "user"


# ---- every form of the ticket's page


@pytest.fixture
def ticket(cast):
    made = builders.ticket(cast.ada)
    builders.reply(made, by=cast.cleo)
    return made


FORMS = {
    "reply": ("reply", "body", {}),
    "note": ("note", "body", {}),
    "the reason": ("facts", "reason", {"status": "pending", "assignee": "", "priority": "low", "category": ""}),
    "the facts as they were": ("facts", "was", {"status": "open", "assignee": "", "priority": "low", "category": ""}),
    "what was seen": ("reply", "seen", {"body": "x"}),
    "the form's token": ("reply", "form_token", {"body": "x"}),
    "an edited subject": ("edit", "subject", {"description": "x", "requester": "Ada Okafor"}),
    "an edited text": ("edit", "description", {"subject": "Words", "requester": "Ada Okafor"}),
    "the requester": ("edit", "requester", {"subject": "Words", "description": "x"}),
    "a watcher": ("watchers", "watcher", {}),
    "a number": ("purge", "number", {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_is_typed_into_a_form_the_desk_stays_whole(browse, cast, ticket, form):
    below, field, more = FORMS[form]
    eve, path = browse(cast.eve), f"/tickets/{ticket.id}"
    token = eve.token()
    for kind, value in ALL.items():
        answer = eve.post(f"{path}/{below}", {"type": "incident"} | more | {field: value}, csrf=token)
        assert answer.status_code in (303, 409, 422), kind
        if kind == "markup" and answer.status_code != 303:
            harmless(answer)
    harmless(eve.get(path))


def test_a_correction_is_refused_empty_and_kept_unusual(browse, cast, ticket):
    where = f"/tickets/{ticket.id}/messages/{db.session.query(Message).one().id}/edit"
    cleo = browse(cast.cleo)
    for blank in BLANK.values():
        assert cleo.post(where, {"body": blank}).status_code == 422
    page = cleo.follow(cleo.post(where, {"body": HOSTILE}))
    harmless(page)


# ---- names, shown wherever they are


def test_hostile_names_are_text_on_every_page(browse, cast):
    with transactions.writing():
        for person in (cast.ada, cast.ben, cast.cleo, cast.eve):
            person.name = f"{person.name} {HOSTILE}"[:120]
    category = builders.category(HOSTILE[:60])
    ticket = builders.ticket(cast.ada, HOSTILE[:180], HOSTILE, category=category)
    act(tickets.take, ticket, by=cast.cleo)
    act(tickets.add_watcher, ticket, watcher=cast.ben, by=cast.cleo)
    act(tickets.set_status, ticket, "pending", by=cast.cleo, reason=HOSTILE)
    builders.reply(ticket, HOSTILE, by=cast.cleo)
    builders.note(ticket, HOSTILE, by=cast.cleo)
    where = f"/tickets/{ticket.id}"
    for page in (where, "/tickets", "/profile"):
        harmless(browse(cast.ada).get(page))
    eve = browse(cast.eve)
    for page in (
        where,
        f"{where}/edit",
        "/triage?view=all",
        "/dashboard",
        "/tickets/new",
        "/people",
        "/categories",
        "/mail",
    ):
        harmless(eve.get(page))
    harmless(eve.follow(eve.post(f"{where}/trash")))
    harmless(eve.get("/trash"))
    harmless(eve.get(f"/people/{cast.ada.id}"))
    harmless(browse(cast.dan).post(f"{where}/take"))


def harmless(page):
    """No page of ours has a script, a handler or a picture in it that we did not put there."""
    tree = JustHTML(page.text, sanitize=False)
    assert all(re.match(r"/static/|/bootstrap/", node.attrs.get("src", "")) for node in tree.query("script"))
    for node in tree.query("*"):
        assert not [name for name in node.attrs or {} if name.startswith("on")], node.attrs
    assert not tree.query("img")
    assert "49" not in re.findall(r"'(49)%", page.text)


def squeezed(text):
    return " ".join(text.split())


# ---- addresses


@pytest.mark.parametrize(
    "query", ["mark=%00", "mark=%FF%FE", "show=%00", "mark=" + "9" * 5000, "mark=older~%F0~1", "x=1"]
)
def test_a_list_opens_whatever_its_address_asks_for(browse, cast, query):
    assert browse(cast.ada).get(f"/tickets?{query}").status_code == 200


@pytest.mark.parametrize("path", ["/tickets/%00", "/%00", "/tickets/1%2F..", "/tickets/%F0%9F%94%A5", "/" + "x" * 5000])
def test_an_address_that_means_nothing_is_a_missing_page(browse, cast, path):
    assert browse(cast.ada).get(path).status_code == 404


def test_somebody_elses_numbers_lead_nowhere(browse, cast, ticket):
    number, ben = db.session.query(Message).one().id, browse(cast.ben)
    before = db.session.query(Person).count(), db.session.query(Message).count()
    for path in ("", "/reply", "/edit", "/solve", "/reopen", "/facts", f"/messages/{number}/edit"):
        ask = ben.get if path in ("",) else ben.post
        assert ask(f"/tickets/{ticket.id}{path}").status_code == 404
    assert (db.session.query(Person).count(), db.session.query(Message).count()) == before
