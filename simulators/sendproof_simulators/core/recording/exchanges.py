"""The newest requests of a sandbox with their responses, in full: for people who look for the cause of a problem.

The journal has no bodies, because a run with a million recipients would fill a disk with them. So they are kept for a
bounded number of exchanges only. Secrets are removed when an exchange is read, so that recording costs little.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import NamedTuple

from sendproof_simulators.core.http import Request, Response

#: Bounds of the record of one sandbox: exchanges, and bytes of their addresses, headers and bodies together.
EXCHANGES_MAX, KEPT_BYTES_MAX = 2_000, 4 * 1024 * 1024
#: Bytes of one body that are shown.
BODY_BYTES_MAX = 64 * 1024
# Kept beyond the bytes that are shown: longer than any secret, so that no secret is cut where a body is.
MARGIN_BYTES = 1024
_KEPT_BYTES = BODY_BYTES_MAX + MARGIN_BYTES


class KeptExchange(NamedTuple):
    """One request and its response, with bodies that may be cut, and the lengths of the whole ones in bytes.

    `duration_s` are the seconds until the response was ready, and `size` is what the record holds of it, in bytes.
    """

    request: Request
    response: Response
    duration_s: float
    request_bytes: int
    response_bytes: int
    size: int


class RecentExchanges:
    """The newest exchanges of a sandbox by the number of the request in the journal."""

    def __init__(self) -> None:
        self._exchanges: OrderedDict[int, KeptExchange] = OrderedDict()
        self._bytes = 0

    def add(self, number: int, request: Request, response: Response, duration_s: float) -> None:
        """Keep an exchange, and drop the oldest ones beyond the bounds."""
        sent, answered = len(request.body), len(response.body)
        if sent > _KEPT_BYTES:
            request = replace(request, body=request.body[:_KEPT_BYTES])
        if answered > _KEPT_BYTES:
            response = replace(response, body=response.body[:_KEPT_BYTES])
        size = _size(request) + len(response.body)
        self._exchanges[number] = KeptExchange(request, response, duration_s, sent, answered, size)
        self._bytes += size
        while self._bytes > KEPT_BYTES_MAX or len(self._exchanges) > EXCHANGES_MAX:
            _, oldest = self._exchanges.popitem(last=False)
            self._bytes -= oldest.size

    def find(self, number: int) -> KeptExchange | None:
        """Return the exchange of a request, or None if it is not kept any more."""
        return self._exchanges.get(number)


def _size(request: Request) -> int:
    """Return the length of a request. Headers and query can have 64 KiB together."""
    size = len(request.path) + len(request.body)
    for name, value in request.headers.items():
        size += len(name) + len(value)
    for name, value in request.query:
        size += len(name) + len(value)
    return size
