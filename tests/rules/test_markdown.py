"""Markdown is rendered within a budget of counted work: what takes more comes out without links, or as it was typed."""

from hashlib import sha256

import pytest

from helpdesk import markdown
from helpdesk.markdown import to_html
from helpdesk.words import BODY_MAX
from tests.hostile import UNITS, counted

# Lines of Python, ours and the libraries', for a text of the greatest length; about 100 ms.
MOST_LINES = 3_000_000
SIGNS = {
    "stars": "*",
    "bold": "**a**",
    "links in brackets": "[a](b)",
    "links that never end": "[[](",
    "titles": '[a](b "',
    "angles": "<http://a>",
    "failing links": "http://- ",
    "links with accents": "\\www.é ",
    "quotes in quotes": "> " * 9 + "a\n",
    "lists in lists": "- " * 9 + "a\n",
    "lines": "a\n",
    "quoted mails": '"a@',
}


def longest(unit):
    return (unit * (BODY_MAX // len(unit) + 1))[:BODY_MAX]


@pytest.mark.parametrize("unit", ["links", "parted links", "emphasis", *SIGNS])
def test_no_text_takes_more_than_its_budget(unit):
    text = longest((UNITS | SIGNS)[unit])
    lines = counted(markdown._render, text)
    assert lines <= MOST_LINES, f"{lines} lines"


def test_a_text_with_too_many_links_loses_its_links_and_nothing_else():
    html = to_html("**Look** here\n\n" + "http://example.com/a " * 2_000)
    assert html.startswith("<p><strong>Look</strong> here</p>") and "<a " not in html
    assert html.count("http://example.com/a") == 2_000


def test_a_text_that_takes_too_much_work_comes_out_as_it_was_typed():
    html = to_html("**Look** <here>\nand there\n\n" + "*a*_b_" * 8_000)
    assert html.startswith("<p>**Look** &lt;here&gt;<br>\nand there</p>\n<p>*a*_b_*a*") and "<em>" not in html


@pytest.mark.parametrize(
    "line, shown",
    [
        ("The **printer** on floor 3 prints blank pages, since this morning. I tried it twice.\n\n", "<strong>"),
        ("2026-11-27 12:00:01 ERROR [main] failed to open /var/lib/x (errno=2), see https://example.com/help\n", "<a "),
    ],
)
def test_the_longest_honest_texts_keep_what_they_have(line, shown):
    assert to_html(longest(line)).count(shown) >= BODY_MAX // len(line)


def test_a_long_address_is_a_link_and_an_endless_one_is_not():
    assert f'href="http://example.com/{"a" * 1_900}"' in to_html(f"http://example.com/{'a' * 1_900}")
    assert "<a " not in to_html(f"http://example.com/{'a' * 2_000}")


def test_an_address_that_nothing_here_opens_is_no_link():
    assert "<a " not in to_html("ftp://example.com/a and //example.com/b")


SAMPLE = """One *soft* and **bold** ~~gone~~ `code`, www.example.com and https://example.com/__a__/b_c_d?e=*f*,
ada@example.com <https://example.com> [named](https://example.com "title") # no heading

> quoted
> - list
>   1. in list

3. three
4. four

```
code & <b>
```
&amp; \\*no\\* <script> | a | b |"""


def test_whoever_changes_how_a_text_comes_out_raises_the_number_of_the_renderer():
    """What was kept by an older renderer would else stay as it is. Change both lines together."""
    made = sha256((to_html(SAMPLE) + to_html("*a* " * 20_000)).encode()).hexdigest()[:12]
    assert (markdown.RENDERER, made) == (1, "5da63f88673a")
