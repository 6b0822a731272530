"""The rules of every attempt, whichever client makes it: bounds, fields of the request, and allowed addresses."""

from functools import lru_cache
from ipaddress import ip_address

# Enough to keep one bridge process busy, few enough for a small one.
CONNECTIONS_PER_HOST = 24
# An unused connection is closed after this time.
KEEP_ALIVE_SECONDS = 60.0
# The status is known before the body, and the body has no meaning; a longer one only costs the connection.
MAX_BODY_BYTES = 1_000_000
# An error can quote what a listener sent.
MAX_ERROR_CHARS = 500
#: The fields of every request.
DEFAULT_HEADERS = (("Accept", "*/*"), ("Accept-Encoding", "gzip, deflate"), ("User-Agent", "Sendproof"))


class AttemptError(Exception):
    """An attempt that got no response; the message is the error of the journal."""


def error_text(error: Exception) -> str:
    """Return an error as the journal has it."""
    text = str(error) if isinstance(error, AttemptError) else f"{type(error).__name__}: {error}"
    return text[:MAX_ERROR_CHARS]


def refuse_remote(host: str, address: str) -> None:
    """Raise `OSError` if the address of a host is not one of this machine."""
    if not ip_address(address).is_loopback:
        raise OSError(f"expected a host on this machine, got {host}; create the sandbox with allow_remote_webhooks")


def accept_any(host: str, address: str) -> None:
    """Accept every address of a host."""
    del host, address


@lru_cache(maxsize=1024)
def refuse_remote_literal(host: str) -> None:
    """Refuse a host that is an IP address of another machine; names are checked when they are resolved."""
    if is_address(host):
        refuse_remote(host, host)


def is_address(host: str) -> bool:
    """Return True if a host is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
