"""Heads of requests that were parsed before: the same bytes need not be parsed again.

The receipts of a batch differ only in their bodies, so their heads repeat. What a head means depends on its bytes
alone, if it begins a request. A head is remembered after its request was parsed and stored in the usual way.
"""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.datastructures import Headers
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from sendproof_bridge.inbound.app import Receiver

_END = b"\r\n\r\n"
# Those of a few thousand batches. A signature is part of the head, so those of some providers never repeat.
_MAX_HEADS = 4_096
_MAX_HEAD_BYTES = 1_024


class KnownHead(NamedTuple):
    """The head of a complete request to a receiver. `scope` is that of an earlier connection."""

    receiver: Receiver
    headers: Mapping[str, str]
    scope: Mapping[str, object]
    body_bytes: int


class KnownHeads:
    """The remembered heads of one process."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._heads: dict[bytes, KnownHead] = {}

    def find(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """Return head and body if these bytes are exactly one request with a known head."""
        end = data.find(_END) + len(_END)
        head = self._heads.get(data[:end])
        return (head, data[end:]) if head is not None and len(data) - end == head.body_bytes else None

    def add(self, data: bytes, cycle: RequestResponseCycle, receiver: Receiver, headers: Headers) -> None:
        """Remember the head of a request if these bytes, with which it began, are all of it."""
        head, _, body = data.partition(_END)
        # A chunked body differs from its bytes, and what follows a request makes them longer.
        if body == cycle.body and cycle.keep_alive and len(head) <= _MAX_HEAD_BYTES:
            if len(self._heads) == _MAX_HEADS:
                self._heads.clear()
            self._heads[head + _END] = KnownHead(receiver, headers, cycle.scope, len(body))
