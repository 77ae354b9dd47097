"""What is accepted as a password, and how it is kept."""

import pytest

from helpdesk.accounts import passwords


@pytest.mark.parametrize(
    "password", ["with spaces  ", "🔥🦊🐙🌍🎉🧩🍎🚲", "ключ от двери", "a\x00b\x00c\x00d\x00", "x" * 128]
)
def test_a_password_may_hold_any_character(password):
    hashed = passwords.hash(password)
    assert passwords.matches(password, hashed)
    assert not passwords.matches(password.strip() + "!", hashed)


def test_blanks_at_the_edges_are_part_of_a_password():
    assert not passwords.matches("twelve chars", passwords.hash("twelve chars "))


def test_passwords_are_kept_as_argon2id_and_two_hashes_of_one_differ():
    first, second = passwords.hash("correct horse"), passwords.hash("correct horse")
    assert first.startswith("$argon2id$") and first != second


@pytest.mark.parametrize("hashed", [None, "", "not a hash"])
def test_where_there_is_nothing_to_compare_with_nothing_matches(hashed):
    assert not passwords.matches("nobody has this one", hashed)


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "qwertyuiop", "iloveyou1", "football1"])
def test_common_passwords_are_known_whatever_their_case(password):
    assert passwords.is_common(password)


def test_the_list_of_common_passwords_holds_thousands_that_are_long_enough_to_be_typed():
    assert sum(len(password) >= 8 for password in passwords._common()) >= 3000
    assert not passwords.is_common("correct horse 9 battery")


def test_a_hash_of_weaker_settings_is_told_apart():
    assert passwords.is_outdated("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")
    assert not passwords.is_outdated(passwords.hash("correct horse"))
