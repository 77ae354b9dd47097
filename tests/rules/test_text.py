"""Text as people type it: cleaned, folded, and rendered so that nothing in it can act."""

import re

import pytest
from justhtml import JustHTML

from helpdesk.markdown import to_html
from helpdesk.text import clean, fold, fold_address

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
        assert node.name in {"p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"}
        assert set(node.attrs or {}) <= {"href", "rel", "start"}
    for link in tree.query("a[href]"):
        assert re.match(r"(https?://|mailto:)", link.attrs["href"])
        assert set(link.attrs["rel"].split()) == {"noopener", "noreferrer", "nofollow"}


@pytest.mark.parametrize(
    "typed, shown",
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("`code`", "<p><code>code</code></p>"),
        ("# no heading", "<p># no heading</p>"),
        ("1 < 2 & 3", "<p>1 &lt; 2 &amp; 3</p>"),
        ("~~gone~~", "<p><s>gone</s></p>"),
        ("🔥 é مرحبا", "<p>🔥 é مرحبا</p>"),
    ],
)
def test_the_safe_subset_is_rendered(typed, shown):
    assert to_html(typed).strip() == shown


def test_lists_and_quotes_are_rendered():
    assert "<ul>\n<li>a</li>\n<li>b</li>\n</ul>" in to_html("- a\n- b")
    assert '<ol start="3">' in to_html("3. c")
    assert "<blockquote>" in to_html("> quoted")


@pytest.mark.parametrize("address", ["https://example.com/a?b=c#d", "http://10.0.0.7:8080/x", "www.example.com"])
def test_a_pasted_address_becomes_a_link(address):
    link = JustHTML(to_html(f"See {address} please"), sanitize=False, fragment=True).query("a")[0]
    assert link.to_text() == address
    assert link.attrs["href"].startswith("http")


def test_a_pasted_mail_address_becomes_a_link():
    assert 'href="mailto:ada@example.com"' in to_html("Write to ada@example.com")


ENDLESS = {
    "brackets": "[" * 50_000,
    "links that never end": "[[](" * 12_500,
    "emphasis": "*_" * 25_000,
    "backticks": "".join("`" * length + " " for length in range(1, 310)),
    "quotes": ">" * 50_000,
    "lists": "- " * 25_000,
    "entities": "&#1;" * 12_500,
    "addresses": "http://a " * 5_500,
    "mails": "a@b.co " * 7_000,
    "tags": "<a " * 16_000,
    "lines": "a\n" * 25_000,
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_text_made_to_choke_a_parser_is_rendered_all_the_same(kind):
    assert len(to_html(ENDLESS[kind])) >= 1


def test_cleaning_keeps_what_people_write_and_drops_what_nobody_sees():
    assert clean("  a\r\nb\rc\x00\x07\x1b \x9f ") == "a\nb\nc"
    assert clean("tab\there") == "tab\there"
    assert clean("line\u2028and\u2029and\x85end") == "line\nand\nand\nend"
    assert clean("\ud800") == ""
    assert clean("é🔥\u200fمرحبا e\u0301") == "é🔥\u200fمرحبا e\u0301"


def test_folding_finds_a_name_however_it_is_typed():
    assert fold("  ÅSA   Strauß ") == fold("asa strauss")


@pytest.mark.parametrize("typed", ["Ada@Example.COM", " ada@example.com "])
def test_an_address_is_stored_one_way(typed):
    assert fold_address(typed) == "ada@example.com"


@pytest.mark.parametrize(
    "typed", ["", "ada", "ada@", "@example.com", "a b@example.com", "a@b@c.com", "x" * 300 + "@a.com"]
)
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(ValueError):
        fold_address(typed)
