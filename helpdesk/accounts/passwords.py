"""Passwords: what is accepted, and Argon2id to keep them."""

from __future__ import annotations

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

# OWASP's minimum for Argon2id: 19 MiB, two passes, one lane. About 17 ms of CPU a sign-in.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash(password: str) -> str:
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def matches(password: str, hashed: str | None) -> bool:
    """Whether it is the right one. Takes the same time where there is nothing to compare with."""
    stand_in = _decoy_hash()
    try:
        _hasher.verify(hashed or stand_in, password.encode("utf-8", "surrogatepass"))
    except (Argon2Error, InvalidHashError):
        return False
    return bool(hashed)


def is_outdated(hashed: str) -> bool:
    return _hasher.check_needs_rehash(hashed)


def is_common(password: str) -> bool:
    """Whether it is among the 30,000 most common passwords (zxcvbn's list), whatever its case."""
    return password.lower() in _common()


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


@cache
def _decoy_hash() -> str:
    return _hasher.hash(secrets.token_bytes(16))
