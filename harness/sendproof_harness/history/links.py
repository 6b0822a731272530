"""Links that lead to the same place although they are spelled differently.

documented: the scheme and the host have no case, an empty path is `/`, and characters may be percent-encoded (RFC 3986,
6.2). assumed: servers ignore the order of parameters.

A bridge may add parameters to the links of an e-mail to count visits. If its provider reports no clicks, it may also
send the reader over a page of its own that forwards to the link. So a link of a bridge counts as the due one if it has
more parameters, or contains the whole due link, as a parameter or in its path. A link by a code, such as `/r/a8Xk`,
does not: no one but the vendor knows where it leads.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit

import msgspec

from sendproof_harness.history.records import Delivery, Obligation, Rejection

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# A page that forwards may lead to another one, which some mail services have, and so on.
_FORWARDS_MAX = 3
# A link without a purpose other than to keep the judge busy has more targets than this.
_TARGETS_MAX = 5
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
    """Return True if a link is the due one with more parameters, or forwards to such a link.

    Both are from texts of e-mails, in which links are decoded. A target of a link may still be encoded.
    """
    forms = (form for target in _targets(link, _FORWARDS_MAX) for form in (target, _decoded(target)))
    return any(keeps_link(_encoded(due), _encoded(form)) for form in chain([link], forms))


def _decoded(link: str) -> str:
    """Return a link as the text of an e-mail has it."""
    address, mark, query = link.partition("?")
    return f"{unquote(address)}{mark}{unquote_plus(query)}"


def _encoded(link: str) -> str:
    """Return the URL of a decoded link."""
    return link.replace("%", "%25").replace("+", "%2B")


def _targets(link: str, forwards: int) -> Iterator[str]:
    """Yield the URLs that a link contains, and those that they contain in turn."""
    for target in dict.fromkeys(_contained(link)) if forwards else ():
        yield target
        yield from _targets(target, forwards - 1)


def _contained(link: str) -> Iterator[str]:
    """Yield the URLs in the parameters of a link, and those that are its end.

    A page can read the end of its address as it is, so parameters behind a target may be those of the target or not.
    """
    yield from (link[found.start() :] for found in islice(_SCHEME.finditer(link, 1), _TARGETS_MAX))
    address, _, query = link.partition("?")
    values = [value for _, value in parse_qsl(query)][:_TARGETS_MAX]
    for text in [*values, unquote(address.partition("#")[0])[len("http") :]]:
        for level in (text, unquote(text)):
            if (found := _SCHEME.search(level)) is not None:
                yield level[found.start() :]


# -- e-mails ----------------------------------------------------------------------------------------


def with_due_links(obligations: Iterable[Obligation], sent: Sequence[Sent]) -> Sequence[Sent]:
    """Return the messages. An e-mail whose links lead where those of a text due at its address do gets these."""
    if not any(_has_links(message) for message in sent):
        return sent
    due = _due_texts(obligations)
    return [_with_due_links(message, due.get(message.number, ())) for message in sent]


def other_links(text: str, due: str) -> list[str]:
    """Return the links of an e-mail that lead elsewhere, [] if it differs from the due text in more than links."""
    if LINK.sub("", text) != LINK.sub("", due):
        return []
    pairs = zip(LINK.findall(text), LINK.findall(due), strict=False)
    return [link for link, due_link in pairs if link != due_link]


def _has_links(message: Delivery | Rejection) -> bool:
    return message.message_type in {_EMAIL, None} and "@" in message.number and LINK.search(message.text) is not None


def _due_texts(obligations: Iterable[Obligation]) -> dict[str, list[str]]:
    """Return the texts with links that are due at each e-mail address."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for obligation in obligations:
        texts = [(obligation.number, obligation.text)]
        texts += [(other.number, other.text) for other in obligation.alternatives]
        for number, text in texts:
            if number and text and "@" in number and LINK.search(text) is not None:
                found[number][text] = None
    return {number: [*texts] for number, texts in found.items()}


def _with_due_links(message: Sent, due: Sequence[str]) -> Sent:
    if message.text in due or not _has_links(message):
        return message
    changed = [text for due_text in due if (text := _relinked(message.text, due_text)) is not None]
    text = next((text for text in changed if text in due), changed[0] if changed else message.text)
    return message if text == message.text else msgspec.structs.replace(message, text=text)


def _relinked(text: str, due: str) -> str | None:
    """Return the text with the links of the due one; None unless each of its links leads to the one in its place."""
    got, wanted = LINK.findall(text), LINK.findall(due)
    if len(got) != len(wanted) or not all(map(leads_to, got, wanted)):
        return None
    links = iter(wanted)
    return LINK.sub(lambda _: next(links), text)
