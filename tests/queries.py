"""Queries made up by Hypothesis, for tests of the language and of what it finds."""

from hypothesis import strategies as some

from helpdesk import query

STATUSES = ("new", "open", "pending", "resolved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
CATEGORIES = ("Hardware", "Access rights", "100 % & more, or_less")

moments = some.one_of(
    some.sampled_from(["today", "yesterday", "2026", "2026-02", "2026-1-5..2026-03", ">2026-01-01", "<=2026-02-28"]),
    some.builds(
        "{}{}{}".format, some.sampled_from(["", "<", ">"]), some.integers(0, 9999), some.sampled_from(list("hdwmy"))
    ),
    some.builds("{}{}".format, some.sampled_from(["", "<", ">", "<=", ">="]), some.dates().map(str)).filter(
        lambda text: "1970" <= text.lstrip("<>=") < "9000"
    ),
)
people = some.sampled_from(
    ["me", "nobody", "ada", '"ben adeyemi"', "cleo@example.com", "dan", "ad%", "e_e", "o'brien", "x"]
)
values = {
    "status": some.sampled_from(STATUSES),
    "priority": some.sampled_from(PRIORITIES),
    "category": some.sampled_from(["none", *(f'"{name}"' for name in CATEGORIES)]),
    "assignee": people,
    "requester": people,
    "created": moments,
    "updated": moments,
    "is": some.sampled_from(query.IS),
    "has": some.sampled_from(["reply", "file"]),
}
words = some.sampled_from(
    [
        "printer",
        "print",
        "%",
        "_",
        "it",
        "pc",
        "'; drop table tickets; --",
        '"paper jam"',
        "打印",
        "café",
        "\\",
        "zanzibar",
    ]
)


@some.composite
def filters(draw):
    name = draw(some.sampled_from(sorted(values)))
    chosen = draw(some.lists(values[name], min_size=1, max_size=3))
    return draw(some.sampled_from(["", "-"])) + f"{name}:" + ",".join(chosen)


filter_queries = some.lists(filters(), min_size=1, max_size=4).map(" ".join)
word_queries = some.lists(words | words.map("-{}".format), min_size=1, max_size=3).map(" ".join)
queries = some.builds("{} {}".format, word_queries, some.just("") | filter_queries)
typed = some.text(max_size=120) | some.lists(
    some.text(max_size=8) | some.sampled_from(['"', "-", ":", ",", "status:", "is:", " ", "created:>", "“", "＂", "é"]),
    max_size=12,
).map("".join)
