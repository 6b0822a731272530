"""`sendproof proxy` between a client and an endpoint, as a process of its own."""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sendproof_simulators.recordings.forwarding import MOST_KEPT, KeptBody, KeptBytes

LARGE = 24 * 1024 * 1024
TOKEN = "k" * 20
UTF_8 = "ü".encode().decode("latin-1")


class Endpoint(ThreadingHTTPServer):
    """An endpoint that keeps the requests, and responds by the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None: ...

    def respond(self) -> None:
        if self.path == "/refused":
            # Without the body, as a server does that finds it too large.
            self.close_connection = True
            self.send_response(413)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        length = int(self.headers.get("content-length") or 0)
        body = self._chunked() if self.headers.get("transfer-encoding") else self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, body if len(body) < LARGE else b"large"))
        status, answer, content = 200, {"content-type": "application/json"}, b"[]"
        if self.path == "/moved":
            status, answer, content = 307, {"location": "http://127.0.0.1:1/elsewhere"}, b""
        if self.path == "/zipped":
            answer, content = answer | {"content-encoding": "gzip", "x-a": "1"}, gzip.compress(b'{"a":1}')
        if self.path == "/large":
            content = b"x" * LARGE
        if self.path == "/short":
            answer, self.close_connection = answer | {"content-length": "1000"}, True
        self.send_response(status)
        for name, value in ({"content-length": str(len(content))} | answer).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _chunked(self) -> bytes:
        blocks = []
        while size := int(self.rfile.readline(), 16):
            blocks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(blocks)

    do_GET = do_POST = respond  # noqa: N815 - the names of http.server


@dataclass
class RunningProxy:
    """A proxy with the endpoint behind it; `judgement` and `status` after its end."""

    process: subprocess.Popen
    port: int
    endpoint: Endpoint
    har: Path
    status: int = -1
    judgement: dict = field(default_factory=dict)

    def call(self, method: str, target: str, body: object = None, **headers: str):
        """Send one request, and return the response with its body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)) as connection:
            connection.request(method, target, body, named, encode_chunked=hasattr(body, "__next__"))
            with connection.getresponse() as response:
                response.content = response.read()
        return response

    def stop(self) -> None:
        """End the proxy, and read what it prints."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=300)
        self.status, self.judgement = self.process.returncode, json.loads(out.splitlines()[-1])

    @property
    def entries(self) -> list[dict]:
        """The entries of the recording, which the proxy has ended."""
        return json.loads(self.har.read_text())["log"]["entries"]


@contextmanager
def running_proxy(folder: Path, endpoint: Endpoint, url: str = "") -> Iterator[RunningProxy]:
    options = ["--to", f"optimove={url or endpoint.url}", "--port", "0", "--har", folder / "a.har", "--json"]
    command = [sys.executable, "-m", "sendproof_harness", "proxy", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        started = json.loads(process.stdout.readline())
        port = int(started["endpoints"][0]["url"].rpartition(":")[2])
        yield RunningProxy(process, port, endpoint, folder / "a.har")
    finally:
        process.kill()
        process.communicate(timeout=300)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProxy]:
    with Endpoint() as endpoint:
        Thread(target=endpoint.serve_forever, daemon=True).start()
        with running_proxy(tmp_path_factory.mktemp("proxy"), endpoint) as running:
            yield running
        endpoint.shutdown()


def test_request_reaches_the_endpoint_unchanged(proxy: RunningProxy) -> None:
    proxy.call("POST", "/a%2Fb/%7Ec?x=1&x=%24&=", b'{"b": 1}', content_type="application/json", x_own=UTF_8)
    method, path, headers, body = proxy.endpoint.seen[-1]
    assert (method, path, body) == ("POST", "/a%2Fb/%7Ec?x=1&x=%24&=", b'{"b": 1}')
    assert headers == {
        "host": proxy.endpoint.url.removeprefix("http://"),
        "accept-encoding": "identity",
        "content-length": "8",
        "content-type": "application/json",
        "x-own": UTF_8,
    }


def test_body_in_chunks_is_passed_on_in_chunks(proxy: RunningProxy) -> None:
    proxy.call("POST", "/chunks", iter([b"ab", b"c"]), transfer_encoding="chunked")
    _, _, headers, body = proxy.endpoint.seen[-1]
    assert (headers["transfer-encoding"], body) == ("chunked", b"abc")


def test_response_reaches_the_client_unchanged(proxy: RunningProxy) -> None:
    response = proxy.call("GET", "/zipped")
    assert (response.status, response.headers["x-a"], response.headers["content-encoding"]) == (200, "1", "gzip")
    assert gzip.decompress(response.content) == b'{"a":1}'


def test_redirect_is_passed_back_and_not_followed(proxy: RunningProxy) -> None:
    before = len(proxy.endpoint.seen)
    response = proxy.call("GET", "/moved")
    assert (response.status, response.headers["location"]) == (307, "http://127.0.0.1:1/elsewhere")
    assert len(proxy.endpoint.seen) == before + 1


def test_large_bodies_pass_in_both_directions(proxy: RunningProxy) -> None:
    response = proxy.call("POST", "/large", b"y" * LARGE)
    assert response.content == b"x" * LARGE
    assert proxy.endpoint.seen[-1][3] == b"large"


def test_response_that_ends_too_early_ends_the_same_way_for_the_client(proxy: RunningProxy) -> None:
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        proxy.call("GET", "/short")


def test_bodies_together_are_kept_within_a_bound() -> None:
    kept = KeptBytes()
    bodies = [KeptBody(kept) for _ in range(20)]
    for body in bodies:
        body.add(b"x" * (MOST_KEPT - 1))
    assert [body.is_whole for body in bodies] == [True] * 8 + [False] * 12
    bodies[0].add(b"xx")
    assert (bodies[0].is_whole, bodies[0].content, bodies[0].size) == (False, b"", MOST_KEPT + 1)
    for body in bodies:
        body.release()
    assert kept.size == 0


def test_request_for_another_server_is_not_passed_on(proxy: RunningProxy) -> None:
    with Endpoint() as other, socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as connection:
        Thread(target=other.serve_forever, daemon=True).start()
        connection.sendall(f"GET {other.url}/x HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        other.shutdown()
    assert other.seen == []
    assert answer.startswith((b"HTTP/1.1 502", b"HTTP/1.1 200"))


REBOUND = "evil.example:9000"


@pytest.mark.parametrize(
    "mark",
    [
        {"origin": "http://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-origin"},
        {"host": REBOUND, "origin": f"http://{REBOUND}", "sec_fetch_site": "same-origin"},
    ],
)
def test_request_of_a_web_page_is_neither_passed_on_nor_judged(proxy: RunningProxy, mark: dict[str, str]) -> None:
    """Any page that the developer opens could send requests that count as the bridge's, with a rebound name as well."""
    seen = len(proxy.endpoint.seen)
    response = proxy.call("POST", "/page", b"{}", **mark)
    assert (response.status, len(proxy.endpoint.seen)) == (403, seen)
    assert response.content.startswith(b"expected a client outside a browser")


def test_tunnel_to_the_proxy_may_have_any_name(proxy: RunningProxy) -> None:
    assert proxy.call("GET", "/tunnel", host="a-name.tunnel.example").status == 200


def test_recording_has_each_call_decoded_and_without_secrets(tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        Thread(target=endpoint.serve_forever, daemon=True).start()
        with running_proxy(tmp_path, endpoint) as running:
            running.call("GET", "/current/general/GetRegisteredEventListeners", x_api_key=TOKEN)
            running.call("POST", f"/large?token={TOKEN}", b"y" * LARGE)
            running.call("GET", "/zipped")
            running.stop()
        endpoint.shutdown()
    first, large, zipped = running.entries
    assert TOKEN not in running.har.read_text()
    assert (first["_service"], first["response"]["content"]["text"]) == ("optimove", "[]")
    assert (large["request"]["bodySize"], large["request"]["postData"]["_cut"]) == (LARGE, True)
    assert zipped["response"]["content"]["text"] == '{"a":1}'
    # Two calls are none of Optimove's, and were answered as if they were.
    assert (running.status, running.judgement["verdict"]) == (2, "unknown")
    assert {"service": "optimove", "operation": "GetRegisteredEventListeners", "calls": 1} in running.judgement["calls"]


def test_endpoint_that_cannot_be_reached_is_a_bad_gateway(tmp_path: Path) -> None:
    with socket.socket() as unused, Endpoint() as endpoint:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with running_proxy(tmp_path, endpoint, closed) as running:
            response = running.call("POST", "/x", b'{"EventTypeID":13}')
            running.stop()
    assert response.status == 502
    assert response.content.startswith(b"sendproof proxy: the call could not be passed on")
    assert running.entries[0]["response"]["status"] == 0
    assert running.entries[0]["request"]["postData"]["_cut"]


def test_body_that_the_endpoint_did_not_read_to_its_end_is_not_recorded(tmp_path: Path) -> None:
    with Endpoint() as endpoint:
        Thread(target=endpoint.serve_forever, daemon=True).start()
        with running_proxy(tmp_path, endpoint) as running:
            with socket.create_connection(("127.0.0.1", running.port), timeout=60) as connection:
                connection.sendall(b"POST /refused HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\nbegin")
                assert connection.recv(65536).startswith(b"HTTP/1.1 413")
            running.stop()
        endpoint.shutdown()
    assert running.entries[0]["request"]["postData"] == {"mimeType": "", "text": "", "_cut": True}


@pytest.mark.slow
def test_sigterm_names_the_recording_that_is_kept(tmp_path: Path) -> None:
    with Endpoint() as endpoint, running_proxy(tmp_path, endpoint) as running:
        running.process.terminate()
        _, message = running.process.communicate(timeout=300)
    assert message.splitlines() == [
        "sendproof: interrupted by SIGTERM while running sendproof proxy",
        f"Kept: {running.har}",
    ]
