"""The newest requests of a sandbox with their responses, in full: for people who look for the cause of a problem.

The journal has no bodies, because a run with a million recipients would fill a disk with them. So they are kept for a
bounded number of exchanges only. Secrets are removed when an exchange is read, so that recording costs little.
"""

from bisect import bisect_left
from collections import deque
from dataclasses import replace
from operator import itemgetter
from sys import getsizeof
from typing import NamedTuple

from sendproof_simulators.core.http import Request, Response

#: Bounds of the record of one sandbox: exchanges, and the memory of them together in bytes.
EXCHANGES_MAX, KEPT_BYTES_MAX = 2_000, 4 * 1024 * 1024
#: Bytes of one body that are shown.
BODY_BYTES_MAX = 64 * 1024
# Kept beyond the bytes that are shown: longer than any secret, so that no secret is cut where a body is.
MARGIN_BYTES = 1024
_KEPT_BYTES = BODY_BYTES_MAX + MARGIN_BYTES
# The memory of what is around the texts: a name and a value in a query or in headers, and an exchange.
_PAIR_BYTES, EXCHANGE_BYTES = 64, 1_000
_TEXT_BYTES = getsizeof("")


class KeptExchange(NamedTuple):
    """One request and its response, with bodies that may be cut, and the lengths of the whole ones in bytes.

    `number` is that of the request in the journal, `duration_s` are the seconds until the response was ready, and
    `size` is the memory that the record holds of it, in bytes.
    """

    number: int
    request: Request
    response: Response
    duration_s: float
    request_bytes: int
    response_bytes: int
    size: int


class RecentExchanges:
    """The newest exchanges of a sandbox, in the order of the journal."""

    def __init__(self) -> None:
        # The fields of `KeptExchange`: every request adds one, and few are read.
        self._exchanges: deque[tuple[int, Request, Response, float, int, int, int]] = deque()
        self._bytes = 0

    def add(self, number: int, request: Request, response: Response, duration_s: float) -> None:
        """Keep an exchange, and drop the oldest ones beyond the bounds."""
        sent, answered = len(request.body), len(response.body)
        if sent > _KEPT_BYTES:
            request = replace(request, body=request.body[:_KEPT_BYTES])
        if answered > _KEPT_BYTES:
            response = replace(response, body=response.body[:_KEPT_BYTES])
        size = _head_size(request) + len(request.body) + len(response.body)
        self._exchanges.append((number, request, response, duration_s, sent, answered, size))
        self._bytes += size
        while self._bytes > KEPT_BYTES_MAX or len(self._exchanges) > EXCHANGES_MAX:
            self._bytes -= self._exchanges.popleft()[-1]

    def clear(self) -> None:
        """Drop all exchanges."""
        self._exchanges.clear()
        self._bytes = 0

    def find(self, number: int) -> KeptExchange | None:
        """Return the exchange of a request, or None if it is not kept any more."""
        at = bisect_left(self._exchanges, number, key=itemgetter(0))
        found = KeptExchange(*self._exchanges[at]) if at < len(self._exchanges) else None
        return found if found is not None and found.number == number else None


def _head_size(request: Request) -> int:
    """Return the memory of an address and headers, in bytes. Both together can have 64 KiB, or 1,000 short parts."""
    headers = request.headers
    size = EXCHANGE_BYTES + getsizeof(request.path) + len("".join(headers)) + len("".join(headers.values()))
    size += len(headers) * (_PAIR_BYTES + 2 * _TEXT_BYTES)
    for name, value in request.query:
        # Outside Latin-1, a text needs up to four bytes for each character.
        size += _PAIR_BYTES + getsizeof(name) + getsizeof(value)
    return size
