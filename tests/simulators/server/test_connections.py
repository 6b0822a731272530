"""What clients do with their connections, over real sockets."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from running import RunningSimulators

KEY = "sendproof-textlocal-key"


def exchange(url: str, request: bytes) -> bytes:
    """Send bytes, end the client's side of the connection, and return everything that comes back."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def post(path: str, body: str) -> bytes:
    """Return an HTTP request with a form."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def test_client_that_ends_its_side_gets_the_response(simulators: RunningSimulators) -> None:
    response = exchange(simulators.services["textlocal"]["url"], post("/balance/", f"apikey={KEY}"))
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert response.endswith(b'"status":"success"}')


def test_pipelined_requests_are_answered_after_the_client_ended(simulators: RunningSimulators) -> None:
    request = post("/balance/", f"apikey={KEY}")
    assert exchange(simulators.services["textlocal"]["url"], request * 3).count(b"HTTP/1.1 200 OK") == 3


def test_control_api_answers_a_client_that_ended(simulators: RunningSimulators) -> None:
    response = exchange(simulators.control, b"GET /control/sandboxes HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")


def test_slow_control_call_is_answered_after_the_client_ended(simulators: RunningSimulators) -> None:
    """A preview starts a process."""
    event = {"templateName": "YFRYM0RJ - Balance", "customerID": "C1", "personalization": {"personalInfo": {}}}
    settings = {"overrides": '{"variables": {"NAME": customerID}}'}
    body = json.dumps({"event": event, "settings": settings})
    head = "POST /control/sandboxes/default/providers/delivyr/preview HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    response = exchange(simulators.control, (head + body).encode())
    assert response.startswith(b"HTTP/1.1 200 OK\r\n")


def test_control_call_that_waits_is_given_up_when_the_client_ended(simulators: RunningSimulators) -> None:
    request = b"GET /control/sandboxes/default/pending-kill HTTP/1.1\r\nHost: localhost\r\n\r\n"
    response = exchange(simulators.control, request)
    assert response.startswith(b"HTTP/1.1 409 Conflict\r\n")
    assert b"the client ended its side of the connection" in response


@pytest.mark.parametrize("request_", [b"", b"GET /balance", post("/balance/", "apikey=x")[:-3]])
def test_incomplete_request_is_not_answered(simulators: RunningSimulators, request_: bytes) -> None:
    assert exchange(simulators.services["textlocal"]["url"], request_) == b""


def test_fault_that_waits_for_the_client_ends_with_its_side(simulators: RunningSimulators) -> None:
    """A client that has given up looks the same."""
    made = {"seed": 7, "clock": {"mode": "virtual"}, "channels": []}
    sandbox = simulators.call("POST", "/sandboxes", made)
    simulators.call(
        "POST", f"/sandboxes/{sandbox['sandbox']}/faults", [{"fault": "no_response", "call": "textlocal.balance"}]
    )
    service = sandbox["services"]["textlocal"]
    assert exchange(service["url"], post("/balance/", f"apikey={service['credentials']['apikey']}")) == b""


@pytest.mark.parametrize("service", ["control", "delivyr", "optimove", "optimove-metrics", "textlocal", "xtremepush"])
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 70_000, 431),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT evil:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET http:///x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET http://[::1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET http://127.0.0.1:99999/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    ],
    ids=["head", "url", "no host", "authority", "no authority", "open bracket", "large port"],
)
def test_every_port_bounds_the_head(simulators: RunningSimulators, service: str, request_: bytes, status: int) -> None:
    url = simulators.control if service == "control" else simulators.services[service]["url"]
    assert exchange(url, request_).startswith(b"HTTP/1.1 %d " % status)
