"""Failing calls: each error states whether the call may have had an effect."""

import gzip
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from raw_server import (
    HEAD,
    after_interim,
    dripping_body,
    dripping_header,
    endless_body,
    endless_header,
    endless_interim,
    gzip_bomb,
    raw_server,
    response,
)
from sendproof_bridge.outbound.errors import NotSentError, OutcomeUnknownError
from sendproof_bridge.outbound.http import HttpClient, Response, retry_after_ms
from stand_in import Reply, stand_in


def test_refused_connection_raises_not_sent():
    with pytest.raises(NotSentError, match=r"^call: no connection \(NewConnectionError\)$"):
        HttpClient().request("call", "POST", "http://127.0.0.1:9/secret")


def test_missing_response_raises_outcome_unknown():
    """The service may have done all of the work."""
    release = threading.Event()

    def wait(_request):
        release.wait(60)
        return Reply()

    with stand_in() as slow:
        slow.respond("op", wait)
        with pytest.raises(OutcomeUnknownError, match=r"^call: no response \(ReadTimeoutError\)$"):
            HttpClient(read_seconds=0.1).request("call", "POST", f"{slow.url}/op")
        release.set()


def test_truncated_body_raises_outcome_unknown():
    with stand_in() as truncated:
        truncated.respond("op", Reply(b"[1, 2", headers=(("content-length", "5"),)))

        with pytest.raises(OutcomeUnknownError, match="expected JSON"):
            HttpClient().request("call", "GET", f"{truncated.url}/op").json()


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_response_is_not_the_final_one(status):
    """Otherwise the final one would be read as the response to the next request on that connection."""
    with raw_server(after_interim(status)) as url:
        assert HttpClient().request("call", "GET", url).status == 200


@pytest.mark.parametrize("parts", [dripping_header, dripping_body, endless_interim])
def test_response_without_an_end_raises_outcome_unknown(parts):
    """Each read is quick enough, but there is always another one."""
    with raw_server(parts(), pause=0.02) as url, pytest.raises(OutcomeUnknownError, match=r"^call: no response \(.*"):
        HttpClient(read_seconds=0.2).request("call", "GET", url)


@pytest.mark.parametrize("parts", [endless_body(), gzip_bomb(100 * 1024 * 1024)], ids=["endless", "gzip bomb"])
def test_response_larger_than_any_page_raises_outcome_unknown(parts):
    """The size that counts is the one in memory."""
    reason = "^call: the service responded with more than 67,108,864 bytes$"
    with raw_server(parts) as url, pytest.raises(OutcomeUnknownError, match=reason):
        HttpClient().request("call", "GET", url)


@pytest.mark.parametrize(
    "head",
    [
        endless_header(),
        [HEAD + b"X-Many: 1\r\n" * 1000 + b"\r\n"],
        [HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{"],
        [HEAD + b"Content-Length: 5, 6\r\n\r\n{"],
        [HEAD + b"Content-Encoding: gzip\r\n\r\nno gzip"],
        [HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"],
        [b"no HTTP\r\n\r\n"],
    ],
)
def test_response_that_is_no_http_raises_outcome_unknown(head):
    with raw_server(head) as url, pytest.raises(OutcomeUnknownError):
        HttpClient().request("call", "GET", url).json()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "nested too deeply"),
        (b"[" + b"1" * 10_000_000 + b"]", "expected JSON, got something else"),
        (b"[" + b"[]," * 5_000_000 + b"[]]", "expected at most 4,000,000 JSON values"),
        (b"[NaN]", "NaN is no JSON"),
        (b'["\xff"]', "expected JSON, got something else"),
        (b'["\xed\xa0\x80"]', "expected JSON, got something else"),
        (b'["\\ud800"]', "half a character"),
        (b'"' + b'\\"' * 1_000_000 + b"[" * 200, "expected JSON"),
    ],
    ids=["deep", "level 101", "digits", "values", "NaN", "bytes", "surrogate", "escaped surrogate", "open text"],
)
def test_json_that_cannot_be_processed_raises_outcome_unknown(body, reason):
    response = Response(operation="call", status=200, headers={}, body=body)

    with pytest.raises(
        OutcomeUnknownError, match=rf"^call: the service responded with 200 and [\d,]+ bytes: .*{reason}"
    ):
        response.json()


def test_largest_page_is_read():
    """10,000 customers with a hundred attributes of any text."""
    page = [
        {"CustomerID": f"C{index}", "CustomerAttributes": ["Zoë [[[[ \\" + "x" * 20] * 100} for index in range(10_000)
    ]
    body = json.dumps(page).encode()
    with raw_server(response(gzip.compress(body, 1), "Content-Encoding: gzip")) as url:
        assert HttpClient().request("call", "GET", url).json() == page


def test_request_has_the_headers_of_the_call_and_of_the_client():
    with stand_in() as service:
        service.respond("op", Reply())
        url = service.url.replace("//", "//user:pass%40word@")
        HttpClient().request("call", "POST", f"{url}/op", headers={"Accept": "text/plain"}, body=["é"])
    (received,) = service.received

    names = ("accept", "authorization", "content-type", "content-length")
    assert [received.headers[name] for name in names] == [
        "text/plain",
        "Basic dXNlcjpwYXNzQHdvcmQ=",
        "application/json",
        "10",
    ]
    assert received.headers["user-agent"].startswith("sendproof-bridge/")
    assert "gzip" in received.headers["accept-encoding"]


def test_head_and_body_of_a_request_are_sent_together():
    """Each part would wake the service once."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as caller:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/op"
        call = caller.submit(HttpClient().request, "call", "POST", url, body=[1])
        client, _ = server.accept()
        with client:
            first = client.recv(65_536)
            client.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert (first[:4], first[-7:], call.result().status) == (b"POST", b"\r\n\r\n[1]", 204)


@pytest.mark.parametrize("rest", ["", "/", "?", "/#part"])
def test_url_without_a_path_requests_the_root(rest):
    with stand_in() as service:
        HttpClient().request("call", "GET", service.url + rest)
    (received,) = service.received

    assert received.operation == ""


def test_header_that_cannot_be_sent_is_not_quoted():
    """The key of an account could be in it."""
    with stand_in() as service, pytest.raises(OutcomeUnknownError, match=r"^call: no response \(ValueError\)$"):
        HttpClient().request("call", "GET", f"{service.url}/op", headers={"X-API-KEY": "a\nsecret"})


@pytest.mark.parametrize(("text", "delay"), [("7", 7_000), ("0", 1_000), ("9" * 5_000, 86_400_000), ("soon", None)])
def test_requested_delay_is_at_most_a_day(text, delay):
    """A longer one would end the work for a client."""
    response = Response(operation="call", status=429, headers={"Retry-After": text}, body=b"")

    assert retry_after_ms(response) == delay
