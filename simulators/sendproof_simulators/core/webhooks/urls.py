"""The check of webhook URLs at registration: the part that needs no name look-up.

The sender looks the name up and checks the address again for each call, because the address of a name can change after
registration.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, unquote, urlsplit

_EXAMPLE = "such as http://127.0.0.1:9000/webhooks"
_ENCODED = re.compile(r"https?%3a", re.IGNORECASE)
# Parsers disagree on other characters, and a disagreement could turn a loopback host into another one.
_ALLOWED = re.compile(r"[!#-;=?-\[\]_a-z~]+")


class RemoteHostError(ValueError):
    """A valid URL of another machine, in a sandbox that sends no webhooks there."""


def check_webhook_url(text: str, allow_remote: bool) -> str:  # noqa: FBT001 - a sandbox's setting, passed on as it is
    """Return the URL, decoded if it was percent-encoded; `ValueError` names what was expected and what to do.

    It is a `RemoteHostError` if only the sandbox's settings forbid the URL.

    Only http and https are valid, without user name and password; hosts off this machine only with `allow_remote`.
    A host name other than `localhost` counts as remote, because only a look-up could show it.
    """
    url = unquote(text) if _ENCODED.match(text) else text
    if not _ALLOWED.fullmatch(url):
        raise ValueError(f"expected a URL {_EXAMPLE}, got {url!r}; percent-encode characters outside ASCII")
    parts = _split(url)
    if not allow_remote and not is_loopback(parts.hostname or ""):
        raise RemoteHostError(
            f"expected a URL on this machine {_EXAMPLE}, got host {parts.hostname!r}; "
            "create the sandbox with allow_remote_webhooks to allow other hosts"
        )
    return url


def is_loopback(host: str) -> bool:
    """Return True if `host` is `localhost` or a literal loopback address (127.0.0.0/8, ::1)."""
    if host.lower() == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback if isinstance(address, IPv4Address) else address == IPv6Address("::1")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"expected a URL {_EXAMPLE}, got {url!r}: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError(f"expected an http or https URL {_EXAMPLE}, got {url!r}")
    if "@" in parts.netloc:
        raise ValueError(f"expected a URL without user name and password {_EXAMPLE}")
    return parts
