"""The newest requests of a sandbox with their responses, in full: for people who look for the cause of a problem.

The journal has no bodies, because a run with a million recipients would fill a disk with them. So they are kept for a
bounded number of exchanges only. Secrets are removed when an exchange is read, so that recording costs little.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from sendproof_simulators.core.http import Request, Response

#: Bounds of the record of one sandbox: exchanges, and bytes of their bodies together.
EXCHANGES_MAX, BODIES_BYTES_MAX = 2_000, 4 * 1024 * 1024
#: Bytes of one body that are shown.
BODY_BYTES_MAX = 64 * 1024
# Kept beyond the bytes that are shown: longer than any secret, so that no secret is cut where a body is.
MARGIN_BYTES = 1024
_KEPT_BYTES = BODY_BYTES_MAX + MARGIN_BYTES


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response. `ms` are the milliseconds until the response was ready; bodies may be cut."""

    ms: float
    client: str
    query: tuple[tuple[str, str], ...]
    request_headers: Mapping[str, str]
    request_body: bytes
    request_bytes: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes
    response_bytes: int


class RecentExchanges:
    """The newest exchanges of a sandbox by the number of the request in the journal."""

    def __init__(self) -> None:
        self._exchanges: OrderedDict[int, Exchange] = OrderedDict()
        self._bytes = 0

    def add(self, number: int, request: Request, response: Response, ms: float) -> None:
        """Keep an exchange, and drop the oldest ones beyond the bounds."""
        sent, answered = request.body[:_KEPT_BYTES], response.body[:_KEPT_BYTES]
        self._exchanges[number] = Exchange(
            ms,
            request.headers.get("user-agent", ""),
            request.query,
            request.headers,
            sent,
            len(request.body),
            (("content-type", response.content_type), *response.headers),
            answered,
            len(response.body),
        )
        self._bytes += len(sent) + len(answered)
        while len(self._exchanges) > EXCHANGES_MAX or self._bytes > BODIES_BYTES_MAX:
            _, oldest = self._exchanges.popitem(last=False)
            self._bytes -= len(oldest.request_body) + len(oldest.response_body)

    def find(self, number: int) -> Exchange | None:
        """Return the exchange of a request, or None if it is not kept any more."""
        return self._exchanges.get(number)
