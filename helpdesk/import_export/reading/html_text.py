"""The text of a description that another system keeps as HTML."""

from __future__ import annotations

import re
from html.parser import HTMLParser

# Elements that only HTML has; a text that merely holds a "<" is left as it is.
_LOOKS_LIKE_HTML = re.compile(
    r"</(p|div|span|br|ul|ol|li|table|tr|td|b|strong|i|em|a|h[1-6]|html|body)>|<br ?/?>|<p>", re.I
)
_BLOCKS = {"p", "div", "ul", "ol", "table", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
_SILENT = {"script", "style", "head", "title"}


def is_html(text: str) -> bool:
    return _LOOKS_LIKE_HTML.search(text) is not None


def to_text(html: str) -> str:
    """What a reader would see: a line for each block and row, "- " before items of lists, the address after a link."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.pieces).split("\n")]
    text = "\n".join(line for above, line in zip(["", *lines], lines) if line or above)
    return text.strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br" or tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "li":
            self.pieces.append("\n- ")
        elif tag in ("td", "th"):
            self.pieces.append(" ")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.pieces)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.pieces.append("\n")
        elif tag == "a" and self._links:
            address, begun = self._links.pop()
            if address.startswith(("http:", "https:")) and address not in "".join(self.pieces[begun:]):
                self.pieces.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.pieces.append(re.sub(r"\s+", " ", data))
