"""The record of recent exchanges is bounded, whatever clients send."""

import gc

from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.core.recording.exchanges import (
    BODY_BYTES_MAX,
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
    assert len(kept) == KEPT_BYTES_MAX // (2 * (BODY_BYTES_MAX + MARGIN_BYTES))


def test_headers_and_query_count_too() -> None:
    """A head can have 64 KiB."""
    exchanges, long = RecentExchanges(), "x" * 30_000
    for number in range(1, 1_001):
        sent = Request(method="GET", path="/send", query=(("q", long),), headers={"x-long": long})
        exchanges.add(number, sent, Response(), 0.001)
    kept = [number for number in range(1, 1_001) if exchanges.find(number) is not None]
    assert kept == list(range(1_001 - KEPT_BYTES_MAX // 60_080, 1_001))


def test_kept_exchange_is_like_the_given_one() -> None:
    sent = Request(method="GET", path="/n\u00e4he", query=(("q", "\U0001f600"),), headers={"x": "1"}, body=b"\xff\0")
    answered = Response(status=404, body=b"\xfe", content_type="text/plain", headers=(("y", "2"),))
    exchanges = RecentExchanges()
    exchanges.add(7, sent, answered, 0.25)
    assert exchanges.find(7) == (7, sent, answered, 0.25, 2, 1)
    assert (exchanges.find(6), exchanges.find(8)) == (None, None)


def test_record_holds_one_block_for_each_exchange() -> None:
    """Small objects would lie between the values of a large body, and keep a megabyte around each from the system."""
    exchanges = RecentExchanges()
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1, 1_001):
        query = tuple((f"p{number}-{part}", "v") for part in range(10))
        exchanges.add(number, Request(method="GET", path="/send", query=query), Response(), 0.001)
    assert len(gc.get_objects()) - before < 100


def test_cut_body_has_its_whole_length() -> None:
    exchanges = RecentExchanges()
    exchanges.add(1, request(b"x" * 100_000), Response(body=b"ok"), 0.001)
    exchange = exchanges.find(1)
    assert exchange is not None
    assert (exchange.request_bytes, len(exchange.request.body)) == (100_000, BODY_BYTES_MAX + MARGIN_BYTES)
    assert exchange.response_bytes == 2
