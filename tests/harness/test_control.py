"""The client of the control API, against a real HTTP server that answers what each test says."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sendproof_harness.control_client import ControlClient, ControlError, NotQuietError, UnreachableError


class Answering(ThreadingHTTPServer):
    """Gives every request one answer, and keeps what was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.body = body
        self.asked: list[tuple[str, object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Answering

    def answer(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        self.server.asked.append((f"{self.command} {self.path}", json.loads(body) if body else None))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  # the names that the standard library calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
        """Say nothing."""


@contextmanager
def answering(status: int, body: object) -> Iterator[Answering]:
    """A server that gives this answer; bytes as they are, else JSON."""
    server = Answering(status, body if isinstance(body, bytes) else json.dumps(body).encode())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_calls_go_to_the_addresses_of_the_contract() -> None:
    """Each method is one request with the body that it was given."""
    with answering(201, {}) as server, ControlClient(server.url + "/control/") as control:
        control.create_sandbox({"seed": 7})
        control.add_templates("s", "textlocal", [{"title": "A", "body": "B"}])
        control.schedule_campaign("s", {"campaign": 1})
        control.advance("s", {"by_ms": 5}, timeout_s=3)
        control.clock("s")
        control.state("s")
        control.delete_sandbox("s")
    assert server.asked == [
        ("POST /control/sandboxes", {"seed": 7}),
        ("POST /control/sandboxes/s/providers/textlocal/templates", [{"title": "A", "body": "B"}]),
        ("POST /control/sandboxes/s/campaigns", {"campaign": 1}),
        ("POST /control/sandboxes/s/clock/advance", {"by_ms": 5, "timeout_s": 3}),
        ("GET /control/sandboxes/s/clock", None),
        ("GET /control/sandboxes/s/state", None),
        ("DELETE /control/sandboxes/s", None),
    ]


def test_a_problem_is_raised_in_its_own_words() -> None:
    """The reader sees the call, the status, the detail and every violation."""
    problem = {
        "title": "Bad Request",
        "status": 400,
        "detail": "the request breaks the contract",
        "violations": [{"where": "body.seed", "rule": "minimum", "message": "-1 is less than 0"}],
    }
    with answering(400, problem) as server, ControlClient(server.url) as control, pytest.raises(ControlError) as raised:
        control.create_sandbox({"seed": -1})
    assert str(raised.value) == (
        f"POST {server.url}/control/sandboxes answered 400: the request breaks the contract;"
        " body.seed: -1 is less than 0"
    )
    assert raised.value.status == 400


def test_an_error_that_is_no_problem_document_is_shown_as_it_came() -> None:
    """Whatever else listens on that port, its answer is shown."""
    with (
        answering(502, b"<html>Bad gateway") as server,
        ControlClient(server.url) as control,
        pytest.raises(ControlError, match=r"answered 502: '<html>Bad gateway'$"),
    ):
        control.health()


def test_success_that_is_not_json_asks_for_the_right_address() -> None:
    """A web server at the wrong port says 200 to everything."""
    with (
        answering(200, b"<html>Welcome") as server,
        ControlClient(server.url) as control,
        pytest.raises(ControlError, match=r"expected JSON, got '<html>Welcome'; is this a Sendproof control address\?"),
    ):
        control.health()


def test_an_advance_that_ran_out_of_time_is_an_error_of_its_own() -> None:
    """The runner can tell a bridge that hangs from a request that is wrong."""
    problem = {
        "title": "Gateway Timeout",
        "status": 504,
        "detail": "time stood still: participant 'bridge' is not parked",
    }
    with (
        answering(504, problem) as server,
        ControlClient(server.url) as control,
        pytest.raises(NotQuietError, match="participant 'bridge' is not parked"),
    ):
        control.advance("s", {"by_ms": 1}, timeout_s=1)


def test_a_refused_connection_says_where_and_why() -> None:
    """No chain of library errors: the address, the reason, the question to ask oneself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with ControlClient(url) as control, pytest.raises(UnreachableError) as raised:
            control.health()
    assert str(raised.value) == f"no answer from the simulators at {url} (Connection refused); are they up?"


def test_the_history_goes_to_the_file_byte_for_byte(tmp_path: Path) -> None:
    """What the judge reads is what was sent."""
    lines = b'{"kind":"history"}\n' * 1000
    with answering(200, lines) as server, ControlClient(server.url) as control:
        control.save_history("s", tmp_path / "history.ndjson")
    assert (tmp_path / "history.ndjson").read_bytes() == lines
