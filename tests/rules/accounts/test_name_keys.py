"""People found by their names: the keys follow every name and address, and the index of keys is what is asked."""

import pytest

from helpdesk.accounts import name_keys, one_time_links, people, self_service
from helpdesk.db import transactions
from helpdesk.import_export import importer
from helpdesk.import_export.import_file import examine
from helpdesk.query import language
from helpdesk.search import autocomplete, filters, search
from models import NameKey, OneTimeLink, Person, db
from tests.rules.search.test_search import asker
from tests.support.builders import act


def called(value, who):
    found = filters.called(value, asker(who))
    everybody = db.session.query(Person).order_by(Person.id)
    assert found == [one.id for one in everybody if filters.is_called(value, one, asker(who))]
    return [db.session.get(Person, number).name for number in found]


def named(person, name):
    people.rename(db.session.get(Person, person.id), name)


@pytest.mark.parametrize(
    "value, found",
    [
        ("robert", True),
        ("bob sm", True),
        ("SMITH", True),
        ("łukasz", True),
        ("robert bob smith lukasz", True),
        ("obert", False),
        ("bob lukasz", False),
        ("smith@", False),
        ("%", False),
        ("rob_rt", False),
    ],
)
def test_somebody_is_found_by_the_beginning_of_any_of_their_names(cast, value, found):
    act(people.add, 'Robert "Bob"  Smith Łukasz', "r@example.com")
    for who in (cast.cleo, cast.ada):
        assert called(value, who) == ['Robert "Bob"  Smith Łukasz'] * found


GERMAN = {
    "mueller": 1,
    "muller": 1,
    "müller": 2,
    "juergen mu": 1,
    "jurgen m": 1,
    "Jürgen": 1,
    "neu": 1,
    "mulle": 1,
    "mulr": 0,
}


@pytest.mark.parametrize("value", GERMAN)
def test_names_with_german_vowels_are_found_by_either_spelling(cast, value):
    act(people.add, "Jürgen Müller", "j@example.com")
    act(people.add, "Anna Neue", "neue@example.com")
    if value == "müller":
        act(people.add, "Tom Mueller", "t@example.com")
    assert len(called(value, cast.cleo)) == len(called(value, cast.ada)) == GERMAN[value]
    assert len(people.search(value)) == GERMAN[value]
    offered = [c.text for c in autocomplete.complete(f'requester:"{value}', search.known_to(cast.cleo), cast.cleo)]
    assert len(offered) == GERMAN[value]


@pytest.mark.parametrize("name", ["Łukasz", "Søren", "Đorđe", "Ægir", "Œuvre", "Straße"])
def test_names_are_offered_by_the_plain_letters_of_any_keyboard(cast, name):
    typed = {"Ł": "lukasz", "S": "soren", "Đ": "dorde", "Æ": "aegir", "Œ": "oeuvre"}.get(name[0], "")
    typed = "strasse" if name == "Straße" else typed
    act(people.add, f"{name} Nowak", "n@example.com", role="agent", confirmed_at=transactions.now(), password_hash="x")
    for field in ("requester", "assignee"):
        for begun in (typed, typed[:3], name):
            (choice,) = autocomplete.complete(f"{field}:{begun}", search.known_to(cast.cleo), cast.cleo)
            assert choice.text == f'{field}:"{typed} nowak" '
    assert [one.name for one in people.suggestions(typed)] == [f"{name} Nowak"] == called(typed, cast.ada)


@pytest.mark.parametrize("value, found", [("ada", 1), ("ada@example.com", 1), ("ad@", 0), ("ada@example", 0)])
def test_agents_find_people_by_their_address_and_requesters_do_not(cast, value, found):
    act(named, cast.ada, "Zora")
    assert called(value, cast.cleo) == ["Zora"] * found and called(value, cast.ben) == []


def test_an_address_with_umlauts_is_found_as_it_is_typed(cast):
    act(people.add, "Mel Away", "jürgen@bücher.example")
    for typed in ("jürgen@bücher.example", "Jürgen@Bücher.example", "jurgen"):
        (wanted,) = language.parse(f"requester:{typed}", search.known_to(cast.cleo)).parts
        assert called(wanted.values[0], cast.cleo) == ["Mel Away"] and called(wanted.values[0], cast.ben) == []


def test_the_keys_follow_a_new_name_and_a_new_address(cast):
    act(named, cast.ada, "Grace Hopper")
    act(one_time_links.make, cast.ada, "address", email="hopper@example.com")
    act(self_service.change_address, db.session.query(OneTimeLink).one())
    assert called("okafor", cast.cleo) == [] == called("ada", cast.cleo)
    assert called("hop", cast.cleo) == ["Grace Hopper"] == called("hopper@example.com", cast.cleo)
    act(named, cast.ada, "Grace Okafor")
    assert called("hopp", cast.cleo) == [] and called("grace o", cast.cleo) == ["Grace Okafor"]


def test_who_comes_by_an_invitation_or_an_import_is_found(cast, tmp_path):
    act(people.invite, "Mel Invited", "mel@example.com", role="user", by=cast.eve)
    assert called("invi", cast.cleo) == ["Mel Invited"] and called("duarte", cast.cleo) == []
    file = tmp_path / "tickets.csv"
    file.write_text(
        "external_id,subject,description,category,requester_email\nA-1,x,y,,Grace Hopper <g.h@navy.example>"
    )
    importer.run(examine(file), host="desk.test", progress=lambda lines: None)
    assert called("hopper", cast.cleo) == ["Grace Hopper"] == called("g.h@navy.example", cast.cleo)


def test_without_a_person_there_are_no_keys(cast):
    number = cast.mel.id
    with transactions.writing():
        db.session.delete(db.session.get(Person, number))
    assert db.session.query(NameKey).filter_by(person_id=number).count() == 0


def test_everybody_of_the_cast_has_the_keys_that_a_migration_would_give_them(cast):
    known = {(row.person_id, row.is_address, row.key) for row in db.session.query(NameKey)}
    with transactions.writing():
        db.session.query(NameKey).delete()
        everybody = [(one.id, one.name, one.email) for one in db.session.query(Person)]
        name_keys.write_new(everybody)
    assert {(row.person_id, row.is_address, row.key) for row in db.session.query(NameKey)} == known
