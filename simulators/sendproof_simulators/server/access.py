"""Who may talk to the simulators: no web page of another origin, and off this machine only clients with the token.

A browser sends requests to this machine for any page that it shows. Such a page could create sandboxes and advance
clocks, and with a name that it rebinds to this machine (DNS rebinding) it could read every credential. So each port
checks three headers: `Host` is a name of this server, `Origin` is this server, and `Sec-Fetch-Site` names no other.
Vendors' bridges send neither of the last two. A server without pages refuses both (`page_refusal`).

The port of a service also accepts the hosts that its contract documents for the real service: a bridge behind a proxy,
or with an entry in the hosts file, sends them. Only the owner of the service can publish a page with such a name.

The control API has no credentials on loopback. With any other address to listen on, it needs a token, as
`Authorization: Bearer TOKEN` or as a prefix of the path, `/token/TOKEN/control/...`. The prefix makes the token a part
of the URL, so that every client that accepts a URL of the control API works with it.
"""

import hmac
import re
import secrets  # noqa: TID251 - a secret must not follow from a seed
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from sendproof_simulators.core.http import Problem

_HOST, _ORIGIN, _SITE = b"host", b"origin", b"sec-fetch-site"
_CHECKED = frozenset({_HOST, _ORIGIN, _SITE})
_TRUSTED_SITES = frozenset({b"same-origin", b"none"})
_PREFIX = "/token/"
_BEARER = "bearer "
_TOKEN_BYTES = 24
_MIN_TOKEN = 16

# Longer headers are those of no client, and the cache would keep them.
_MOST_REMEMBERED_BYTES = 1024
# A host with an optional port. An address may have a zone, such as `[fe80::1%25eth0]` or `[fe80::1%br-0a1b]`.
_AUTHORITY = re.compile(r"(?:\[([0-9A-Za-z:.]+(?:%[0-9A-Za-z._~%-]+)?)\]|([^\s:@/?#\[\]]+))(?::[0-9]{0,5})?")

# Of the seed from which credentials are drawn when other machines can connect.
_CREDENTIAL_BITS = 256

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one server.

    `names` are its host names apart from loopback and from the address of the connection, in lower case. `token` is
    that of the control API; None if it needs none.
    """

    names: frozenset[str] = frozenset()
    token: str | None = None

    def refusal(self, headers: Headers, address: str, documented: re.Pattern[str] | None = None) -> Problem | None:
        """Return why a request with these headers, to this address of the server, is refused; None if it is not.

        `documented` matches the names of the real service (`documented_hosts`); None for the control API.
        """
        checked = tuple(header for header in headers if header[0] in _CHECKED)
        is_long = sum(len(value) for _, value in checked) > _MOST_REMEMBERED_BYTES
        refusal_of = _refusal.__wrapped__ if is_long else _refusal
        return refusal_of(self.names, checked, address, documented)

    def control_path(self, path: str, headers: Headers) -> tuple[str, Problem | None]:
        """Return the path of a request to the control API without the token, and why the request is refused."""
        presented, rest = _split_token(path)
        if self.token is None:
            return rest, None
        tokens = [text for text in (presented, *_bearer_tokens(headers)) if text is not None]
        if any(_is_equal(token, self.token) for token in tokens):
            return rest, None
        return rest, _unauthorized(bool(tokens))

    def address(self, url: str) -> dict[str, str]:
        """Return the address of the control API for its clients: `url`, which contains the `token` if there is one."""
        if self.token is None:
            return {"url": url}
        return {"url": f"{url}{_PREFIX}{quote(self.token, safe='')}", "token": self.token}


#: Any client of this machine, without a token.
LOOPBACK = Access()


def page_refusal(headers: Headers) -> Problem | None:
    """Return why a server without pages of its own refuses a request, if a page in a browser sent it.

    Such a server may have any name, such as that of a tunnel to it. So a page with a rebound name is not recognized by
    its `Host`, and counts as a page of another site although `Origin` and `Host` are equal.
    """
    for name, value in headers:
        if name == _ORIGIN:
            return _wrong_origin(value.decode("latin-1"))
        if name == _SITE and value.lower() != b"none":
            return _wrong_origin("some site")
    return None


def access_rules(host: str, public_host: str | None, allowed: Sequence[str], token: str | None) -> Access:
    """Return the rules of a server that listens on `host`.

    `ValueError` names a token that is too short to be a secret.
    """
    if token is not None and len(token) < _MIN_TOKEN:
        raise ValueError(f"--control-token: expected at least {_MIN_TOKEN} characters, got {len(token)}")
    names = frozenset(_canonical(name) for name in (host, public_host, *allowed) if name)
    needed = None if is_loopback(host) else secrets.token_urlsafe(_TOKEN_BYTES)
    return Access(names, token or needed)


def documented_hosts(document: Mapping[str, Any]) -> re.Pattern[str]:
    """Return a pattern of the hosts in the `servers` of a contract, in which any number matches any other.

    Clients have hosts of their own, such as `metric-1001.optimove.net`.
    """
    urls = (server["url"] for server in document.get("servers", ()))
    names = (re.escape(urlsplit(url).hostname or "") for url in urls)
    return re.compile("|".join(re.sub("[0-9]+", "[0-9]+", name) for name in names if name) or "(?!)")


def is_loopback(host: str) -> bool:
    """Return True for a host that only this machine reaches. Browsers resolve `*.localhost` to this machine as well.

    Source: RFC 6761, section 6.3.
    """
    name = _canonical(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def credential_seed(host: str) -> int | None:
    """Return a secret seed for the credentials of a server that other machines can reach, None for any other."""
    return None if is_loopback(host) else secrets.randbits(_CREDENTIAL_BITS)


@lru_cache(maxsize=1024)
def _refusal(
    names: frozenset[str],
    headers: tuple[tuple[bytes, bytes], ...],
    address: str,
    documented: re.Pattern[str] | None,
) -> Problem | None:
    """Decide on the three headers. Clients repeat theirs, so most decisions are in the cache."""
    hosts, origins, sites = ([value for name, value in headers if name == wanted] for wanted in (_HOST, _ORIGIN, _SITE))
    if len(hosts) > 1:
        return Problem(kind="bad_request", status=400, detail="expected one Host header, got several")
    host = hosts[0].decode("latin-1").strip() if hosts else None
    # A request without a Host is one in HTTP/1.0; no browser sends it.
    if host is not None and not _is_own(_host_name(host), names, address, documented):
        return _wrong_host(host)
    foreign = (origin for origin in origins if not _is_same(origin.decode("latin-1"), host))
    if (origin := next(foreign, None)) is not None:
        return _wrong_origin(origin.decode("latin-1"))
    if any(site.lower() not in _TRUSTED_SITES for site in sites):
        return _wrong_origin("another site")
    return None


def _is_same(origin: str, host: str | None) -> bool:
    """Return True for the origin of this server's own pages, behind TLS as well. "null" is that of a sandboxed page."""
    scheme, _, authority = origin.lower().partition("://")
    return host is not None and scheme in {"http", "https"} and authority == host.lower()


def _host_name(host: str) -> str:
    """Return the host of a Host header without its port, in canonical form; "" if it is none."""
    authority = _AUTHORITY.fullmatch(host)
    return _canonical(authority[1] or authority[2]) if authority else ""


def _canonical(name: str) -> str:
    """Return a name in lower case without a dot at its end, and an address in its only spelling.

    A socket for IPv6 shows a client of IPv4 with a mapped address, `::ffff:10.0.0.7`.
    """
    name = name.strip("[]").removesuffix(".").lower()
    try:
        address = ip_address(name)
    except ValueError:
        return name
    return str(getattr(address, "ipv4_mapped", None) or address)


def _is_own(name: str, names: frozenset[str], address: str, documented: re.Pattern[str] | None) -> bool:
    if name in names or is_loopback(name) or name == _canonical(address):
        return True
    return documented is not None and documented.fullmatch(name) is not None


def _wrong_host(host: str) -> Problem:
    shown = host[:100]
    detail = (
        f"expected a Host that names this server, got {shown!r}; if clients use that name, start the simulators with "
        "--public-host NAME (the name in URLs) or --allow-host NAME"
    )
    return Problem(kind="bad_request", status=421, detail=detail)


def _wrong_origin(origin: str) -> Problem:
    detail = f"expected a client outside a browser or a page of this server, got a request by a page of {origin[:100]}"
    return Problem(kind="forbidden", status=403, detail=detail)


def _unauthorized(has_token: bool) -> Problem:  # noqa: FBT001 - the only argument
    got = "another" if has_token else "none"
    detail = (
        f"expected the token of the control API, got {got}; use the URL that the simulators printed at their start, "
        "or send Authorization: Bearer TOKEN"
    )
    return Problem(kind="unauthorized", status=401, detail=detail)


def without_token(path: str) -> str:
    """Return a path without a token at its start; whether it is the right one does not matter."""
    return _split_token(path)[1]


def _split_token(path: str) -> tuple[str | None, str]:
    """Return the token at the start of a path, None without one, and the rest of the path."""
    if not path.startswith(_PREFIX):
        return None, path
    token, _, rest = path.removeprefix(_PREFIX).partition("/")
    return token, "/" + rest


def _bearer_tokens(headers: Headers) -> list[str]:
    values = (value.decode("latin-1") for name, value in headers if name == b"authorization")
    return [value[len(_BEARER) :].strip() for value in values if value.lower().startswith(_BEARER)]


def _is_equal(presented: str, token: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(presented.encode(), token.encode())
