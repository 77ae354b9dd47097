"""The query language: what is understood, what is refused and how, and that writing and reading agree."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from helpdesk.query import language, time_ranges
from helpdesk.query.language import Filter, Query, Word
from helpdesk.query.mistakes import Mistake
from helpdesk.search_index import index_words, normalize
from tests.support import queries

AGENT = language.known_to(agent=True, categories=queries.CATEGORIES)
USER = language.known_to(agent=False, categories=queries.CATEGORIES)
NOW = datetime(2026, 3, 15, 12, tzinfo=timezone.utc)


def parts(typed, known=AGENT):
    return language.parse(typed, known).parts


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("printer", Word("printer")),
        ("-printer", Word("printer", without=True)),
        ('"paper  jam"', Word("paper jam", exact=True)),
        ("“paper jam”", Word("paper jam", exact=True)),
        ('-"paper jam', Word("paper jam", exact=True, without=True)),
        ("status:open,pending", Filter("status", ("open", "pending"))),
        ("Status:OPEN", Filter("status", ("open",))),
        ("-status:closed", Filter("status", ("closed",), without=True)),
        ("category:hardware", Filter("category", ("hardware",))),
        ('category:"Access Rights"', Filter("category", ("access-rights",))),
        ("category:access-rights", Filter("category", ("access-rights",))),
        ('assignee:"Ada Okafor",me', Filter("assignee", ("ada okafor", "me"))),
        ("created:>2026-1-5", Filter("created", (">2026-01-05",))),
        ("updated:7d", Filter("updated", ("<7d",))),
        ("is:unassigned", Filter("is", ("unassigned",))),
        ("has:note", Filter("has", ("note",))),
        ("has:file", Filter("has", ("file",))),
        ('tag:VPN,"new starter"', Filter("tag", ("vpn", "new starter"))),
        ("https://intranet.example/status:x", Word("https://intranet.example/status:x")),
        ("error:", Word("error:")),
        ("12:30", Word("12:30")),
        ("C:\\temp", Word("C:\\temp")),
        ('"status:open"', Word("status:open", exact=True)),
    ],
)
def test_it_is_understood_as_it_is_meant(typed, meant):
    assert parts(typed) == (meant,)


@pytest.mark.parametrize("typed", ["", "   ", "\u00a0\n"])
def test_where_nothing_is_typed_nothing_is_looked_for(typed):
    assert parts(typed) == ()


@pytest.mark.parametrize("typed", ['""', "-", "--", "%", "… !", '"?"', "👍", "_", "\x00", "\u200b", "? -! %"])
def test_what_holds_neither_words_nor_filters_is_a_mistake_and_not_a_wish_for_everything(typed):
    with pytest.raises(Mistake, match="nothing in this that could be looked for"):
        language.parse(typed, AGENT)
    assert parts(f"printer {typed}")[0] == Word("printer")


@pytest.mark.parametrize(
    "typed, number",
    [
        ("12", 12),
        ("#12", 12),
        (" #12 ", 12),
        ("12 13", None),
        ("#0", None),
        ("-12", None),
        ('"12"', None),
        ("“12”", None),
    ],
)
def test_a_number_alone_is_a_ticket(typed, number):
    assert language.parse(typed, AGENT).number == number


@pytest.mark.parametrize(
    "typed, named, instead",
    [
        ("-stat:open", "stat", "status"),
        ("status:opne", "opne", "open"),
        ("priority:hgih", "hgih", "high"),
        ("category:hardwear", "hardwear", "hardware"),
        ("is:unasigned", "unasigned", "unassigned"),
        ("created:>soon", "soon", ""),
        ("created:2026-02-30", "2026-02-30", ""),
        ("status:", "status:", ""),
        ("-asignee:me", "asignee", "assignee"),
    ],
)
def test_a_mistake_is_named_and_the_nearest_word_offered(typed, named, instead):
    with pytest.raises(Mistake) as mistake:
        language.parse(f"printer {typed}", AGENT)
    assert named in str(mistake.value) and instead in str(mistake.value)
    assert mistake.value.instead == instead
    if instead:
        assert language.parse(mistake.value.corrected, AGENT).filters


@pytest.mark.parametrize(
    "typed, corrected",
    [
        ("opne status:opne", "opne status:open"),
        ("  pen   -status:new,opne  pen ", "pen   -status:new,open  pen"),
        ('"opne one" status:"opne" “x y', '"opne one" status:open "x y'),
        ("is:active,actve", "is:active,active"),
        ('category:"Access Rights","Access Rihgts"', 'category:"Access Rights",access-rights'),
        ("-stauts:closed", "-status:closed"),
        ("created:soon", ""),
    ],
)
def test_only_the_word_that_is_wrong_is_put_right(typed, corrected):
    with pytest.raises(Mistake) as mistake:
        language.parse(typed, AGENT)
    assert mistake.value.corrected == corrected


TEXTS_WITH_COLONS = (
    "AA:BB:CC:01:02:03",
    "Err:0x80070005",
    "localhost:5432",
    "HKLM:\\Software\\Acme",
    "fe80::1",
    "C:\\temp",
    "https://intranet.example/status:x",
    "14:05",
    "foo:bar,baz",
    "mailto:ada@example.com",
)


@pytest.mark.parametrize("typed", TEXTS_WITH_COLONS)
def test_a_name_that_is_no_field_is_a_text_with_its_colon(typed):
    assert parts(f"printer {typed} status:open") == (Word("printer"), Word(typed), Filter("status", ("open",)))
    assert parts(f"-{typed}") == (Word(typed, without=True),)
    assert parts(f'{typed}"x y"') == (Word(f"{typed}x y", exact=True),)


@pytest.mark.parametrize(
    "typed, corrected",
    [
        ("asignee:me", "assignee:me"),
        ("assigneee:me", "assignee:me"),
        ("stauts:new,open", "status:new,open"),
        ("pen priorty:high  pen", "pen priority:high  pen"),
        ("stat:open", "status:open"),
        ("prio:high stat:open", "priority:high stat:open"),
        ("tags:vpn", "tag:vpn"),
        ("stauts:0x80070005", ""),
        ("id:4711", ""),
        ("os:windows", ""),
        ("foo:bar", ""),
        ("AA:BB:CC:01:02:03", ""),
        ("st:open", ""),
    ],
)
def test_what_is_one_letter_away_from_a_field_is_a_text_and_the_field_is_offered(typed, corrected):
    word = language.parse(typed, AGENT).no_fields[0]
    assert word.text == next(part for part in typed.split() if ":" in part)
    assert word.no_field.corrected == corrected
    if corrected:
        assert language.parse(corrected, AGENT).filters


@pytest.mark.parametrize("typed", ["error:", "printer", "status:open", '"foo:bar"', "12:30", "C:\\temp", "https://x.y"])
def test_nothing_is_said_of_what_is_not_written_like_a_filter(typed):
    assert language.parse(typed, AGENT).no_fields == []


def test_a_mistake_lists_what_could_stand_there():
    with pytest.raises(Mistake) as mistake:
        language.parse("status:x", AGENT)
    assert all(status in str(mistake.value) for status in queries.STATUSES)


def test_a_requester_hears_nothing_of_tags():
    assert parts("tag:vpn", USER) == (Word("tag:vpn"),) and parts("-tag:vpn", USER) == (Word("tag:vpn", without=True),)
    assert language.parse("tags:vpn", USER).no_fields[0].no_field.corrected == ""
    with pytest.raises(Mistake) as mistake:
        language.parse("-stauts:open", USER)
    assert "tag" not in str(mistake.value)


def test_a_requester_hears_nothing_of_notes():
    with pytest.raises(Mistake) as mistake:
        language.parse("has:note", USER)
    assert "reply" in str(mistake.value) and "It can be: reply, file." in str(mistake.value)
    assert language.parse("has:reply", USER).parts


@pytest.mark.parametrize("typed", ["x" * 401, "a " * 21])
def test_a_query_has_its_limits(typed):
    with pytest.raises(Mistake):
        language.parse(typed, AGENT)


def test_a_form_reads_and_changes_one_field_and_leaves_the_others():
    wanted = language.parse("printer status:open -priority:low is:active", AGENT)
    assert (wanted.value("status"), wanted.value("priority"), wanted.value("category")) == ("open", "", "")
    assert language.write(wanted.having("status", "closed")) == "printer -priority:low is:active status:closed"
    assert language.write(wanted.having("status", "")) == "printer -priority:low is:active"


# ---- written and read


def _read(typed):
    try:
        return language.parse(typed, AGENT)
    except Mistake:
        return None


@given(queries.typed)
@settings(max_examples=1000, deadline=None)
def test_whatever_is_typed_is_understood_or_refused_and_written_back_as_it_was_understood(typed):
    wanted = _read(typed)
    if wanted is not None and len(language.write(wanted)) <= language.LONGEST:
        assert language.parse(language.write(wanted), AGENT) == wanted
        assert language.write(language.parse(language.write(wanted), AGENT)) == language.write(wanted)


@given(queries.queries)
@settings(max_examples=300, deadline=None)
def test_what_makes_sense_is_understood_and_written_back(typed):
    assert language.parse(language.write(language.parse(typed, AGENT)), AGENT) == language.parse(typed, AGENT)


@given(queries.typed)
@settings(max_examples=500, deadline=None)
def test_folded_words_hold_nothing_that_a_database_could_take_for_more_than_a_word(typed):
    for word in normalize.words(typed):
        assert word.isascii() and word.isalnum() and word == word.lower() and 3 <= len(word) <= index_words.LONGEST
    wanted = normalize.term(typed, exact=True)
    if wanted is not None:
        assert f" {' '.join(wanted.words)}" in normalize.document(typed)


@pytest.mark.parametrize(
    "text, phrase", [("กก0", "กก0"), ("漢字 12", "字 12"), ("東京 tower 大阪", "京 tower 大"), ("กก", "กก")]
)
def test_a_phrase_goes_on_behind_a_run_without_blanks(text, phrase):
    wanted = normalize.term(phrase, exact=True)
    assert f" {' '.join(wanted.words)}" in normalize.document(text)


# ---- times


@pytest.mark.parametrize(
    "value, start, end",
    [
        ("2026-03-01", "2026-02-28T23:00", "2026-03-01T23:00"),
        ("2026-03", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        (">2026-03-01", "2026-03-01T23:00", None),
        (">=2026-03-01", "2026-02-28T23:00", None),
        ("<2026-03-01", None, "2026-02-28T23:00"),
        ("<=2026-03-01", None, "2026-03-01T23:00"),
        ("2026-03-01..2026-03-02", "2026-02-28T23:00", "2026-03-02T23:00"),
        ("<7d", "2026-03-08T12:00", None),
        (">12h", None, "2026-03-15T00:00"),
        ("today", "2026-03-14T23:00", "2026-03-15T23:00"),
        ("yesterday", "2026-03-13T23:00", "2026-03-14T23:00"),
        ("<9999y", "1970-01-01T00:00", None),
    ],
)
def test_times_are_meant_in_the_persons_zone(value, start, end):
    moments = [text and datetime.fromisoformat(text).replace(tzinfo=timezone.utc) for text in (start, end)]
    assert list(time_ranges.between(time_ranges.normal(value), ZoneInfo("Europe/Berlin"), NOW)) == moments


@pytest.mark.parametrize(
    "value", ["x", "2026-13", "0000", "9999", "99999d", "<", "2026-1-1-1", "..", "2026..", ">a..b", "٣d"]
)
def test_what_is_no_time_is_refused(value):
    with pytest.raises(ValueError):
        time_ranges.normal(value)


def test_a_query_is_made_of_parts_that_all_hold():
    wanted = language.parse('status:open printer "paper jam" -toner', AGENT)
    assert [term.without for term in wanted.terms] == [False, False, True]
    assert wanted.filters == [Filter("status", ("open",))]
    assert Query().terms == []
