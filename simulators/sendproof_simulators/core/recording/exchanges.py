"""The newest requests of a sandbox with their responses, in full: for people who look for the cause of a problem.

The journal has no bodies, because a run with a million recipients would fill a disk with them. So they are kept for a
bounded number of exchanges only. Secrets are removed when an exchange is read, so that recording costs little.

An exchange is kept as one packed text. As objects it would need three times the memory, or more with many short
parameters, and some of them would lie between the values of a large body: then the system never gets these pages back.
"""

from bisect import bisect_left
from collections import deque
from typing import NamedTuple

import msgspec

from sendproof_simulators.core.http import Request, Response

#: Bounds of the record of one sandbox: exchanges, and bytes of all of them together as they are kept.
EXCHANGES_MAX, KEPT_BYTES_MAX = 2_000, 2 * 1024 * 1024
#: Bytes of one body that are shown.
BODY_BYTES_MAX = 64 * 1024
# Kept beyond the bytes that are shown: longer than any secret, so that no secret is cut where a body is.
MARGIN_BYTES = 1024
_KEPT_BYTES = BODY_BYTES_MAX + MARGIN_BYTES
# The number of an exchange precedes its packed fields, so that a search need not unpack them.
_NUMBER_BYTES = 8

_Texts = tuple[tuple[str, str], ...]
# Of the request: method, path, query, headers, body and its length; of the response: status, body and its length, type,
# headers; and the duration.
_Fields = tuple[str, str, _Texts, dict[str, str], bytes, int, int, bytes, int, str, _Texts, float]
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Fields).decode


class KeptExchange(NamedTuple):
    """One request and its response, with bodies that may be cut, and the lengths of the whole ones in bytes.

    `number` is that of the request in the journal, and `duration_s` are the seconds until the response was ready.
    """

    number: int
    request: Request
    response: Response
    duration_s: float
    request_bytes: int
    response_bytes: int


class RecentExchanges:
    """The newest exchanges of a sandbox, in the order of the journal."""

    def __init__(self) -> None:
        self._exchanges: deque[bytes] = deque()
        self._bytes = 0

    def add(self, number: int, request: Request, response: Response, duration_s: float) -> None:
        """Keep an exchange, and drop the oldest ones beyond the bounds."""
        fields: _Fields = (
            request.method,
            request.path,
            request.query,
            dict(request.headers),
            request.body[:_KEPT_BYTES],
            len(request.body),
            response.status,
            response.body[:_KEPT_BYTES],
            len(response.body),
            response.content_type,
            response.headers,
            duration_s,
        )
        kept = number.to_bytes(_NUMBER_BYTES) + _pack(fields)
        self._exchanges.append(kept)
        self._bytes += len(kept)
        while self._bytes > KEPT_BYTES_MAX or len(self._exchanges) > EXCHANGES_MAX:
            self._bytes -= len(self._exchanges.popleft())

    def clear(self) -> None:
        """Drop all exchanges."""
        self._exchanges.clear()
        self._bytes = 0

    def find(self, number: int) -> KeptExchange | None:
        """Return the exchange of a request, or None if it is not kept any more."""
        at = bisect_left(self._exchanges, number, key=_number)
        found = self._exchanges[at] if at < len(self._exchanges) else None
        return None if found is None or _number(found) != number else _exchange(number, found)


def _number(kept: bytes) -> int:
    return int.from_bytes(kept[:_NUMBER_BYTES])


def _exchange(number: int, kept: bytes) -> KeptExchange:
    method, path, query, headers, sent, sent_bytes, status, answered, answered_bytes, kind, fields, duration_s = (
        _unpack(memoryview(kept)[_NUMBER_BYTES:])
    )
    request = Request(method=method, path=path, query=query, headers=headers, body=sent)
    response = Response(status=status, body=answered, content_type=kind, headers=fields)
    return KeptExchange(number, request, response, duration_s, sent_bytes, answered_bytes)
