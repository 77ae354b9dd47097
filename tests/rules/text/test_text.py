"""Text as people type it: cleaned, folded, and rendered so that nothing in it can act."""

import re

import pytest
from justhtml import JustHTML

from helpdesk.markup.markdown import to_html
from helpdesk.text import clean, clean_line, fold, fold_german

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example)",
    "![x](http://evil.example/pixel.png)",
    '[x](http://a" onclick="alert(1))',
    '[x](http://a "title\\" onmouseover=alert(1)")',
    "<javascript:alert(1)>",
    "**<b onclick=alert(1)>x</b>**",
    "`<script>`",
    "```html\n<script>alert(1)</script>\n```",
    "> <style>*{display:none}</style>",
    "<!-- --><script>alert(1)</script>",
    "<<script>script>alert(1)<</script>/script>",
    "<form action=http://evil.example><input name=password>",
    "</div></article><h1>Fake</h1>",
    "[a]: javascript:alert(1)\n\n[a]",
    "javascript:alert(1)",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_is_typed_can_act(attack):
    tree = JustHTML(to_html(attack), sanitize=False, fragment=True)
    for node in tree.query("*"):
        assert node.name in {"p", "br", "strong", "code", "pre", "blockquote", "ul", "li", "a"}
        assert set(node.attrs or {}) <= {"href", "rel"}
    for link in tree.query("a[href]"):
        assert re.match(r"(https?://|mailto:)", link.attrs["href"])
        assert set(link.attrs["rel"].split()) == {"noopener", "noreferrer", "nofollow"}


def test_cleaning_keeps_what_people_write_and_drops_what_nobody_sees():
    assert clean("  a\r\nb\rc\x00\x07\x1b \x9f ") == "a\nb\nc"
    assert clean("tab\there") == "tab\there"
    assert clean("line\u2028and\u2029and\x85end") == "line\nand\nand\nend"
    assert clean("\ud800") == ""
    assert clean("é🔥\u200fمرحبا e\u0301") == "é🔥\u200fمرحبا e\u0301"


@pytest.mark.parametrize("unseen", [*"\u00ad\u200b\u2060\ufeff\u202a\u202c\u202e\u2066\u2069"])
def test_a_single_line_loses_what_nobody_sees_and_a_text_keeps_it(unseen):
    assert clean_line(f" {unseen} Netz{unseen}werk{unseen}\n") == "Netzwerk"
    assert clean(f"Netz{unseen}werk") == f"Netz{unseen}werk"


@pytest.mark.parametrize("seen", ["می\u200cخواهم", "👨\u200d👩\u200d👧", "abc\u200e-\u200fd"])
def test_a_single_line_keeps_the_joiners_and_marks_that_change_how_it_looks(seen):
    assert clean_line(seen) == seen


FOLDED = {
    "  ÅSA   Strauß ": "asa strauss",
    "Łukasz": "lukasz",
    "Søren": "soren",
    "Đorđe": "dorde",
    "Ægir": "aegir",
    "Œuvre œuvre": "oeuvre oeuvre",
    "STRAẞE": "strasse",
    "Ísafjörður Þór": "isafjordur thor",
    "Iğdır İzmir": "igdir izmir",
    "Netz\u00adwerk fire\u200bwall\ufeff": "netzwerk firewall",
    "می\u200cخواهم": "میخواهم",
    "O\u02bcBrien": "obrien",
    "٧۰": "70",
    "cafe\u0301": "cafe",
}


@pytest.mark.parametrize("typed", FOLDED)
def test_folding_finds_a_name_however_it_is_typed(typed):
    assert fold(typed) == FOLDED[typed] == fold(FOLDED[typed])


def test_only_names_with_german_vowels_have_a_second_spelling():
    assert fold_german("Jürgen Groß, Mu\u0308ller") == "juergen gross, mueller"
    assert fold_german("Neue Mueller") == fold("Neue Mueller") == "neue mueller"
