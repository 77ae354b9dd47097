"""Files as other systems and spreadsheets write them: what is read, what is changed and counted, what is asked back."""

import threading
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.import_export import importer, undo
from helpdesk.import_export.import_file import examine
from helpdesk.import_export.reading.columns import parse_maps
from helpdesk.import_export.reading.comments import read_replies
from helpdesk.tickets import messages
from models import Category, Delivery, Event, Import, Message, Person, Ticket, db
from tests.support import builders

HEADER = "external_id,subject,description,category"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def load(app, tmp_path):
    """Import the lines of a file; `how` are the options of the command."""

    def load(*lines, system="", maps=(), replies="", check=False, **how):
        path = tmp_path / "tickets.csv"
        path.write_bytes(lines[0] if isinstance(lines[0], bytes) else "\n".join(lines).encode())
        plan = examine(path, parse_maps(system, maps), **how)
        further = {}
        if replies:
            (tmp_path / "replies.csv").write_text(replies)
            further, bad = read_replies(tmp_path / "replies.csv", timezone.utc)
            assert not bad
        if check:
            return importer.trial(plan)
        return importer.run(plan, host="desk.test", progress=lambda lines: None, replies=further)

    return load


def only():
    return db.session.query(Ticket).one()


# ---- how the file is written


@pytest.mark.parametrize(
    "content, read_as",
    [
        (b"sep=;\r\nexternal_id;subject;description;category\r\nA-1;Screen;Dark;\r\n", "semicolons, UTF-8"),
        (b"external_id|subject|description|category\nA-1|Screen|Dark|\n", "vertical bars, UTF-8"),
        (b'"external_id";"subject";"a, b";"description";"category"\nA-1;Screen;x;Dark;\n', "semicolons, UTF-8"),
        (b"Tickets of March\n\nexternal_id,subject,description,category\nA-1,Screen,Dark,\n", "commas, UTF-8"),
        ("external_id\tsubject\tdescription\tcategory\nA-1\tScreen\tDark\t\n".encode("utf-16"), "tabs, UTF-16"),
    ],
)
def test_separator_title_and_encoding_are_found_and_named(load, tmp_path, content, read_as):
    assert load(content).added == 1
    assert only().description == "Dark"
    assert examine(tmp_path / "tickets.csv").read_as == read_as


def test_a_file_in_another_encoding_is_read_when_it_is_named(load):
    content = f"{HEADER}\nA-1,Drücker,Größe,\n".encode("windows-1252")
    with pytest.raises(Refused, match="--encoding windows-1252"):
        load(content)
    load(content, encoding="windows-1252")
    assert only().subject == "Drücker"


def test_two_columns_of_tags_are_both_kept_and_two_descriptions_refused(load):
    load(f"{HEADER},tags,tags", "A-1,Screen,Dark,,vpn,laptop")
    assert [tag.name for tag in only().tags] == ["laptop", "vpn"]
    with pytest.raises(Refused, match="names a column twice: description"):
        load(f"{HEADER},description", "A-2,Screen,Dark,,more")


def test_a_lost_mark_costs_its_row_alone_and_is_named_with_its_line(load):
    outcome = load("external_id,subject,category,description", 'P-1,One,Hardware,"dark', "P-2,Two,Hardware,fine")
    assert [ticket.external_id for ticket in db.session.query(Ticket)] == ["P-2"]
    assert [(str(bad.place), bad.why) for bad in outcome.bad] == [
        ("line 2", "The quotation mark opened on line 2 is not closed.")
    ]


def test_names_of_columns_and_values_can_be_given(load):
    load(
        "Nr,Title,State,Who",
        "A-1,Screen,In Arbeit,Ada Byron <ada@example.com>",
        maps=["Nr=external_id", "Title=subject", "State=status", "Who=requester", "status:In Arbeit=open"],
    )
    assert (only().subject, only().status, only().requester.email) == ("Screen", "open", "ada@example.com")
    assert only().requester.name == "Ada Byron"


@pytest.mark.parametrize("text", ["Nr", "=subject", "Nr=nonsense"])
def test_a_map_that_says_nothing_is_refused(text):
    with pytest.raises(Refused):
        parse_maps("", [text])


# ---- what is changed so that a row can be kept


def test_a_long_subject_is_cut_and_stands_whole_in_the_description(load):
    subject = "Long " * 51
    outcome = load(HEADER, f"A-1,{subject},Text,")
    assert only().subject == subject[:200].rstrip()
    assert only().description == f"{subject.strip()}\n\nText"
    assert outcome.changes == {"subject_cut": 1}


def test_a_short_subject_and_an_empty_description_are_kept_and_an_empty_subject_is_named(load):
    outcome = load(HEADER, "A-1,PC,,", "A-2,,Text,")
    assert (only().subject, only().description) == ("PC", "(no description)")
    assert outcome.changes == {"no_description": 1}
    assert [bad.why for bad in outcome.bad] == ["subject is empty."]


def test_html_becomes_text_and_what_only_looks_like_it_stays(load):
    load(
        "Issue key,Summary,Description",
        'A-1,One,"<p>Hello&nbsp;&amp; <b>bye</b></p><ul><li>a</li><li>b</li></ul><script>x()</script>"',
        'A-2,Two,"if a < b and c > d"',
        system="jira",
    )
    texts = [ticket.description for ticket in db.session.query(Ticket).order_by(Ticket.external_id)]
    assert texts == ["Hello & bye\n\n- a\n- b", "if a < b and c > d"]


def test_a_person_who_is_only_a_name_is_kept_in_the_description(load):
    outcome = load("Issue key,Summary,Description,Reporter", "A-1,One,Text,jsmith", system="jira")
    assert only().description == "Requester: jsmith\n\nText" and outcome.changes == {"named_in_text": 1}


# ---- times


def test_times_without_a_zone_are_those_of_the_desk(load):
    now = transactions.now() - timedelta(minutes=1)
    load(
        f"{HEADER},created_at",
        "A-1,Screen,Dark,,2026-03-31 14:05",
        f"A-2,Screen,Dark,,{now.astimezone(BERLIN):%Y-%m-%d %H:%M}",
        zone=BERLIN,
    )
    first, second = db.session.query(Ticket).order_by(Ticket.external_id)
    assert first.created_at == datetime(2026, 3, 31, 12, 5, tzinfo=timezone.utc)
    assert second.created_at == now.replace(second=0, microsecond=0)


def test_where_day_and_month_could_be_taken_for_each_other_it_asks(load):
    lines = f"{HEADER},created_at", "A-1,Screen,Dark,,03/04/2026"
    with pytest.raises(Refused, match="created_at .*--dates day-first or --dates month-first"):
        load(*lines)
    assert db.session.query(Ticket).count() == 0
    load(*lines, order="month-first")
    assert only().created_at == datetime(2026, 3, 4, tzinfo=timezone.utc)


# ---- conversations


def test_comments_of_jira_come_along_in_their_order_with_their_authors(load, cast):
    load(
        "Issue key,Summary,Created,Comment,Comment",
        'IT-7,Screen,31/Mar/26 9:00 AM,"02/Apr/26 9:00 AM;cleo@example.com;Try the other cable",'
        '"01/Apr/26 9:00 AM;jsmith;Any news?"',
        system="jira",
    )
    messages = db.session.query(Message).order_by(Message.id).all()
    assert [message.body for message in messages] == ["jsmith:\n\nAny news?", "Try the other cable"]
    assert messages[1].author is cast.cleo and messages[1].created_at.day == 2
    assert only().activity_at == messages[1].created_at
    assert [event.kind for event in db.session.query(Event).order_by(Event.id)][-2:] == ["replied", "replied"]
    assert db.session.query(Delivery).count() == 0


def test_a_second_file_brings_replies_and_notes(load, cast):
    replies = (
        "external_id,author_email,at,text,internal\n"
        "A-1,ada@example.com,2026-03-31 14:05,Still dark,no\nA-1,dan@example.com,2026-03-31 15:00,Old cable,yes\n"
    )
    load(HEADER, "A-1,Screen,Dark,", replies=replies)
    assert [(m.kind, m.body, m.author.email) for m in db.session.query(Message).order_by(Message.id)] == [
        ("reply", "Still dark", "ada@example.com"),
        ("note", "Old cable", "dan@example.com"),
    ]
    load(HEADER, "A-1,Screen,Dark,", replies=replies)
    assert db.session.query(Message).count() == 2


# ---- trying and taking back


def test_a_trial_counts_and_writes_nothing(load):
    outcome = load(HEADER, "A-1,Screen,,Hardware", "A-2,,Text,", check=True)
    assert (outcome.added, len(outcome.bad), outcome.changes) == (1, 1, {"no_description": 1})
    for table in (Ticket, Person, Category, Event, Import):
        assert db.session.query(table).count() == 0


def test_an_import_is_taken_back_but_for_what_somebody_has_worked_on(load, cast):
    outcome = load(HEADER, *(f"A-{n},Screen,Dark,Hardware" for n in range(5)))
    worked_on = db.session.query(Ticket).order_by(Ticket.id).first()
    builders.note(worked_on, by=cast.cleo)
    own = builders.ticket(cast.ada)
    assert undo.take_back(outcome.number, by=cast.eve, progress=lambda count: None) == (4, 1)
    assert {ticket.id for ticket in db.session.query(Ticket)} == {worked_on.id, own.id}
    with pytest.raises(Refused, match="taken back already"):
        undo.find(outcome.number)
    assert load(HEADER, *(f"A-{n},Screen,Dark,Hardware" for n in range(5))).added == 4


def test_work_that_is_under_way_while_an_import_is_taken_back_is_waited_for_and_stays(load, cast, app):
    number, found, begun = load(HEADER, "A-1,Screen,Dark,").number, [], threading.Event()
    ticket_id = only().id
    db.session.rollback()

    def take_back():
        with app.app_context():
            begun.set()
            found.append(undo.take_back(number, by=None, progress=lambda count: None))

    other = threading.Thread(target=take_back)
    with transactions.writing():
        ticket = db.session.get(Ticket, ticket_id, with_for_update=True)
        other.start()
        begun.wait(5)
        time.sleep(0.5)  # Time enough to remove the ticket, where nothing is waited for.
        messages.note(ticket, "On it", by=cast.cleo)
    other.join(20)
    assert found == [(0, 1)]
    assert db.session.query(Message).one().body == "On it"


def test_an_import_that_adds_nothing_leaves_nothing_to_take_back(load):
    load(HEADER, "A-1,Screen,Dark,")
    assert load(HEADER, "A-1,Screen,Dark,").number is None
    assert db.session.query(Import).count() == 1
