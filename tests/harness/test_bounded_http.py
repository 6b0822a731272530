"""Requests of `contract` and `doctor` to servers of others, which may respond with anything."""

from collections.abc import Callable, Iterable, Iterator

import pytest

from raw_server import (
    after_interim,
    dripping_body,
    dripping_header,
    endless_body,
    endless_header,
    endless_interim,
    endless_redirect,
    gzip_bomb,
    raw_server,
    response,
)
from sendproof_harness.bounded_http import check_url
from sendproof_harness.conformance.http import ListenerResponse, send
from sendproof_harness.conformance.requests import ListenerRequest
from sendproof_harness.preflight.http import PreflightClient


@pytest.mark.parametrize(
    "url",
    ["", "localhost:4100", "ftp://x", "http://[", "http://x:0", "http://..", f"http://{'x' * 64}", "http://\udcff"],
)
def test_url_that_no_client_can_call_names_the_option(url: str) -> None:
    with pytest.raises(ValueError, match=r"^--control-url: expected a URL such as http://a, got "):
        check_url("--control-url", url, "http://a")


@pytest.mark.parametrize("url", ["http://localhost.:1", "http://[fe80::1%25eth0]:1", "https://bücher.example/a_b"])
def test_url_of_a_server_is_accepted(url: str) -> None:
    check_url("--control-url", url, "http://a")


def probe(url: str, timeout_s: float = 60.0) -> ListenerResponse:
    """Send one event to a listener."""
    return send(ListenerRequest(what="an event", expects="answered", body=b"{}", url=url), timeout_s)


def test_listener_with_a_long_answer_has_answered() -> None:
    """Only the status has a meaning."""
    with raw_server(endless_body()) as url:
        assert probe(url) == ListenerResponse(status=200)


def test_redirect_of_a_listener_is_its_response() -> None:
    """The library would read the whole body of a redirect, even of one that it does not follow."""
    with raw_server(endless_redirect()) as url:
        assert probe(url) == ListenerResponse(status=302)


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_response_of_a_listener_is_not_its_last(status: int) -> None:
    """RFC 9110, section 15.2: a client expects a final response after any of them."""
    with raw_server(after_interim(status)) as url:
        assert probe(url) == ListenerResponse(status=200, body=b"{}")


@pytest.mark.parametrize("parts", [dripping_header, dripping_body, endless_interim])
def test_listener_whose_answer_does_not_end_is_too_slow(parts: Callable[[], Iterator[bytes]]) -> None:
    with raw_server(parts(), pause=0.02) as url:
        assert probe(url, timeout_s=0.2) == ListenerResponse(error="no response within 0.2 s", timed_out=True)


def test_listener_that_sends_no_http_has_failed() -> None:
    with raw_server(endless_header()) as url:
        assert (probe(url).error or "").startswith("the connection failed: ")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (gzip_bomb(100 * 1024 * 1024), "a response of more than 5,000,000 bytes"),
        (endless_body(), "a response of more than 5,000,000 bytes"),
        (endless_header(), "got more than 65536 bytes when reading header line"),
        (endless_redirect(), "a response of more than 5,000,000 bytes"),
    ],
    ids=["gzip bomb", "endless body", "endless header", "endless redirect"],
)
def test_doctor_names_a_response_without_limits(parts: Iterable[bytes], reason: str) -> None:
    with raw_server(parts) as url, PreflightClient() as client:
        assert client.request("GET", url).text == reason


def test_doctor_shows_deep_json_as_text() -> None:
    with raw_server(response(b"[" * 100_000)) as url, PreflightClient() as client:
        assert (client.request("GET", url).status, client.request("GET", url).json) == (200, None)
