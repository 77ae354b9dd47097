"""Mails about accounts, as they arrive: whom they greet, and that nobody can put words of their own into them."""

import pytest

from helpdesk.accounts import one_time_links, people, self_service
from helpdesk.db import transactions
from models import db
from tests.support.builders import act, ticket
from tests.support.servers.mailbox import html_of, shown, text_of

CODED = (
    "=?utf-8?q?WIN=20NOW?=",
    "Hi =?UTF-8?B?V0lOIE5PVw==?= ü",
    "=?utf-8?q?WIN=20NOW?= " * 4 + "end",
    "=?x?q?=?utf-8?q?a?=",
)


@pytest.mark.parametrize("typed", CODED)
def test_no_mail_program_reads_other_words_than_were_typed(cast, mailbox, work, typed):
    """A word in the code of RFC 2047 would be decoded by whoever reads the mail, and by nobody who reads the desk."""
    with transactions.writing():
        people.rename(db.session.merge(cast.ada), typed)
    made = ticket(cast.ada, subject=typed)
    work()
    (mail,) = mailbox.messages
    assert shown(mail, "Subject") == f"[#{made.id}] {typed}"
    assert shown(mail, "To") == f"{typed} <ada@example.com>"
    assert max(map(len, mail.as_bytes().splitlines())) < 998


LONG = (
    "x" * 60 + " abc def ghi jkl",
    "Q? is it (x) " * 9 + "end",
    "evil@example.com, " * 6 + "Ada",
    "ünder " * 19,
    "日本" * 60,
)


@pytest.mark.parametrize("name", LONG)
def test_a_long_name_arrives_whole_and_makes_no_second_recipient(cast, mailbox, work, name):
    name = name.strip()
    with transactions.writing():
        people.rename(db.session.merge(cast.ada), name)
    ticket(cast.ada, subject=name)
    work()
    (mail,) = mailbox.messages
    assert [to.addr_spec for to in mail["To"].addresses] == ["ada@example.com"]
    assert shown(mail, "To") == f"{name} <ada@example.com>"
    assert shown(mail, "Subject").endswith(name)


def spammed(email="victim@example.org"):
    act(self_service.register_quietly, SPAM, email, "hash")
    return people.by_address(email)


def by_registering(cast):
    spammed()


def by_signing_in(cast):
    act(self_service.ask_confirmation, spammed())


def by_forgetting(cast):
    act(self_service.ask_reset, spammed().email)


def by_registering_twice(cast):
    spammed()
    spammed()


def by_changing_the_address(cast):
    people.rename(db.session.merge(cast.ada), SPAM)
    db.session.commit()
    act(self_service.ask_address, cast.ada, "victim@example.org", confirm=True)


SPAM = "WIN 1000 EUR http://evil.example"


@pytest.mark.parametrize(
    "cause", [by_registering, by_signing_in, by_forgetting, by_registering_twice, by_changing_the_address]
)
def test_a_mail_that_a_stranger_can_cause_has_no_word_of_theirs(cast, mailbox, work, cause):
    cause(cast)
    work()
    found = mailbox.sent_to("victim@example.org")
    assert found
    for mail in found:
        assert text_of(mail).startswith("Hello,\n") and "<p>Hello,</p>" in html_of(mail)
        for word in (*SPAM.split(), "ada@example.com"):
            assert word not in mail.as_string() and word not in text_of(mail) + html_of(mail)


def test_who_has_confirmed_and_who_is_invited_by_a_colleague_are_greeted_by_name(cast, mailbox, work):
    act(people.invite, "Nia Moss", "nia@example.com", role="agent", by=cast.eve)
    act(self_service.ask_reset, "ada@example.com")
    work()
    for email, name in (("nia@example.com", "Nia Moss"), ("ada@example.com", "Ada Okafor")):
        (mail,) = mailbox.sent_to(email)
        assert mail["To"].addresses[0].display_name == name and text_of(mail).startswith(f"Hello {name},")


def test_who_chooses_a_password_for_the_first_time_gets_no_mail_about_it(cast, mailbox, work):
    token = act(one_time_links.make, cast.mel, "invitation")
    act(lambda: self_service.set_password_by_link(one_time_links.find(token, "invitation"), "hash"))
    act(people.set_role, act(people.add, "Nia", "nia@example.com"), "agent", by=cast.eve)
    work()
    assert mailbox.messages == []


def test_an_account_made_admin_on_the_command_line_hears_of_role_and_password(cast, mailbox, work):
    act(people.make_admin, "Ada Okafor", "ada@example.com", "hash")
    act(people.make_admin, "Kim", "kim@example.com", "hash")
    work()
    assert {mail["Subject"] for mail in mailbox.messages} == {"Your role was changed", "Your password was changed"}
    assert mailbox.sent_to("kim@example.com") == []
