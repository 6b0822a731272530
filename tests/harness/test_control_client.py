"""The client of the control API, against an HTTP server with a fixed response."""

import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from raw_server import endless_body, endless_header, endless_redirect, gzip_bomb, raw_server
from raw_server import response as raw_response
from sendproof_harness.control_client import (
    ControlClient,
    ControlError,
    NotControlApiError,
    NotQuietError,
    UnreachableError,
)


class FixedResponse(ThreadingHTTPServer):
    """Sends the same response to every request, and records the requests."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = status
        self.body = body
        self.received: list[tuple[str, object]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: FixedResponse

    def respond(self) -> None:
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        self.server.received.append((f"{self.command} {self.path}", json.loads(body) if body else None))
        self.send_response(self.server.status)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = do_DELETE = respond  # noqa: N815  # names of the standard library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the standard library
        """Print nothing."""


@contextmanager
def responding(status: int, body: object) -> Iterator[FixedResponse]:
    """Start a server with this response; a body that is no bytes is sent as JSON."""
    server = FixedResponse(status, body if isinstance(body, bytes) else json.dumps(body).encode())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_each_method_is_one_request_of_the_contract() -> None:
    with responding(201, {}) as server, ControlClient(server.url + "/control/") as control:
        control.create_sandbox({"seed": 7})
        control.schedule_campaign("s", {"campaign": 1})
        control.advance("s", {"by_ms": 5}, timeout_s=60)
        control.clock("s")
        control.state("s")
        control.delete_sandbox("s")
    assert server.received == [
        ("POST /control/sandboxes", {"seed": 7}),
        ("POST /control/sandboxes/s/campaigns", {"campaign": 1}),
        ("POST /control/sandboxes/s/clock/advance", {"by_ms": 5, "timeout_s": 60}),
        ("GET /control/sandboxes/s/clock", None),
        ("GET /control/sandboxes/s/state", None),
        ("DELETE /control/sandboxes/s", None),
    ]


def test_names_in_urls_are_quoted() -> None:
    with responding(200, []) as server, ControlClient(server.url) as control:
        control.templates("a/b", "no such")
    assert server.received == [("GET /control/sandboxes/a%2Fb/providers/no%20such/templates", None)]


@pytest.mark.parametrize("name", ["", ".", "..", "\udcff"])
def test_name_that_leads_to_another_path_is_refused(name: str) -> None:
    """Without the name, DELETE would remove all faults of the sandbox; with two dots, the sandbox."""
    with responding(200, []) as server, ControlClient(server.url) as control:
        for remove in (control.remove_fault, control.delete_snapshot):
            with pytest.raises(ControlError, match="expected a name or id"):
                remove("default", name)
    assert server.received == []


def test_problem_is_raised_with_detail_and_violations() -> None:
    problem = {
        "title": "Bad Request",
        "status": 400,
        "detail": "the request breaks the contract",
        "violations": [{"where": "body.seed", "rule": "minimum", "message": "-1 is less than 0"}],
    }
    with (
        responding(400, problem) as server,
        ControlClient(server.url) as control,
        pytest.raises(ControlError) as raised,
    ):
        control.create_sandbox({"seed": -1})
    assert str(raised.value) == (
        f"POST {server.url}/control/sandboxes responded with 400: the request breaks the contract;"
        " body.seed: -1 is less than 0"
    )
    assert raised.value.status == 400
    assert raised.value.detail == "the request breaks the contract; body.seed: -1 is less than 0"


def test_error_without_problem_document_is_from_another_server() -> None:
    with (
        responding(502, b"<html>Bad gateway") as server,
        ControlClient(server.url) as control,
        pytest.raises(
            NotControlApiError, match=r"got 502 '<html>Bad gateway'; name the control port with --control-url"
        ),
    ):
        control.health()


def test_success_without_json_is_from_another_server() -> None:
    """A web server at the wrong port responds to everything with 200."""
    with (
        responding(200, b"<html>Welcome") as server,
        ControlClient(server.url) as control,
        pytest.raises(
            NotControlApiError, match=r"expected the control API of Sendproof at .*, got 200 '<html>Welcome'"
        ),
    ):
        control.health()


@pytest.mark.parametrize(
    ("parts", "got"),
    [
        (raw_response(b"[" * 100_000 + b"]" * 100_000), "got 200 '\\[\\[\\["),
        (gzip_bomb(100 * 1024 * 1024), "got more than 67,108,864 bytes"),
        (endless_body(), "got more than 67,108,864 bytes"),
        (endless_redirect(), "got more than 67,108,864 bytes"),
    ],
    ids=["deep", "gzip bomb", "endless", "endless redirect"],
)
def test_response_that_no_simulator_gives_is_from_another_server(parts: Iterable[bytes], got: str) -> None:
    with raw_server(parts) as url, ControlClient(url) as control, pytest.raises(NotControlApiError, match=got):
        control.health()


def test_redirect_leads_to_another_server() -> None:
    """It is not followed: the token must not leave, and the other server may be one that only this machine reaches."""
    redirect = raw_response(b"", "Location: http://127.0.0.1:9/control")
    with (
        raw_server([redirect[0].replace(b"200 OK", b"301 Moved")]) as url,
        ControlClient(url) as control,
        pytest.raises(NotControlApiError, match=r"got 301, a redirect to 'http://127\.0\.0\.1:9/control'; name the"),
    ):
        control.health()


def test_endless_header_counts_as_no_response() -> None:
    with raw_server(endless_header()) as url, ControlClient(url) as control, pytest.raises(UnreachableError):
        control.health()


def test_health_of_another_json_api_is_rejected() -> None:
    with (
        responding(200, {"status": "up"}) as server,
        ControlClient(server.url) as control,
        pytest.raises(NotControlApiError, match="expected the control API of Sendproof at "),
    ):
        control.health()


def test_advance_that_timed_out_has_its_own_error() -> None:
    """The runner must distinguish a hanging bridge from a wrong request."""
    problem = {
        "title": "Gateway Timeout",
        "status": 504,
        "detail": "time stood still: participant 'bridge' is not parked",
    }
    with (
        responding(504, problem) as server,
        ControlClient(server.url) as control,
        pytest.raises(NotQuietError, match="participant 'bridge' is not parked"),
    ):
        control.advance("s", {"by_ms": 1}, timeout_s=60)


def test_refused_connection_names_url_reason_and_next_command() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with ControlClient(url) as control, pytest.raises(UnreachableError) as raised:
            control.health()
    assert str(raised.value) == (
        f"expected simulators at {url}, got no response (Connection refused); "
        "start them with `sendproof up`, or name their control port with --control-url"
    )


def test_messages_do_not_show_the_token_in_the_url() -> None:
    """They are printed, and part of results."""
    with (
        responding(409, {"detail": "no"}) as server,
        ControlClient(f"{server.url}/token/s3cret") as control,
        pytest.raises(ControlError) as raised,
    ):
        control.state("s")
    assert server.received[0][0].startswith("GET /token/s3cret/control/")
    assert str(raised.value).startswith(f"GET {server.url}/token/***/control/sandboxes/s/state responded with 409")


def test_history_is_saved_byte_for_byte(tmp_path: Path) -> None:
    lines = b'{"kind":"history"}\n' * 1000
    with responding(200, lines) as server, ControlClient(server.url) as control:
        control.save_history("s", tmp_path / "history.ndjson")
    assert (tmp_path / "history.ndjson").read_bytes() == lines


@pytest.mark.parametrize("text", ["Sale \udcff", "\ud83d"])
def test_text_outside_unicode_is_shown(text: str) -> None:
    """A shell passes any bytes. The simulators would only say that this is no JSON."""
    with responding(200, []) as server, pytest.raises(ControlError, match="expected text in UTF-8, got "):
        ControlClient(server.url).add_templates("default", "textlocal", [{"title": text}])
    assert server.received == []
