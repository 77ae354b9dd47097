"""Email addresses: what is one, the one form in which all its spellings are stored, and the form for mail servers."""

import unicodedata

import pytest

from helpdesk.accounts import people
from helpdesk.email_addresses import NotAnAddress, comparable, fold_address, needs_smtputf8, on_the_wire
from helpdesk.errors import Refused
from tests.support.builders import act


@pytest.mark.parametrize(
    "typed",
    [
        "ada@example.com",
        "Ada@Example.COM",
        " ada@example.com ",
        "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        "ａda@example.com",
        "ada@example。com",
        "a\u00adda@exam\u00adple.com",
        "a\u200bda@example.com",
        "ada@ex\u2060ample.com",
        "\ufeffada@example.com",
        "\u202aada@example.com\u202c",
        "a\u202eda@example.com",
        "\u2068ada@example.com\u2069",
        "ada\u200e@example.com\u200f",
    ],
)
def test_an_address_is_stored_one_way(typed):
    assert fold_address(typed) == "ada@example.com"


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c.com", "x" * 300 + "@a.com", "ada@10.0.0.5"]
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(NotAnAddress):
        fold_address(typed)


@pytest.mark.parametrize(
    "typed",
    ["ada@corp.local", "ada@host.home.arpa", "ada@mail.intern", "ada@desk.internal", "ada@a.test", "ada@x.lan"],
)
def test_a_name_of_a_company_s_own_network_is_a_domain(typed):
    assert fold_address(typed.upper()) == typed == on_the_wire(typed)


@pytest.mark.parametrize("typed", ["ada@intern", "ada@localhost", "ada@local"])
def test_a_domain_without_a_dot_is_refused_with_what_is_missing(app, typed):
    with pytest.raises(NotAnAddress, match="no dot. Please type the whole domain"):
        fold_address(typed)


@pytest.mark.parametrize("typed", ["ada@x.invalid", "ada@x.localhost", "ada@x.onion"])
def test_a_domain_to_which_no_mail_can_go_is_refused(app, typed):
    with pytest.raises(NotAnAddress, match="No mail can arrive at this domain"):
        fold_address(typed)


@pytest.mark.parametrize("address", ["jürgen@example.com", "ǰ@example.com", "ada@bücher.example", "ﬁ@example.com"])
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_composed_and_decomposed_letters_are_the_same_in_small_and_capital(address, form):
    for typed in (address, address.upper()):
        assert fold_address(unicodedata.normalize(form, typed)) == fold_address(address)


@pytest.mark.parametrize("typed", ["jürgen@example.com", "İ@example.com", "ΟΔΟΣ@example.com", "ada@straße.de"])
def test_what_is_stored_stays_as_it_is_when_it_is_typed_again(typed):
    assert fold_address(fold_address(typed)) == fold_address(typed)


@pytest.mark.parametrize(
    "typed, stored, wire",
    [
        ("ada@bücher.example", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@straße.de", "ada@straße.de", "ada@xn--strae-oqa.de"),
        ("jürgen@BÜCHER.example", "jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_stored_as_people_read_it_and_goes_to_mail_servers_in_ascii(typed, stored, wire):
    assert (fold_address(typed), on_the_wire(stored)) == (stored, wire)
    assert needs_smtputf8(stored) == (not typed.startswith("ada"))


def test_streets_with_and_without_a_sharp_s_are_two_domains():
    assert fold_address("ada@straße.de") != fold_address("ada@strasse.de")


def test_every_spelling_finds_the_one_account(cast):
    juergen = act(people.add, "Jürgen", "jürgen@bücher.example")
    for typed in ("ju\u0308rgen@bu\u0308cher.example", "JÜRGEN@xn--bcher-kva.example", "ｊürgen＠bücher．example"):
        assert people.by_address(typed) is juergen
        assert people.named(f"Jürgen <{typed}>", by=cast.cleo, server="") is juergen
        with pytest.raises(Refused, match="has an account already"):
            act(people.add, "Somebody", typed)
    assert people.search("ju\u0308rgen@bu\u0308cher") == [juergen]


def test_a_name_beside_the_address_is_kept_and_the_address_folded(cast):
    new = act(people.named, "Anna Öz <ａｎｎａ＠ｃｏｒｐ．ｌｏｃａｌ>", by=cast.cleo, server="")
    assert (new.name, new.email) == ("Anna Öz", "anna@corp.local")
    assert comparable("ＡＮＮＡ＠") == "anna@"
