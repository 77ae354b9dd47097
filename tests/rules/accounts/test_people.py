"""People: who is who, who may become what, and that there is always an admin."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from helpdesk.accounts import people, self_service, sessions
from helpdesk.db import transactions
from helpdesk.errors import Refused
from helpdesk.tickets import tickets
from models import Delivery, Event, Person, db
from tests.support import cast as parts
from tests.support.builders import act, ticket


def kinds():
    return [event.kind for event in db.session.query(Event).order_by(Event.id)]


def mails():
    return [(one.email, one.mail) for one in db.session.query(Delivery).order_by(Delivery.id)]


# ---- roles


def test_the_last_admin_can_be_neither_demoted_nor_switched_off(cast):
    for refused in (
        lambda: people.set_role(cast.eve, "agent", by=cast.eve),
        lambda: people.switch_off(cast.eve, by=cast.eve),
    ):
        with pytest.raises(Refused, match="last admin"):
            act(refused)
    assert db.session.get(Person, cast.eve.id).role == "admin"


def test_an_invited_admin_who_never_came_does_not_count_as_one(cast):
    act(people.invite, "Fay Moreau", "fay@example.com", role="admin", by=cast.eve)
    with pytest.raises(Refused, match="last admin"):
        act(people.set_role, cast.eve, "user", by=cast.eve)


def test_an_invited_admin_can_be_demoted(cast):
    fay = act(people.invite, "Fay Moreau", "fay@example.com", role="admin", by=cast.eve)
    act(people.set_role, fay, "user", by=cast.eve)
    assert fay.role == "user"


def test_two_admins_who_demote_each_other_at_once_leave_one(app, cast):
    act(people.set_role, cast.dan, "admin", by=cast.eve)
    pairs = [(cast.dan.id, cast.eve.id), (cast.eve.id, cast.dan.id)]
    db.session.rollback()

    def demote(pair):
        with app.app_context():
            for _try in range(3):
                try:
                    with transactions.writing():
                        one, by = (db.session.get(Person, number) for number in pair)
                        people.set_role(one, "user", by=by)
                    return True
                except Refused:
                    return False
                except Exception as error:
                    if not transactions.lost_a_race(error):
                        raise

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(demote, pairs)) == [False, True]
    assert db.session.query(Person).filter_by(role="admin").count() == 1


def test_whoever_is_no_agent_any_more_gives_open_tickets_back(cast):
    held = ticket(cast.ada)
    act(tickets.assign, held, to=cast.cleo, by=cast.eve)
    cast.cleo.wants_every_new = True
    db.session.commit()
    act(people.set_role, cast.cleo, "user", by=cast.eve)
    assert held.assignee is None and not cast.cleo.wants_every_new


# ---- switching off and on


def test_switching_off_ends_sessions_and_gives_open_tickets_back(cast):
    held, done = ticket(cast.ada), ticket(cast.ada)
    for one in (held, done):
        act(tickets.assign, one, to=cast.dan, by=cast.eve)
    act(tickets.set_status, done, "closed", by=cast.dan)
    token = act(sessions.start, cast.dan, keep=True, ip="127.0.0.1", user_agent="")
    act(people.switch_off, cast.dan, by=cast.eve)
    assert sessions.find(token) is None
    assert held.assignee is None and done.assignee is cast.dan
    act(people.switch_on, cast.dan, by=cast.eve)
    assert sessions.find(token) is None


def test_whoever_is_switched_off_cannot_be_switched_off_again_nor_invited(cast):
    for refused in (people.switch_off, people.invite_again, people.copy_link):
        with pytest.raises(Refused, match="switched off"):
            act(refused, cast.zoe, by=cast.eve)


# ---- registering where mail is sent


def test_a_new_address_gets_a_mail_to_confirm_it(app):
    act(self_service.register_quietly, "Fay Moreau", "Fay@Example.com", "hash")
    assert (kinds(), mails()) == (["registered"], [("fay@example.com", "confirm")])
    assert db.session.query(Person).one().confirmed_at is None


def test_a_taken_address_gets_a_mail_about_it_and_keeps_its_password(cast):
    act(self_service.register_quietly, "Somebody Else", "ada@example.com", "other hash")
    assert mails() == [("ada@example.com", "already_registered")]
    assert cast.ada.password_hash == parts.hashed() and cast.ada.name == "Ada Okafor"


def test_registering_again_before_confirming_lets_the_owner_of_the_mailbox_choose_the_password(app):
    act(self_service.register_quietly, "Fay Moreau", "fay@example.com", "first hash")
    act(self_service.register_quietly, "Not Fay", "fay@example.com", "second hash")
    fay = db.session.query(Person).one()
    assert (fay.name, fay.password_hash) == ("Fay Moreau", None)
    assert mails()[-1] == ("fay@example.com", "reset")


def test_registering_with_the_address_of_somebody_invited_sets_no_password_for_them(cast):
    act(people.invite, "Fay Moreau", "fay@example.com", role="agent", by=cast.eve)
    act(self_service.register_quietly, "Not Fay", "fay@example.com", "hash")
    fay = people.by_address("fay@example.com")
    assert (fay.password_hash, fay.name) == (None, "Fay Moreau")
    assert mails() == [("fay@example.com", "invitation")] * 2


def test_nothing_happens_for_whoever_is_switched_off(cast):
    act(self_service.register_quietly, "Zoe", "zoe@example.com", "hash")
    act(self_service.ask_reset, "zoe@example.com")
    assert kinds() == ["registered_again", "reset_asked_in_vain"] and mails() == []
    assert cast.zoe.password_hash == parts.hashed() and not cast.zoe.is_active


def test_a_forgotten_password_is_no_way_to_an_account_without_invitation(cast):
    act(self_service.ask_reset, "mel@example.com")
    act(self_service.ask_reset, "nobody@example.com")
    assert kinds() == ["reset_asked_in_vain"] * 2 and mails() == []
    act(people.invite, "Mel Duarte", "mel@example.com", role="user", by=cast.eve)
    act(self_service.ask_reset, "mel@example.com")
    assert mails() == [("mel@example.com", "invitation")] * 2


# ---- addresses and names


def test_an_address_is_one_person_however_it_is_typed(cast):
    assert people.by_address(" ADA@Example.COM ") is cast.ada
    with pytest.raises(Refused, match="account already"):
        act(people.add, "Ada Two", "ADA@example.com")


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "@example.com", "a@b@c", "x" * 300 + "@example.com", "a\x00@b.c"])
def test_an_address_that_is_none_belongs_to_nobody(cast, typed):
    assert people.by_address(typed) is None


@pytest.mark.parametrize("typed", ["Ada Okafor <ada@example.com>", "ada@example.com", "ADA  OKAFOR", "Ada Okáfor"])
def test_agents_name_people_as_they_like(cast, typed):
    assert people.named(typed, by=cast.cleo, server="") is cast.ada


def test_a_name_that_two_people_have_is_asked_about(cast):
    act(people.add, "Ada Okafor", "ada2@example.com")
    with pytest.raises(Refused, match="Several people"):
        people.named("Ada Okafor", by=cast.cleo, server="")


@pytest.mark.parametrize(
    "typed, found",
    [
        ("oka", ["Ada Okafor"]),
        ("ÁDA", ["Ada Okafor"]),
        ("hart cleo", ["Cleo Hart"]),
        ("dan@ex", ["Dan Ruiz"]),
        ("100%", []),
        ("a_a", []),
        ("\\", []),
    ],
)
def test_people_are_found_by_parts_of_name_and_address(cast, typed, found):
    assert [person.name for person in people.search(typed)] == found


def test_an_address_with_accents_is_found_by_them(cast):
    act(people.add, "Jörg Müller", "jörg@example.com")
    assert [person.name for person in people.search("jörg@")] == ["Jörg Müller"]


def test_states_say_who_can_sign_in(cast):
    fay = act(people.invite, "Fay Moreau", "fay@example.com", role="user", by=cast.eve)
    act(self_service.register_quietly, "Gus Lee", "gus@example.com", "hash")
    some = [cast.ada, cast.mel, cast.zoe, fay, people.by_address("gus@example.com")]
    invited = people.invited(some)
    states = [people.state(person, person.id in invited) for person in some]
    assert states == ["active", "address", "off", "invited", "unconfirmed"]
