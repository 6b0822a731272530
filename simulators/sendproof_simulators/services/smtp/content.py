"""The content of a message, read as a mail client reads it: subject, HTML, and the headers that the relay looks at.

documented: the header (RFC 5322), MIME (RFC 2045 and RFC 2047), List-Unsubscribe (RFC 2369) and List-Unsubscribe-Post
(RFC 8058).
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from itertools import islice

from sendproof_simulators.core.messaging.mail_texts import has_too_many_tags, readable, tidy, words_of
from sendproof_simulators.core.messaging.message_types import whole_mail
from sendproof_simulators.services.smtp.replies import NO_CONTENT, NO_SENDER, NOT_MIME, RefusedError

_ONE_CLICK = "List-Unsubscribe=One-Click"
_URL = re.compile(r"<\s*(https?://[^>\s]+)\s*>", re.IGNORECASE)
#: More than real messages have. The parser of the standard library takes long for headers of megabytes.
MOST_HEADERS, LONGEST_HEADER, MOST_PARTS = 100, 10_000, 100
_HEADER_END = re.compile(rb"\r?\n\r?\n")
# The headers whose value has a grammar: the parser takes quadratic time for each. Real ones have 100 to 500 bytes.
_STRUCTURED = re.compile(
    rb"^(?:From|Message-ID|Content-[a-z-]+)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)
#: Sum of the squares of their lengths, and the comments of one: the parser reads comments in comments recursively.
MOST_STRUCTURED, MOST_COMMENTS = 2_500**2, 50
# The parser compares each line with the boundary of each open part, and makes an object of each part.
_NESTING = re.compile(rb"^Content-Type[ \t]*:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(rb"^Content-Type[ \t]*:\s*message/delivery-status", re.IGNORECASE | re.MULTILINE)
#: Parts with parts, lines that could be boundaries, and lines of a message with parts.
MOST_NESTING, MOST_BOUNDARIES, MOST_LINES = 16, 4_000, 100_000
# The headers that name recipients to each other: relays remove Bcc. The grammar would take the parser long.
_RECIPIENTS = re.compile(rb"^(?:To|Cc)[ \t]*:", re.IGNORECASE)
# Quoted names and comments, which may contain separators; one without an end goes to the end of the header.
_ASIDE = re.compile(r'"(?:[^"\\]|\\.?)*+"?|\([^()]*+\)?', re.DOTALL)
_SEPARATOR = re.compile(r"[,;:]")
_ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_MOST_SHOWN = 100
# What the parser raises for values that it cannot read.
_UNREADABLE = (MessageError, LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What the relay and the recipient read of a message.

    `senders` are the addresses in From, and `header` is the whole header as text. With `is_raw`, it has characters that
    are not ASCII. `shown` are the addresses in To and Cc, in lower case: each recipient sees them.
    `plain` is the text for readers without HTML, if it is an alternative and its words are others.
    """

    senders: tuple[str, ...]
    is_raw: bool
    subject: str
    text: str
    plain: str | None
    message_id: str
    header: str
    unsubscribe_url: str | None
    shown: tuple[str, ...]


def read_content(raw: bytes) -> Content:
    """Return the content of a message; raise `RefusedError` for one that no mail client shows."""
    try:
        return _content(_parsed(raw), raw)
    except _UNREADABLE:
        raise RefusedError(NOT_MIME) from None


def _content(message: EmailMessage, raw: bytes) -> Content:
    if len(message.get_all("from", [])) != 1:
        raise RefusedError(NO_SENDER)
    subject = str(message.get("subject", ""))
    header = _HEADER_END.split(raw, maxsplit=1)[0]
    html_text = _html(message)
    return Content(
        senders=tuple(address.addr_spec for address in getattr(message["from"], "addresses", ())),
        is_raw=not header.isascii(),
        subject=subject,
        text=whole_mail(subject, html_text),
        plain=_other_plain(message, html_text),
        message_id=str(message.get("message-id", "")).strip(),
        header=header.decode("ascii", "replace"),
        unsubscribe_url=_one_click_url(message),
        shown=_shown_addresses(raw),
    )


def _parsed(raw: bytes) -> EmailMessage:
    if max(map(len, _headers(raw)), default=0) > LONGEST_HEADER or _takes_long(raw):
        raise RefusedError(NOT_MIME)
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - the policy decides the class
    if len(message) > MOST_HEADERS or _has_too_many_parts(message):
        raise RefusedError(NOT_MIME)
    return message


def _headers(raw: bytes) -> Iterator[bytes]:
    """Yield the headers of a message, each with its continued lines."""
    return iter(re.split(rb"\r?\n(?![ \t])", _HEADER_END.split(raw, maxsplit=1)[0]))


def _takes_long(raw: bytes) -> bool:
    """Return True if headers with a grammar, those of parts included, or parts would take the parser long."""
    nesting = sum(1 for _ in _NESTING.finditer(raw))
    if nesting > MOST_NESTING or (nesting and raw.count(b"\n") > MOST_LINES):
        return True
    boundaries = raw.count(b"\n--")
    if _STATUS.search(raw):
        boundaries += raw.count(b"\n\n") + raw.count(b"\n\r\n")
    structured = [found[0] for found in _STRUCTURED.finditer(raw)]
    return (
        boundaries > MOST_BOUNDARIES
        or sum(len(header) ** 2 for header in structured) > MOST_STRUCTURED
        or any(header.count(b"(") > MOST_COMMENTS for header in structured)
    )


def _has_too_many_parts(message: EmailMessage) -> bool:
    return any(number >= MOST_PARTS for number, _ in enumerate(message.walk()))


def _html(message: EmailMessage) -> str:
    """Return the HTML of a message; the text as HTML if there is no other."""
    part = message.get_body(("html", "plain"))
    content = None if part is None else part.get_content()
    if part is None or not isinstance(content, str):
        raise RefusedError(NO_CONTENT)
    if has_too_many_tags(content):
        raise RefusedError(NOT_MIME)
    return content if part.get_content_type() == "text/html" else html.escape(content).replace("\n", "<br>")


def _shown_addresses(raw: bytes) -> tuple[str, ...]:
    headers = (header.decode("utf-8", "replace") for header in _headers(raw) if _RECIPIENTS.match(header))
    parts = (part for header in headers for part in _SEPARATOR.split(_ASIDE.sub(" ", header)))
    found = (address for part in parts if _ADDRESS.fullmatch(address := _address(part)))
    return tuple(islice(dict.fromkeys(found), _MOST_SHOWN))


def _address(part: str) -> str:
    """Return the address in a part of a header between separators, without the name before it."""
    return part.rpartition("<")[2].partition(">")[0].strip().lower()


def _other_plain(message: EmailMessage, html_text: str) -> str | None:
    """Return the lines of the alternative in plain text; None without one, and for one with the words of the HTML.

    documented: the alternatives of a message have the same information (RFC 2046, 5.1.4).
    """
    if not any(part.get_content_type() == "multipart/alternative" for part in message.walk()):
        return None
    part = message.get_body(("plain",))
    try:
        content = None if part is None else part.get_content()
    except _UNREADABLE:
        # Mail clients show the HTML.
        return None
    if not isinstance(content, str) or words_of(content) == words_of(readable(html_text)):
        return None
    return tidy(content)


def _one_click_url(message: EmailMessage) -> str | None:
    """Return the URL of a one-click unsubscription, or None."""
    if "".join(str(message.get("list-unsubscribe-post", "")).split()) != _ONE_CLICK:
        return None
    # Mail software folds the header between its URLs, and may encode long ones.
    found = _URL.search(str(message.get("list-unsubscribe", "")))
    return None if found is None else found[1]
