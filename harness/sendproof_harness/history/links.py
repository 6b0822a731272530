"""Links that lead to the same place although they are spelled differently.

documented: the scheme and the host have no case, an empty path is `/`, and characters may be percent-encoded (RFC 3986,
6.2). assumed: servers ignore the order of parameters.

A bridge may add parameters to the links of an e-mail to count visits. If its provider reports no clicks, it may also
send the reader over a page of its own that forwards to the link. So a link of a bridge counts as the due one if it has
more parameters, or contains the whole due link, percent-encoded or not. A link by a code, such as `/r/a8Xk`, does not:
no one but the vendor knows where it leads.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit

import msgspec

from sendproof_harness.history.records import Delivery, Obligation, Rejection

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# No bridge encodes a link more often than this.
_ENCODED_MAX = 3
_PORTS = {"http": 80, "https": 443}
# The text of an e-mail has the target of each link behind it in brackets; a value in a target may have brackets itself.
LINK = re.compile(r"(?<=\()https?://(?:[^()\n]|\([^()\n]*\))*(?=\))", re.IGNORECASE)
_EMAIL = "email"

Sent = TypeVar("Sent", Delivery, Rejection)


@lru_cache(maxsize=1_000)
def keeps_link(link: str, got: str) -> bool:
    """Return True if `got` leads where the client's link does. It may have more parameters, and a fragment of its own.

    A link of the client that is no URL may be continued.
    """
    try:
        wanted = urlsplit(link)
        place = _place(wanted)
    except ValueError:
        return got.startswith(link)
    try:
        found = urlsplit(got)
        return place == _place(found) and _parameters(wanted) <= _parameters(found) and _has_fragment(wanted, found)
    except ValueError:
        return False


def _place(url: SplitResult) -> tuple[object, ...]:
    port = url.port or _PORTS.get(url.scheme)
    return url.scheme, url.username, url.password, _host(url.hostname or ""), port, unquote(url.path) or "/"


def _host(name: str) -> str:
    """Return the name in ASCII, as the name service knows it."""
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        return name


def _parameters(url: SplitResult) -> Counter[tuple[str, str]]:
    return Counter(parse_qsl(url.query, keep_blank_values=True))


def _has_fragment(wanted: SplitResult, found: SplitResult) -> bool:
    return not wanted.fragment or unquote(wanted.fragment) == unquote(found.fragment)


def leads_to(link: str, due: str) -> bool:
    """Return True if a link is the due one with more parameters, or contains it as a whole, to forward to it."""
    starts = (found.start() for found in _SCHEME.finditer(link))
    return _contains(_decoded(link), _decoded(due)) or any(keeps_link(due, link[start:]) for start in starts)


def _contains(link: str, due: str) -> bool:
    end = "[&#]" if "?" in due else "[?&#]"
    return re.search(rf"(?:^|[=/?&]){re.escape(due)}(?:$|{end})", link) is not None


def _decoded(link: str) -> str:
    for _ in range(_ENCODED_MAX):
        link = unquote_plus(link)
    return link


# -- e-mails ----------------------------------------------------------------------------------------


def with_due_links(obligations: Iterable[Obligation], sent: Sequence[Sent]) -> Sequence[Sent]:
    """Return the messages; a link of an e-mail that leads where a due link of its address does is replaced by it."""
    if not any(_has_links(message) for message in sent):
        return sent
    due = _due_links(obligations)
    return [_with_due_links(message, due.get(message.number, ())) for message in sent]


def other_links(text: str, due: str) -> list[str]:
    """Return the links of an e-mail that lead elsewhere, [] if it differs from the due text in more than links."""
    if LINK.sub("", text) != LINK.sub("", due):
        return []
    pairs = zip(LINK.findall(text), LINK.findall(due), strict=False)
    return [link for link, due_link in pairs if link != due_link]


def _has_links(message: Delivery | Rejection) -> bool:
    return message.message_type in {_EMAIL, None} and "@" in message.number and LINK.search(message.text) is not None


def _due_links(obligations: Iterable[Obligation]) -> dict[str, list[str]]:
    """Return the links that are due at each address, the longest first: one may be the beginning of another."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for obligation in obligations:
        texts = [(obligation.number, obligation.text)]
        texts += [(other.number, other.text) for other in obligation.alternatives]
        for number, text in texts:
            if number and text and "@" in number:
                found[number].update(LINK.findall(text))
    return {number: sorted(links, key=lambda link: (-len(link), link)) for number, links in found.items()}


def _with_due_links(message: Sent, due: Sequence[str]) -> Sent:
    def replaced(found: re.Match[str]) -> str:
        link = found[0]
        return link if link in due else next((other for other in due if leads_to(link, other)), link)

    text = LINK.sub(replaced, message.text) if due and _has_links(message) else message.text
    return message if text == message.text else msgspec.structs.replace(message, text=text)
