"""An HTML mail as a mail client shows it, so that two ways to write the same mail compare as equal.

Entities, the encoding of the message, comments, styles and the white space between words make no difference to the
reader. What a reader sees or follows does: the words, the lines, the text in place of a picture, and the target of a
link.
"""

import re
from functools import lru_cache
from html.parser import HTMLParser

#: Tags of a mail, and other `<`. More than real mails have: the parser takes long for hundreds of thousands.
MOST_TAGS = 20_000

_UNSEEN = frozenset({"script", "style", "title", "template"})
# The elements that begin and end lines.
_LINES = frozenset(
    """
    address article blockquote br caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr
    li main nav ol p pre section table tbody tfoot thead tr ul
    """.split()  # noqa: SIM905 - thirty quoted words would hide what they are
)
_CELLS = frozenset({"td", "th"})
# Comments and declarations, as browsers find their ends. The parser takes quadratic time for those without an end.
_COMMENT = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<[!?][^>]*(?:>|\Z)", re.DOTALL)
_TAG = re.compile(r"<[A-Za-z/]")


def readable(html: str) -> str:
    """Return what a reader sees of an HTML text: its lines without empty ones, with the target behind each link."""
    reader = _Reader()
    reader.feed(_with_ends(_COMMENT.sub("", html)))
    reader.close()
    return tidy("".join(reader.parts))


def has_too_many_tags(html: str) -> bool:
    """Return True if reading the HTML would take long."""
    return html.count("<") > MOST_TAGS


@lru_cache(maxsize=100)
def readable_template(html: str) -> str:
    """Return what a reader sees of a template, with its placeholders: thousands of messages share it."""
    return readable(html)


def tidy(text: str) -> str:
    """Return the lines of a text without empty ones, with one space between words."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _with_ends(html: str) -> str:
    """Return the HTML up to a tag that never ends. Browsers show nothing of it."""
    found = _TAG.search(html, html.rfind(">") + 1)
    return html[: found.start()] if found else html


class _Reader(HTMLParser):
    """Collects the text of a document; line feeds in `parts` end lines."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = ""
        self._target = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen = self._unseen or tag
        elif tag == "body":
            self._unseen = ""
        elif tag == "a":
            self._target = (dict(attrs).get("href") or "").strip()
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif tag == "a" and self._target:
            self.parts.append(f" ({self._target})")
            self._target = ""
        self._separate(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            # A line feed in the source is a space; only elements end lines.
            self.parts.append(" ".join(data.splitlines()) if "\n" in data or "\r" in data else data)

    def _separate(self, tag: str) -> None:
        if tag in _LINES:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")
