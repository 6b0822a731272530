"""The bounds of a connection, each reached and then exceeded over real sockets, while other clients are served."""

import pytest

from guarded_server import HEAD, guarded_server, received, response_of, until
from repository import ROOT
from sendproof_simulators.server.connection_guard import BODY, REFUSED
from sendproof_simulators.server.connection_guard import HEAD as IN_HEAD

END = b"\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PARKED = b"GET /parked HTTP/1.1\r\nHost: x\r\n\r\n"


def status(response: bytes) -> int:
    """Return the status of a response, 0 without one."""
    return int(response[9:12] or b"0")


def statuses(response: bytes) -> list[int]:
    """Return the statuses of all responses on a connection."""
    return [int(part[:3]) for part in response.split(b"HTTP/1.1 ")[1:]]


def head_of(size: int) -> bytes:
    """Return a head whose URL and headers have this many bytes."""
    start = b"GET / HTTP/1.1\r\nHost: x\r\nX: "
    counted = len(b"/Host: x\r\nX: \r\n")
    return start + b"a" * (size - counted) + END + END


@pytest.mark.parametrize(
    ("at", "beyond", "refusal"),
    [
        (head_of(1_000), head_of(1_001), 431),
        (
            b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 99),
            b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 100),
            414,
        ),
        (HEAD + b"A: b\r\n" * 4 + END, HEAD + b"A: b\r\n" * 5 + END, 431),
    ],
    ids=["head", "url", "headers"],
)
def test_head_beyond_a_bound_is_refused(at: bytes, beyond: bytes, refusal: int) -> None:
    with guarded_server(head_bytes=1_000, url_bytes=100, headers=5) as server:
        assert status(server.exchange(at)) == 200
        assert status(server.exchange(beyond)) == refusal
        # Also after another request in the same packet.
        assert statuses(server.exchange(HEAD, END, beyond)) == [200, refusal]


@pytest.mark.parametrize(
    ("start", "refusal"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: ", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX:" + b" " * 100, 431),
        (b"GET /", 414),
        (CHUNKED + b"1;x=", 400),
        (CHUNKED + b"0\r\nX: ", 400),
    ],
    ids=["value", "white space", "url", "chunk extension", "trailer"],
)
def test_endless_part_of_a_request_is_refused(start: bytes, refusal: int) -> None:
    with guarded_server() as server, server.connect() as client:
        client.sendall(start)
        for _ in range(4):
            client.sendall(b"a" * 65_536)
        response = received(client)
        assert status(response) == refusal
        assert b"connection: close\r\n" in response
        assert server.serves_others()


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
OFFERED_POST = b"POST / HTTP/1.1\r\nHost: x\r\n" + OFFER + b"Content-Length: 5\r\n\r\n"


def test_body_after_an_offer_of_another_protocol_is_read() -> None:
    """Java's HTTP client offers HTTP/2 with every request to a plain http URL."""
    with guarded_server() as server:
        assert server.exchange(OFFERED_POST, b"12345").endswith(b"\r\n\r\n5")
        assert (b"host", b"x") in server.headers


def test_next_request_after_an_offer_of_another_protocol_is_served() -> None:
    with guarded_server() as server:
        requests = HEAD + OFFER + END, OFFERED_POST, b"12345", HEAD + END
        assert statuses(server.exchange(*requests)) == [200, 200, 200]


def test_many_offers_of_another_protocol_in_one_packet_are_served() -> None:
    with guarded_server() as server:
        assert statuses(server.exchange((HEAD + OFFER + END) * 1_000)) == [200] * 1_000


def test_wrong_target_with_an_offer_of_another_protocol_is_refused_once() -> None:
    with guarded_server() as server:
        head = b"GET http:///x HTTP/1.1\r\nHost: localhost\r\n"
        assert statuses(server.exchange(head + END)) == statuses(server.exchange(head + OFFER + END)) == [400]


def test_body_after_an_offer_may_arrive_in_pieces() -> None:
    """The last pieces exceed the bound of a head, which does not apply to bodies."""
    sizes = [1, 1, 70_000, 70_000]
    head = OFFERED_POST.replace(b"Length: 5", b"Length: %d" % sum(sizes))
    with guarded_server() as server, server.connect() as client:
        for piece in [head[:40], head[40:], *(b"x" * size for size in sizes)]:
            client.sendall(piece)
        assert response_of(client) == (200, b"140002")


def test_endless_line_after_a_parked_request_is_not_kept() -> None:
    with guarded_server() as server, server.connect(PARKED) as client:
        client.sendall(HEAD + b"X: " + b"a" * 500_000)
        until(lambda: [connection.stage for connection in server.connections()] == [REFUSED])
        server.release()
        assert statuses(received(client)) == [200, 431]


def test_slow_head_gets_408() -> None:
    with guarded_server(head_s=20) as server, server.connect(HEAD, stage=IN_HEAD) as client:
        server.pass_seconds(20)
        client.sendall(b"X: y\r\n")
        server.pass_seconds(1)
        assert status(received(client)) == 408
        assert server.serves_others()


def test_slow_head_within_its_time_is_served() -> None:
    with guarded_server(head_s=20) as server, server.connect(HEAD, stage=IN_HEAD) as client:
        server.pass_seconds(20)
        client.sendall(END)
        assert response_of(client) == (200, b"0")


@pytest.mark.parametrize(
    "start", [HEAD + b"Content-Length: 9\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n"], ids=["length", "chunked"]
)
def test_slow_body_gets_408(start: bytes) -> None:
    with guarded_server(head_s=20, request_s=120) as server, server.connect(start, stage=BODY) as client:
        server.pass_seconds(120)
        assert server.serves_others()
        server.pass_seconds(1)
        assert status(received(client)) == 408


def test_parked_request_waits_for_any_time() -> None:
    """A bridge parks for as long as nothing is due."""
    with guarded_server() as server, server.connect(PARKED) as client:
        until(lambda: not server.guard.waiting)
        server.pass_seconds(1_000)
        server.release()
        assert response_of(client) == (200, b"0")


def test_idle_connection_is_closed() -> None:
    with guarded_server(idle_s=75) as server, server.connect() as client:
        server.pass_seconds(75)
        client.sendall(HEAD + END)
        assert response_of(client) == (200, b"0")
        until(lambda: len(server.guard.waiting) == 1)
        server.pass_seconds(76)
        assert received(client) == b""


def test_refused_client_that_sends_on_is_closed() -> None:
    with guarded_server(linger_s=2) as server, server.connect(b"nonsense\r\n", stage=REFUSED) as client:
        assert response_of(client)[0] == 400
        client.sendall(b"a" * 100_000)
        server.pass_seconds(3)
        until(lambda: server.connections() == [])


def test_new_client_replaces_the_oldest_that_is_slow() -> None:
    with guarded_server(connections=3) as server:
        slow = [server.connect(HEAD, stage=IN_HEAD) for _ in range(3)]
        assert server.serves_others()
        assert status(received(slow[0])) == 408
        until(lambda: [connection.stage for connection in server.connections()] == [IN_HEAD, IN_HEAD])
        for client in slow:
            client.close()


def test_client_that_waits_for_its_response_is_not_replaced() -> None:
    with guarded_server(connections=2) as server:
        parked = [server.connect(PARKED) for _ in range(2)]
        until(lambda: not server.guard.waiting)
        assert status(server.exchange()) == 503
        server.release()
        assert [response_of(client)[0] for client in parked] == [200, 200]
        for client in parked:
            client.close()


def test_incomplete_bodies_together_are_bounded() -> None:
    start = HEAD + b"Content-Length: 9999\r\n\r\n"
    with guarded_server(held_bytes=1_000) as server:
        first, second = (server.connect(start, b"a" * 500, stage=BODY) for _ in range(2))
        second.sendall(b"a")
        assert status(received(first)) == 408
        second.sendall(b"a" * 9_498)
        assert response_of(second) == (200, b"9999")
        until(lambda: server.guard.held == 0)
        first.close()
        second.close()


def test_client_that_takes_nothing_of_its_response_is_closed() -> None:
    with guarded_server(unread_s=300) as server, server.connect(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n") as client:
        until(lambda: any(connection.transport.get_write_buffer_size() for connection in server.connections()))
        server.pass_seconds(302)
        until(lambda: server.connections() == [])
        assert len(received(client)) < 50_000_000


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200),
    ],
    ids=["none", "two", "HTTP/1.0", "empty"],
)
def test_request_needs_one_host(request_: bytes, expected: int) -> None:
    """RFC 9112, section 3.2."""
    with guarded_server() as server:
        assert status(server.exchange(request_)) == expected


def test_trailer_is_no_header() -> None:
    """Otherwise a client could put a key where no proxy looks."""
    with guarded_server() as server:
        assert status(server.exchange(CHUNKED, b"1\r\na\r\n0\r\nX-API-KEY: k\r\n\r\n")) == 200
        assert [name for name, _ in server.headers] == [b"host", b"transfer-encoding"]


def test_upgrade_is_an_ordinary_request() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Version: 13\r\n"
    with guarded_server() as server:
        assert status(server.exchange(HEAD, upgrade, END)) == 200


def test_early_response_leaves_the_connection_usable() -> None:
    """Many clients read the refusal of a body only after they have sent all of it."""
    early = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    with guarded_server(idle_s=75) as server, server.connect(early, stage=BODY) as client:
        assert response_of(client) == (200, b"0")
        client.sendall(b"defghi" + HEAD + END)
        assert response_of(client) == (200, b"0")
        server.pass_seconds(76)
        assert received(client) == b""


def test_server_stops_while_a_request_is_incomplete() -> None:
    with guarded_server() as server:
        client = server.connect(HEAD, b"Content-Length: 9\r\n\r\nabc", stage=BODY)
    assert received(client) == b""
    client.close()


def test_simulators_and_bridge_have_the_same_guard() -> None:
    """The programs share no code, so a repair of one copy must reach the other."""
    simulators = ROOT / "simulators/sendproof_simulators/server/connection_guard.py"
    bridge = ROOT / "bridge/sendproof_bridge/inbound/connection_guard.py"
    assert simulators.read_bytes() == bridge.read_bytes()
