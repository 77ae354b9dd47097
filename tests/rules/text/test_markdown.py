"""Texts as people type them: what is plainly meant as markup is read as such, every other character comes out."""

import html
import random
import re
from hashlib import sha256

import pytest

from helpdesk.choices import BODY_MAX
from helpdesk.markup import markdown
from helpdesk.markup.markdown import to_html
from tests.support.hostile import counted

ATTRIBUTES = 'rel="noopener noreferrer nofollow"'


def link(address, label=None):
    return f'<a href="{html.escape(address)}" {ATTRIBUTES}>{html.escape(label or address, quote=False)}</a>'


def read(made):
    """What a reader of the page sees."""
    made = re.sub(r"<br>|</p>|</li>|</tr>|</pre>", "\n", made)
    return html.unescape(re.sub(r"<[^>]+>", "", made)).strip("\n")


AS_TYPED = [
    r"\\fs01\projects and C:\_temp\{a}",
    r"DOMAIN\_svc$",
    r"\\10.0.0.5\c$",
    r"^\d+\.\d+$",
    "a line that ends in \\",
    "run update.py, see NOTES.md",
    "page shows &uuml; and &nbsp; &#64;",
    "1) one\n3) three",
    "1. one\n1. two\n7. three",
    "a*b*c",
    "__init__.py and _x_ and *y*",
    "+ 49 30 1",
    "# no heading",
    "---",
    "text\n---\n===",
    "- one line alone",
    "* one line alone",
    "2**3**4 and ** alone ** and **open",
    "`open and ``uneven",
    "``` \nnever closed",
    ">5 users and 3 > 2",
    "~~kept~~ ![picture](x.png) [x](javascript:alert(1)) [y](/tickets/1) [z]",
    "<b>bold</b> <script>alert(1)</script> &amp;",
    "a | b without a line below",
    "ftp://example.com //x \\\\y mailto: http:// www. @ada a@b",
    "2026-11-28T01:02:03Z [ERROR] x=1;y='2' {\"k\": [1]} 100% $HOME ~/.ssh",
    "שלום world سلام 👩‍👩‍👧 🙂",
]


@pytest.mark.parametrize("text", AS_TYPED)
def test_what_is_no_markup_comes_out_as_it_was_typed(text):
    made = to_html(text)
    assert read(made) == text
    assert "<a " not in made and "<li>" not in made and "<strong>" not in made


READ = {
    "**bold** and (**bold**), **two words**.": "<p><strong>bold</strong> and (<strong>bold</strong>), "
    "<strong>two words</strong>.</p>",
    "`a*b` ``x`y``": "<p><code>a*b</code> <code>x`y</code></p>",
    "- a\n- b": "<ul>\n<li>a</li>\n<li>b</li>\n</ul>",
    "* a\n  more of a\n* b": "<ul>\n<li><p>a<br>more of a</p></li>\n<li>b</li>\n</ul>",
    "- a\n- b\n  - c\n  - d": "<ul>\n<li>a</li>\n<li><p>b</p>\n<ul>\n<li>c</li>\n<li>d</li>\n</ul></li>\n</ul>",
    "```\n<x>  *y*\n```": "<pre><code>&lt;x&gt;  *y*</code></pre>",
    "> said\n> this\n\nme": "<blockquote>\n<p>said<br>this</p>\n</blockquote>\n<p>me</p>",
    "a | b\n--|--\n1 | 2": "<table>\n<thead><tr><th>a</th><th>b</th></tr>\n</thead>\n"
    "<tbody><tr><td>1</td><td>2</td></tr>\n</tbody>\n</table>",
    "Host\tPort\ndb\t5432": "<table>\n<tbody><tr><td>Host</td><td>Port</td></tr>\n"
    "<tr><td>db</td><td>5432</td></tr>\n</tbody>\n</table>",
    "see https://desk.example.com/x.": f"<p>see {link('https://desk.example.com/x')}.</p>",
    "www.example.com, yes": f"<p>{link('http://www.example.com', 'www.example.com')}, yes</p>",
    "to ada@example.com!": f"<p>to {link('mailto:ada@example.com', 'ada@example.com')}!</p>",
    "(https://a.example/b_(c))": f"<p>({link('https://a.example/b_(c)')})</p>",
    "https://a.example/?a=1&b=2": f"<p>{link('https://a.example/?a=1&b=2')}</p>",
    "[the page](https://a.example)": f"<p>{link('https://a.example', 'the page')}</p>",
    "[https://intranet.example.com](https://elsewhere.example/x)": "<p>https://intranet.example.com "
    f"({link('https://elsewhere.example/x')})</p>",
    "[intranet.example.com](https://elsewhere.example/x)": "<p>intranet.example.com "
    f"({link('https://elsewhere.example/x')})</p>",
    "[www.a.example](https://www.a.example/)": f"<p>{link('https://www.a.example/', 'www.a.example')}</p>",
}


@pytest.mark.parametrize("text", READ)
def test_what_is_plainly_markup_is_read_as_such(text):
    assert to_html(text).strip() == READ[text]


PIECES = [
    lambda c: "\\".join(c.choices(["\\fs01", "C:", "_temp", "{a}", "$RECYCLE.BIN", "Müller"], k=c.randint(2, 5))),
    lambda c: "/".join(["", *c.choices(["etc", "*.conf", "__pycache__", "~", "a b", "ü"], k=c.randint(1, 5))]),
    lambda c: f"if (a[{c.randint(0, 9)}] && b != '&lt;') {{ return x ** y; }}  # {c.randint(0, 99)}%",
    lambda c: f"2026-11-{c.randint(1, 28):02} 0{c.randint(0, 9)}:00:00,123 ERROR [main] com.acme_{c.randint(1, 9)}.X",
    lambda c: f"{c.randint(1, 20)}{c.choice('.)')} step with *stars* and _lines_",
    lambda c: f"{c.choice(['#', '##', '---', '===', '+', '*', '-', '~', '&', '&amp;', '&#x41;'])} {c.randint(0, 99)}",
    lambda c: ":".join(f"{c.randint(0, 255):02X}" for _ in range(6)) + " fe80::1 10.0.0.7",
    lambda c: c.choice(["👩‍👩‍👧‍👦 ok", "שלום 123", "می‌خواهم", "e\u0301te", "\u200ebidi\u200f", "打印机 坏了"]),
    lambda c: f"KB{c.randint(1000000, 9999999)} 0x{c.randint(0, 2**32):08X} v7.0.{c.randint(0, 9)}.1715",
    lambda c: f'"quoted" \'single\' <{c.choice(["b", "img src=x", "!--"])}> {c.choice(["->", "<=", "a<b>c"])}',
]


def test_a_thousand_texts_of_real_kinds_come_back_letter_by_letter():
    for seed in range(1000):
        chance = random.Random(seed)
        lines = [chance.choice(PIECES)(chance) for _ in range(chance.randint(1, 6))]
        # Two lines with the same sign are a list, and are meant to be read as one.
        text = "\n".join(line for line, after in zip(lines, [*lines[1:], ""]) if (line[:2], after[:2]) not in LISTS)
        if not re.search(r"^([-*]) .*(\n.*)*^\1 ", text, re.M):
            assert read(to_html(text)) == text.strip("\n"), seed


LISTS = {("- ", "- "), ("* ", "* ")}


# ---- the work it takes

SIGNS = {
    "links": "http://a.example ",
    "endless links": "ftp://a",
    "endless schemes": "http://a",
    "addresses": "a@",
    "stars": "**",
    "bold": "**a ",
    "brackets": "[",
    "links that never end": "[a](http://",
    "backticks": "`",
    "quotes": "> ",
    "quoted lines": ">\n",
    "quotes in quotes": "> " * 9 + "a\n",
    "lists": "- a\n",
    "lists in lists": "- a\n- b\n  - c\n  - d\n",
    "fences": "```\n",
    "open fences": "```a\n",
    "tables": "a|b\n-|-\n",
    "cells": "a\tb\n",
    "www": "www.",
    "lines": "a\n",
}
# Lines of Python, ours and the library's, for a text of the greatest length; about 100 ms.
MOST_LINES = 3_000_000


def longest(unit, length=BODY_MAX):
    return (unit * (length // len(unit) + 1))[:length]


@pytest.mark.parametrize("kind", SIGNS)
def test_twice_the_text_takes_at_most_two_and_a_half_times_the_work(kind):
    half, whole = (counted(markdown._render, longest(SIGNS[kind], length)) for length in (BODY_MAX // 2, BODY_MAX))
    assert whole <= MOST_LINES and whole <= 2.5 * half + 5_000, f"{half} lines, then {whole}"


def test_a_long_address_is_a_link_and_an_endless_one_is_not():
    assert f'href="http://example.com/{"a" * 1_900}"' in to_html(f"http://example.com/{'a' * 1_900}")
    assert "<a " not in to_html(f"http://example.com/{'a' * 2_000}")


def test_whoever_changes_how_a_text_comes_out_raises_the_number_of_the_renderer():
    """What was kept by an older renderer would else stay as it is. Change both lines together."""
    made = sha256("".join(map(to_html, [*AS_TYPED, *READ])).encode()).hexdigest()[:12]
    assert (markdown.RENDERER, made) == (2, "54511a193b6b")
