"""An HTML mail as a mail client shows it, so that two ways to write the same mail compare as equal.

Entities, the encoding of the message, comments, styles and the white space between words make no difference to the
reader. What a reader sees or follows does: the words, the lines, the text in place of a picture, and the target of a
link. A link leads to the same page whether a value in its target is percent-encoded or not: mail clients encode what is
not, and some libraries for HTML encode every value there.
"""

import re
from functools import lru_cache
from html.parser import HTMLParser
from urllib.parse import unquote

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
# Two noncharacters of Unicode mark the target of a link, until its placeholders have values.
_TARGET = re.compile("\ufdd0([^\ufdd1]*)\ufdd1?")
_LINK = re.compile(r"\b(?:https?|mailto|tel):[^\s()<>\[\]]*", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_SPACES = re.compile(r"\s+")


def readable(html: str) -> str:
    """Return what a reader sees of an HTML text: its lines without empty ones, with the target behind each link."""
    return shown_mail(_read(html))


def has_too_many_tags(html: str) -> bool:
    """Return True if reading the HTML would take long."""
    return html.count("<") > MOST_TAGS


@lru_cache(maxsize=100)
def mail_template(html: str) -> str:
    """Return a template as text, for `shown_mail` once its placeholders have values: thousands of messages share it."""
    return tidy(_read(html))


def shown_mail(text: str) -> str:
    """Return what a reader sees of the text of a template with its values, each of them `in_one_line`."""
    return tidy(_TARGET.sub(lambda found: f" ({_decoded(found[1])})", text))


def in_one_line(value: str) -> str:
    """Return a value as HTML shows it: white space is one space, also at both ends."""
    return _SPACES.sub(" ", value)


def tidy(text: str) -> str:
    """Return the lines of a text without empty ones, with one space between words."""
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, which are the same in HTML and in plain text: without case, marks and links."""
    return tuple(_WORD.findall(_LINK.sub(" ", text).casefold()))


def _with_ends(html: str) -> str:
    """Return the HTML up to a tag that never ends. Browsers show nothing of it."""
    found = _TAG.search(html, html.rfind(">") + 1)
    return html[: found.start()] if found else html


def _read(html: str) -> str:
    reader = _Reader()
    reader.feed(_with_ends(_COMMENT.sub("", html)))
    reader.close()
    return "".join(reader.parts)


def _decoded(target: str) -> str:
    """Return the target of a link without percent-encoding; in its query, a plus sign is a space."""
    path, mark, query = target.partition("?")
    return " ".join(f"{unquote(path)}{mark}{unquote(query.replace('+', ' '))}".split())


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
            self._target = in_one_line(dict(attrs).get("href") or "").strip()
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        self._separate(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        elif tag == "a" and self._target:
            self.parts.append(f"\ufdd0{self._target}\ufdd1")
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
