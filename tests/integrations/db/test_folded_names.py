"""The migration that folds names anew: people and tags of an older version are found by plain letters afterwards."""

import logging

import flask_migrate
from sqlalchemy import false, select, text, update

import config
from helpdesk.accounts import people
from helpdesk.db import transactions
from models import NameKey, Person, Tag, TicketTag, db
from tests.support import builders
from tests.support.cast import Cast

FOLDER = str(config.HERE / "migrations")


def fill():
    """Names as the version before has folded them: ł, ø and the like stayed as they are."""
    cast = Cast.make()
    made = [builders.ticket(cast.ada) for _ in range(3)]
    with transactions.writing():
        for name in ("Łukasz Nowak", "Lukasz Nowak"):
            people.add(name, f"{len(name.encode())}@example.com", confirmed_at=transactions.now())
        tickets_tags = {"łódź": (0, 1), "lodz": (1,), "søk": (2,), "plain": (2,)}
        for name in tickets_tags:
            db.session.add(Tag(name=name, folded=name))
        db.session.flush()
        for name, bearing in tickets_tags.items():
            number = db.session.scalar(select(Tag.id).where(Tag.name == name))
            db.session.add_all(TicketTag(ticket_id=made[place].id, tag_id=number) for place in bearing)
        db.session.execute(update(Person).where(Person.name == "Łukasz Nowak").values(folded_name="łukasz nowak"))
    numbers = [one.id for one in made]
    db.session.remove()  # No transaction may stay open while tables change.
    return numbers


def tags_of(number):
    return values(select(Tag.name).join(TicketTag, TicketTag.tag_id == Tag.id).where(TicketTag.ticket_id == number))


def values(wanted):
    with db.engine.connect() as connection:
        return set(connection.scalars(wanted))


def test_people_are_found_by_plain_letters_and_never_joined(empty_desk, caplog):
    flask_migrate.upgrade(FOLDER)
    fill()
    flask_migrate.downgrade(FOLDER, revision="0012")
    assert "łukasz nowak" in values(select(Person.folded_name))
    with caplog.at_level(logging.WARNING, "desk.migrations"):
        flask_migrate.upgrade(FOLDER)
    assert {person.name for person in people.search("lukasz")} == {"Łukasz Nowak", "Lukasz Nowak"}
    db.session.remove()
    assert "read alike" in caplog.text


def test_tags_that_are_the_same_now_become_one_on_all_their_tickets(empty_desk):
    flask_migrate.upgrade(FOLDER)
    first, second, third = fill()
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    for _ in range(2):  # A second time as after an upgrade that was killed.
        flask_migrate.upgrade(FOLDER, revision="0013")
        assert values(select(Tag.folded)) == {"lodz", "sok", "plain"}
        assert [tags_of(number) for number in (first, second, third)] == [{"łódź"}, {"łódź"}, {"søk", "plain"}]
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    flask_migrate.downgrade(FOLDER, revision="0011")


def test_people_of_before_are_found_by_german_spellings_too(empty_desk):
    flask_migrate.upgrade(FOLDER)
    with transactions.writing():
        number = people.add("Jürgen Müller", "j@example.com").id
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM name_keys WHERE name_keys.key LIKE '%ue%'"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0015'"))
    flask_migrate.upgrade(FOLDER, revision="0016")
    keys = select(NameKey.key).where(NameKey.person_id == number, NameKey.is_address == false())
    assert values(keys) == {"jurgen muller", "muller", "juergen mueller", "mueller"}
