"""The record of recent exchanges is bounded, whatever clients send."""

from sys import getsizeof

from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.recording.exchanges import (
    BODY_BYTES_MAX,
    EXCHANGE_BYTES,
    EXCHANGES_MAX,
    KEPT_BYTES_MAX,
    MARGIN_BYTES,
    RecentExchanges,
)


def request(body: bytes = b"") -> Request:
    return Request(method="POST", path="/send", body=body)


def test_oldest_exchange_is_dropped_beyond_the_maximum() -> None:
    exchanges = RecentExchanges()
    for number in range(1, EXCHANGES_MAX + 2):
        exchanges.add(number, request(), Response(), 0.001)
    assert exchanges.find(1) is None
    assert exchanges.find(2) is not None


def test_bodies_of_all_exchanges_together_are_bounded() -> None:
    exchanges, body = RecentExchanges(), b"x" * 10_000_000
    for number in range(1, 101):
        exchanges.add(number, request(body), Response(body=body), 0.001)
    kept = [exchange for number in range(1, 101) if (exchange := exchanges.find(number)) is not None]
    sizes = sum(len(exchange.request.body) + len(exchange.response.body) for exchange in kept)
    assert sizes <= KEPT_BYTES_MAX
    assert len(kept) == KEPT_BYTES_MAX // (2 * (BODY_BYTES_MAX + MARGIN_BYTES) + EXCHANGE_BYTES + getsizeof("/send"))


def test_headers_and_query_count_too() -> None:
    """A head can have 64 KiB."""
    exchanges, long = RecentExchanges(), "x" * 30_000
    for number in range(1, 1_001):
        sent = Request(method="GET", path="/send", query=(("q", long),), headers={"x-long": long})
        exchanges.add(number, sent, Response(), 0.001)
    kept = [number for number in range(1, 1_001) if exchanges.find(number) is not None]
    assert KEPT_BYTES_MAX // 62_000 <= len(kept) <= KEPT_BYTES_MAX // 61_000
    assert kept[-1] == 1_000


def test_short_parameters_count_with_their_memory() -> None:
    """Each needs 150 bytes, even if it has ten characters; outside Latin-1, each character needs four."""
    exchanges = RecentExchanges()
    for number in range(1, 1_001):
        query = tuple((f"p{number}-{part}", "\U0001f600" * 10) for part in range(100))
        exchanges.add(number, Request(method="GET", path="/send", query=query), Response(), 0.001)
    kept = [exchange for number in range(1, 1_001) if (exchange := exchanges.find(number)) is not None]
    memory = sum(getsizeof(part) for exchange in kept for pair in exchange.request.query for part in (pair, *pair))
    assert KEPT_BYTES_MAX * 3 // 4 < memory <= KEPT_BYTES_MAX


def test_cut_body_has_its_whole_length() -> None:
    exchanges = RecentExchanges()
    exchanges.add(1, request(b"x" * 100_000), Response(body=b"ok"), 0.001)
    exchange = exchanges.find(1)
    assert exchange is not None
    assert (exchange.request_bytes, len(exchange.request.body)) == (100_000, BODY_BYTES_MAX + MARGIN_BYTES)
    assert exchange.response_bytes == 2
