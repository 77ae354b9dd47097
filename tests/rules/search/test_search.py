"""Searching: what is found, by whom, in which order, on each database; and that the index follows every act."""

from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from helpdesk.db import transactions
from helpdesk.import_export import import_file, importer
from helpdesk.query import language
from helpdesk.search import search
from helpdesk.search.filters import SearchContext
from helpdesk.search_index import indexer, reindexing
from helpdesk.tickets import editing, messages, splitting, tickets, undo
from models import Event, Message, SearchText, db
from tests.rules.query.test_language import TEXTS_WITH_COLONS
from tests.support import builders
from tests.support.builders import act


def asker(person):
    return SearchContext(person, ZoneInfo("UTC"), transactions.now())


def found(person, typed, page=1):
    """The numbers of the tickets somebody finds, best first."""
    return [row.id for row in search.run(language.parse(typed, search.known_to(person)), asker(person), page).rows]


# ---- what is found


@pytest.mark.parametrize(
    "typed",
    [
        "printer",
        "PRINTER",
        "print",
        "café",
        "cafe",
        "CAFÉ",
        "pc",
        "it",
        "vpn",
        "the vpn",
        "打印",
        "打印机",
        "机",
        "印",
        "한국",
        "принт",
        "straße",
        "strasse",
        '"paper jam"',
        "0x80070005",
        "wi-fi",
        "wifi -toner",
        "user@example.com",
        '"it does not"',
    ],
)
def test_words_are_found_however_they_are_typed(cast, typed):
    builders.ticket(cast.ben, "Something else", "toner")
    made = builders.ticket(
        cast.ada,
        "Printer in the Café: paper jam",
        "PC says 0x80070005. IT help me with the VPN, Wi-Fi and wifi. 打印机坏了 한국어 Принтер Straße "
        "user@example.com it does not",
    )
    assert found(cast.cleo, typed) == [made.id]
    assert found(cast.ada, typed) == [made.id]


@pytest.mark.parametrize("said", TEXTS_WITH_COLONS)
def test_a_text_with_colons_is_found_as_it_was_typed(cast, said):
    parts = " ".join(reversed(said.replace("\\", ":").split(":")))
    made = builders.ticket(cast.ada, "Network", f"It says ({said}), then stops")
    builders.ticket(cast.ada, "Network", f"It says {parts}")
    for person in (cast.cleo, cast.ada):
        assert found(person, said) == [made.id] == found(person, f'network -toner status:new "{said}"')


@pytest.mark.parametrize(
    "typed", ["rinter", '"print"', '"jam paper"', "printer scanner", "printer -jam", "p", "_paper_jam_x"]
)
def test_what_is_not_said_is_not_found(cast, typed):
    builders.ticket(cast.ada, "Printer has a paper jam", "See subject")
    assert found(cast.cleo, typed) == [] == found(cast.ada, typed)


def test_all_words_must_be_said_but_not_in_one_message(cast):
    made = builders.ticket(cast.ada, "Laptop is slow", "It takes ages to start")
    builders.reply(made, "Please try another charger", by=cast.cleo)
    assert found(cast.cleo, "laptop charger ages") == [made.id] == found(cast.ada, "laptop charger ages")
    assert found(cast.cleo, "laptop charger monitor") == []


def test_a_phrase_does_not_reach_from_one_message_into_the_next(cast):
    made = builders.ticket(cast.ada, "Desk phone", "It ends in red")
    builders.reply(made, "Apple pie", by=cast.cleo)
    assert found(cast.cleo, '"red apple"') == [] == found(cast.ada, '"red apple"')
    assert found(cast.cleo, '"apple pie"') == [made.id]


def test_words_in_the_subject_come_first_then_the_newest(cast):
    first = builders.ticket(cast.ada, "Keyboard broken", "x")
    second = builders.ticket(cast.ada, "Something", "my keyboard")
    third = builders.ticket(cast.ada, "Keyboards for all", "x")
    fourth = builders.ticket(cast.ada, "Else", "a keyboard too")
    assert found(cast.cleo, "keyboard") == [first.id, third.id, fourth.id, second.id]


def test_words_and_filters_together(cast):
    hardware = builders.category()
    ours = builders.ticket(cast.ada, "Printer one", "x", category=hardware, priority="high")
    builders.ticket(cast.ada, "Printer two", "x", category=hardware)
    builders.ticket(cast.ben, "Scanner", "x", category=hardware, priority="high")
    assert found(cast.cleo, "printer category:hardware priority:high,urgent") == [ours.id]
    assert found(cast.cleo, "category:hardware requester:ben") != [] == found(cast.cleo, "printer requester:ben")


def test_beginnings_are_enough_from_three_letters_on_unless_they_are_common_words_themselves(cast):
    made = builders.ticket(cast.ada, "Computer", "Format the whole disk")
    for typed in ("comp", "for whole", "form", "dis", "who", "co", "fo"):
        assert found(cast.cleo, typed) == ([made.id] if typed in ("comp", "form", "dis") else []), typed


# ---- who finds it


def test_a_requester_never_finds_a_ticket_by_its_notes(cast):
    made = builders.ticket(cast.ada, "Laptop", "Will not start")
    builders.note(made, "Suspected theft, ask Zanzibar", by=cast.cleo)
    assert found(cast.cleo, "zanzibar") == [made.id] == found(cast.cleo, "laptop zanzibar")
    assert found(cast.ada, "zanzibar") == [] == found(cast.ada, "laptop zanzibar")
    assert found(cast.ada, "laptop -zanzibar") == [made.id]
    assert found(cast.cleo, "laptop -zanzibar") == []


def test_users_find_only_what_they_asked_for_or_watch(cast):
    own, watched, other = (builders.ticket(who, "Printer", "x") for who in (cast.ada, cast.ben, cast.ben))
    act(tickets.add_watcher, watched, watcher=cast.ada, by=cast.cleo)
    assert set(found(cast.ada, "printer")) == {own.id, watched.id} == set(found(cast.ada, "status:new"))
    assert set(found(cast.cleo, "printer")) == {own.id, watched.id, other.id}


def test_what_is_in_the_trash_is_found_by_nobody(cast):
    made = builders.ticket(cast.ada, "Printer", "x")
    act(tickets.trash, made, by=cast.eve)
    for person in (cast.ada, cast.cleo, cast.eve):
        assert found(person, "printer") == [] == found(person, "status:new")


# ---- the index follows every act


def test_the_index_follows_what_is_written_corrected_and_edited(cast):
    made = builders.ticket(cast.ada, "First subject", "alpha")
    act(editing.edit, made, subject="Second subject", description="bravo", by=cast.cleo)
    builders.reply(made, "charlie", by=cast.cleo)
    builders.note(made, "delta", by=cast.cleo)
    assert [found(cast.cleo, word) for word in ("alpha", "first")] == [[], []]
    for word in ("second", "bravo", "charlie", "delta"):
        assert found(cast.cleo, word) == [made.id], word
    for message in db.session.scalars(select(Message)).all():
        act(messages.correct, message, f"now {message.kind}", by=cast.cleo)
    assert found(cast.cleo, "charlie") == [] == found(cast.cleo, "delta")
    assert found(cast.cleo, '"now note"') == [made.id] == found(cast.ada, '"now reply"')
    assert found(cast.ada, '"now note"') == []


def test_a_ticket_made_of_a_reply_is_found_and_so_is_what_is_said_on_it_later(cast):
    made = builders.ticket(cast.ada, "Laptop", "x")
    builders.reply(made, "My wombat is loose", by=cast.ada)
    said = db.session.scalars(select(Message)).one()
    new = act(splitting.split, said, "Unicorn at large", by=cast.cleo)
    assert found(cast.cleo, "unicorn wombat") == [new.id] == found(cast.ada, "unicorn wombat")
    builders.reply(new, "Caught it", by=cast.cleo)
    assert found(cast.ada, "unicorn caught") == [new.id]


def test_a_reply_taken_back_is_found_no_more(make_app, cast):
    with make_app(UNDO_SECONDS="60").app_context():
        made = builders.ticket(db.session.merge(cast.ada), "Laptop", "x")
        cleo = db.session.merge(cast.cleo)
        builders.reply(made, "wombat", by=cleo)
        assert found(cleo, "wombat") == [made.id]
        event = db.session.scalar(select(Event).where(Event.kind == "replied"))
        act(undo.undo, event, by=cleo)
        assert found(cleo, "wombat") == [] and found(cleo, "laptop") == [made.id]
        db.session.remove()


def test_a_ticket_that_is_removed_leaves_the_index(cast):
    made = builders.ticket(cast.ada, "Wombat", "x")
    act(tickets.trash, made, by=cast.eve)
    act(tickets.purge, made, by=cast.eve)
    assert db.session.scalar(select(func.count()).select_from(SearchText)) == 0
    if db.engine.dialect.name == "sqlite":
        assert db.session.scalar(text("SELECT count(*) FROM search_index WHERE search_index MATCH 'wombat'")) == 0
        db.session.execute(text("INSERT INTO search_index(search_index, rank) VALUES ('integrity-check', 1)"))


def test_imported_tickets_are_found(cast, tmp_path):
    file = tmp_path / "tickets.csv"
    file.write_text("external_id,subject,description,category\nA1,Wombat at large,in the lobby,Animals\n")
    importer.run(import_file.examine(file), host="desk.test", progress=lambda lines: None)
    assert len(found(cast.cleo, "wombat lobby")) == 1


def test_rebuilding_gives_the_same_documents(cast):
    made = [builders.ticket(cast.ada, f"Ticket {number}", "x") for number in range(3)]
    builders.reply(made[0], "one", by=cast.cleo)
    builders.note(made[0], "two", by=cast.cleo)
    builders.reply(made[0], "three", by=cast.ada)
    rows = select(SearchText.ticket_id, SearchText.subject, SearchText.public_text, SearchText.internal_text)
    before = db.session.execute(rows.order_by(SearchText.ticket_id)).all()
    told = []
    assert reindexing.rebuild(told.append) == 3 == sum(told)
    assert db.session.execute(rows.order_by(SearchText.ticket_id)).all() == before


def test_a_conversation_longer_than_the_index_holds_is_cut_at_a_word(cast, monkeypatch):
    monkeypatch.setattr(indexer, "TEXT_MAX", 60)
    made = builders.ticket(cast.ada, "Laptop", "word " * 8)
    builders.reply(made, "another " * 8, by=cast.cleo)
    document = db.session.get(SearchText, made.id).public_text
    assert len(document) <= 61 and document.endswith(" ")
    assert found(cast.cleo, "laptop") == [made.id]
