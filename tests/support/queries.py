"""Made-up queries, for tests of the language and of what it finds.

Each grows from one number, which Hypothesis draws: to draw word by word took as long as to look for what they ask.
"""

import os
from datetime import date
from random import Random

from hypothesis import HealthCheck, Phase, settings, strategies as some

from helpdesk.query import language

# How many all tests with made-up queries of a desk try together.
GENERATED = int(os.environ.get("GENERATED_QUERIES", "1000"))

STATUSES = ("new", "open", "pending", "resolved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
CATEGORIES = ("Hardware", "Access rights", "100 % & more, or_less")
PEOPLE = ("me", "nobody", "ada", '"ben adeyemi"', "cleo@example.com", "dan", "ad%", "e_e", "o'brien", "x")
TIMES = ("today", "yesterday", "2026", "2026-02", "2026-1-5..2026-03", ">2026-01-01", "<=2026-02-28")
WORDS = "printer print % _ it pc 打印 café \\ zanzibar".split() + ["'; drop table tickets; --", '"paper jam"']
DAYS = range(date(1970, 1, 1).toordinal(), date(9000, 1, 1).toordinal())


def moment(chance):
    age = f"{chance.choice(['', '<', '>'])}{chance.randrange(10_000)}{chance.choice('hdwmy')}"
    day = f"{chance.choice(['', '<', '>', '<=', '>='])}{date.fromordinal(chance.choice(DAYS))}"
    return chance.choice([chance.choice(TIMES), age, day])


def one_of(*choices):
    return lambda chance: chance.choice(choices)


VALUES = {
    "status": one_of(*STATUSES),
    "priority": one_of(*PRIORITIES),
    "category": one_of("none", *(f'"{name}"' for name in CATEGORIES)),
    "assignee": one_of(*PEOPLE),
    "requester": one_of(*PEOPLE),
    "created": moment,
    "updated": moment,
    "is": one_of(*language.IS),
    "has": one_of("reply", "file"),
}
FOR_AGENTS = VALUES | {
    "has": one_of("reply", "note", "file"),
    "tag": one_of("vpn", "VPN", '"new  starter"', "new", "x"),
}


def filters(chance, values):
    """One to four filters, each with up to three values, some turned round."""
    names = chance.choices(list(values), k=chance.randint(1, 4))
    return " ".join(
        chance.choice(["", "-"]) + f"{name}:" + ",".join(values[name](chance) for _ in range(chance.randint(1, 3)))
        for name in names
    )


def words(chance, values):
    """One to three words, some of them not to be said, with filters as often as without. Signs never stand alone."""
    said = " ".join(chance.choice(["", "-"]) + chance.choice(WORDS) for _ in range(chance.randint(1, 3)))
    if chance.random() < 0.5:
        return f"{said} {filters(chance, values)}"
    return said if any(letter.isalnum() for letter in said) else words(chance, values)


def asked(make):
    """Who of the cast asks, and what."""
    return some.integers(0, 2**64 - 1).map(lambda seed: _asked(make, Random(seed)))


def _asked(make, chance):
    name = chance.choice(["ada", "ben", "cleo", "eve"])
    return name, make(chance, VALUES if name in ("ada", "ben") else FOR_AGENTS)


queries = some.integers(0, 2**64 - 1).map(lambda seed: words(Random(seed), VALUES))
typed = some.text(max_size=120) | some.lists(
    some.text(max_size=8) | some.sampled_from(['"', "-", ":", ",", "status:", "is:", " ", "created:>", "“", "＂", "é"]),
    max_size=12,
).map("".join)


def share(part):
    """Settings for a test that tries this part of all the made-up queries."""
    return settings(
        max_examples=max(1, round(GENERATED * part)),
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
