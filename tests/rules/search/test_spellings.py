"""One thing written in several ways: whichever of them a ticket says, the others find it and mark its place."""

import pytest
from hypothesis import given, strategies as some

from helpdesk.query import language
from helpdesk.search import snippets
from helpdesk.search_index import normalize
from tests.rules.search.test_search import found
from tests.support import builders

# What a ticket says, and what finds it.
ONE_WAY = {
    "v7.0.3.1715": ["7.0.3", "7.0.3.1715", "v7.0", "V7.0.3", '"7.0.3"'],
    "FortiClient-v7.0.3-x64.exe": ["7.0.3", "forticlient", "x64"],
    "Python3.11": ["3.11", "python 3.11", "python"],
    "0x80070005": ["80070005", "0x8007", "8007", "0X80070005"],
    "error 0xC000021A": ["c000021a", "0xc000021a"],
    "KB5034441": ["5034441", "kb5034441", "kb 5034441", "50344"],
    "INC0012345": ["0012345", "inc0012345"],
    "Wi-Fi": ["wifi", "wi-fi", "wi fi", "WIFI", "Wi\u2011Fi"],
    "E-mail": ["email", "e-mail", "e mail", "EMail"],
    "Azure AD": ["azuread", "AzureAD", "azure-ad", "azur"],
    "AzureAD": ["azure ad", "azuread", "azure", "azure-ad"],
    "OneDrive": ["one drive", "onedrive", "drive"],
    "Office 365": ["office365", "office-365", "office 365"],
    "Office365": ["office 365", "office", "365"],
    "Windows10": ["windows 10", "windows-10"],
    "log in": ["login", "log-in"],
    "plug-in": ["plugin", "plug in"],
    "O'Brien": ["obrien", "o’brien", "O'Brien"],
    "16GB": ["16 gb", "16gb"],
    "SRV-DB01.corp.local": ["srv-db01", "srvdb01", "db01", "corp.local", "srv-db01.corp.local"],
    "2026-03-31": ["20260331", "2026-03-31"],
    "AA:BB:CC:01:02:03": ["aabbcc010203", "aa-bb-cc-01-02-03", "aa:bb:cc:01:02:03"],
    "Müller": ["mueller", "muller", "müller", "MÜLLER", "Mu\u0308ller", '"mueller"'],
    "Mu\u0308ller": ["mueller", "muller", "müller"],
    "Müller-Lüdenscheidt": ["mueller", "luedenscheidt", "mueller-luedenscheidt", "müller"],
    "Netzwerk-Drucker": ["netzwerkdrucker", "netzwerk drucker", "netzwerk-drucker"],
    "Netzwerkdrucker": ["netzwerk-drucker", "netz\u00adwerk\u00addrucker"],
    "Netz\u00adwerk\u00addrucker": ["netzwerkdrucker", "netzwerk", "netzwerk-drucker", "Netz\u00adwerk\u00addrucker"],
    "fire\u200bwall": ["firewall", "fire\u200bwall", "fire"],
    "می\u200cخواهم": ["میخواهم", "می\u200cخواهم"],
    "\u200fprinter\u200e": ["printer", '"printer"'],
    "Łukasz": ["lukasz", "łukasz", '"lukasz"'],
    "Søren": ["soren", "søren"],
    "Đorđe": ["dorde", "đorđe"],
    "Ægir": ["aegir", "ægir"],
    "œuvre": ["oeuvre", "Œuvre"],
    "Straße": ["strasse", "STRASSE", "straße"],
}
BACK = {
    "7.0.3": ["v7.0.3"],
    "80070005": ["0x80070005"],
    "5034441": ["KB5034441"],
    "wifi": ["Wi-Fi", "wi fi"],
    "email": ["E-mail", "e mail"],
    "azuread": ["Azure AD", "AzureAD", "azure-ad"],
    "Mueller": ["Müller", "müller"],
    "Muller": ["Müller"],
    "lukasz": ["Łukasz"],
    "soren": ["Søren"],
    "dorde": ["Đorđe"],
    "aegir": ["Ægir"],
    "oeuvre": ["œuvre"],
    "strasse": ["Straße"],
    "001122334455": ["00:11:22:33:44:55", "00-11-22-33-44-55"],
    "firewall": ["fire\u200bwall"],
}
APART = {
    "neu": ["neue"],
    "das ist neu": ["nue", "noe"],
    "neue": ["nü"],
    "Muller": ["mueller"],
    "Mueller": ["muller"],
    "17.0.31": ["7.0.3"],
    "srv-db02.corp.local and db 01": ["srv-db01.corp.local"],
    "The mail is here": ["e-mail", "email"],
    "12 34": ["1234"],
}
SAID = [(text, typed) for texts in (ONE_WAY, BACK) for text, some in texts.items() for typed in some]


@pytest.fixture(scope="module")
def known():
    return language.known_to(agent=True)


def test_whatever_way_a_thing_is_written_each_of_the_others_finds_it(cast):
    """By the texts of one requester, and by the index."""
    made = {
        text: builders.ticket(cast.ada, "A thing", f"It says {text} there").id
        for text in dict.fromkeys(t for t, _ in SAID)
    }
    missed = [(text, typed) for text, typed in SAID if made[text] not in found(cast.cleo, typed)]
    missed += [(text, typed) for text, typed in SAID if made[text] not in found(cast.ada, typed)]
    assert missed == []


def test_what_only_looks_alike_is_not_found(cast):
    made = {text: builders.ticket(cast.ada, "A thing", f"It says {text} there").id for text in APART}
    wrong = [(text, typed) for text, some in APART.items() for typed in some if made[text] in found(cast.cleo, typed)]
    assert wrong == []


def test_a_word_that_must_not_be_said_must_not_be_said_in_any_way(cast):
    first, second = (builders.ticket(cast.ada, "Network", text).id for text in ("Wi-Fi is slow", "cable is slow"))
    for typed in ("slow -wifi", "slow -wi-fi"):
        assert found(cast.cleo, typed) == [second] == found(cast.ada, typed)
    assert set(found(cast.cleo, "slow")) == {first, second}


@pytest.mark.parametrize("text, typed", SAID)
def test_its_place_is_marked_in_the_text_as_it_is(known, text, typed):
    said = f"Good day, it says {text} there, and no more. İĳﬃ"
    wanted = language.parse(typed, known)
    looked_for = [part for part in wanted.parts if isinstance(part, language.Word)]
    for pieces in (snippets.marked(said, wanted), snippets.best([said], looked_for)):
        assert "".join(piece for piece, _hit in pieces) == said
        hits = [piece for piece, hit in pieces if hit]
        assert hits and all(hit in text for hit in hits)


def test_the_marked_place_is_right_behind_letters_that_fold_to_more_or_fewer(known):
    said = "ﬃ Straße æ e\u0301 \u00ad\u200b ŉ ½ printer"
    pieces = snippets.marked(said, language.parse("printer e", known))
    assert [piece for piece, hit in pieces if hit] == ["e\u0301", "printer"]


def test_a_version_is_marked_as_a_whole_and_of_a_longer_one_its_part(known):
    assert ("7.0.3", True) in snippets.marked("FortiClient v7.0.3.1715 is out", language.parse("7.0.3", known))
    assert ("0x80070005", True) in snippets.marked("error 0x80070005", language.parse("0x80070005", known))
    assert ("Azure AD", True) in snippets.marked("the Azure AD here", language.parse("azuread", known))


def test_what_is_found_by_plain_words_stays_what_it_was():
    """The other spellings stand behind the text, so that no phrase leads across them."""
    assert normalize.document("Wi-Fi v7.0 on") == " wizz fizz v7zz 0zz onzz . wifi . 7zz 0zz "
    assert normalize.document("plain words only") == " plain words only "


PIECES = "Wi-Fi wifi v7.0.3.1715 KB5034441 0x80070005 AA:BB:CC:01 C:\\temp E-mail the jazz pc Azure AD".split()
PIECES += ["naïve", "Müller", "_x_", "漢字"]
SOUGHT = "wifi wi-fi 7.0.3 5034441 80070005 aabbcc01 temp email the jazz pc azuread ad naive mueller x 字".split()


@given(some.lists(some.sampled_from(PIECES), max_size=6), some.lists(some.sampled_from(SOUGHT), min_size=1, max_size=3))
def test_the_quick_look_at_a_text_overlooks_no_hit(said, sought):
    wanted = snippets._spellings(tuple(language.Word(word) for word in sought))
    assert snippets._places(" ".join(said), wanted) == snippets._read_places(" ".join(said), wanted)
