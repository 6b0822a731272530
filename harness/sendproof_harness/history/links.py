"""Links that lead to the same place although they are spelled differently.

documented: the scheme and the host have no case, an empty path is `/`, and characters may be percent-encoded (RFC 3986,
6.2). assumed: servers ignore the order of parameters.
"""

import re
from collections import Counter
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, unquote, unquote_plus, urlsplit

_SCHEME = re.compile(r"https?://", re.IGNORECASE)
# No bridge encodes a link more often than this.
_ENCODED_MAX = 3
_PORTS = {"http": 80, "https": 443}


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
