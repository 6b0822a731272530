"""Compressed request bodies."""

import gzip
import zlib
from typing import Any

import pytest
import requests

from running import RunningSimulators
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.server.content_encoding import decode_body

BODY = b"message=Hello" * 100
RAW = zlib.compressobj(wbits=-15)
RAW_DEFLATE = RAW.compress(BODY) + RAW.flush()


def compressed(body: bytes) -> bytes:
    """Return the same bytes at any time: the ids of tests have them."""
    return gzip.compress(body, mtime=0)


def decoded(body: bytes, encoding: str, limit: int = 10_000) -> Request | Problem:
    """Decode one body."""
    return decode_body(Request(method="POST", path="/", headers={"content-encoding": encoding}, body=body), limit)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (compressed(BODY), "gzip"),
        (compressed(BODY), " GZIP "),
        (compressed(BODY[:13]) + compressed(BODY[13:]) + b"\0" * 9, "x-gzip"),
        (zlib.compress(BODY), "deflate"),
        (RAW_DEFLATE, "deflate"),
        (compressed(zlib.compress(BODY)), "deflate, gzip"),
        (BODY, "identity"),
        (BODY, ""),
    ],
)
def test_encoded_body_is_decoded(body: bytes, encoding: str) -> None:
    assert decoded(body, encoding) == Request(method="POST", path="/", body=BODY)


def test_request_without_encoding_stays_the_same() -> None:
    request = Request(method="POST", path="/", body=BODY)
    assert decode_body(request, 10) is request


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_request_without_body_needs_no_decoding(encoding: str) -> None:
    """Some clients send the header with every request."""
    assert isinstance(decoded(b"", encoding), Request)


def test_body_that_expands_beyond_the_limit_is_too_large() -> None:
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
    problem: Any = decoded(bomb, "gzip, gzip", limit=1_000_000)
    assert (problem.kind, problem.status) == ("too_large", 413)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "gzip, gzip, gzip"])
def test_other_encoding_is_refused_by_name(encoding: str) -> None:
    problem: Any = decoded(BODY, encoding)
    name = "br" if "br" in encoding else encoding
    assert problem.status == 415
    assert problem.detail == f"Content-Encoding: the body is {name}, expected gzip, deflate or no encoding"


@pytest.mark.parametrize(
    "body", [BODY, zlib.compress(BODY), compressed(BODY)[:-9], compressed(BODY) + b"x", b"\x1f\x8b"]
)
def test_body_that_is_not_of_its_encoding_is_refused(body: bytes) -> None:
    problem: Any = decoded(body, "gzip")
    assert (problem.kind, problem.status) == ("bad_request", 400)
    assert problem.detail.startswith("the body is not gzip: ")


def test_services_read_compressed_requests(simulators: RunningSimulators) -> None:
    """The key of Textlocal is in the body itself."""
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-www-form-urlencoded"}
    url = simulators.services["textlocal"]["url"] + "/balance/"
    body = gzip.compress(b"apikey=sendproof-textlocal-key")
    assert requests.post(url, data=body, headers=headers, timeout=60).json()["status"] == "success"


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("optimove", "/current/integrations/AddChannelTemplates?ChannelID=505"),
        ("textlocal", "/send/?apikey=sendproof-textlocal-key"),
        ("textlocal", "/send/"),
        ("xtremepush", "/api/external/list/campaign"),
        ("delivyr", "/partner/customer_io/send_sms"),
    ],
)
def test_service_names_an_unknown_encoding(simulators: RunningSimulators, service: str, path: str) -> None:
    headers = {"X-API-KEY": "sendproof-optimove-key", "Content-Encoding": "br", "Content-Type": "application/json"}
    url = simulators.services[service]["url"] + path
    response = requests.post(url, data=b"x", headers=headers, timeout=60)
    assert (response.status_code, "the body is br, expected gzip, deflate" in response.text) == (415, True)


def test_encoding_of_a_body_that_no_operation_reads_does_not_matter(simulators: RunningSimulators) -> None:
    """The contract of such an operation has no 415."""
    headers = {"X-API-KEY": "sendproof-optimove-key", "Content-Encoding": "br"}
    url = simulators.services["optimove"]["url"] + "/current/general/GetLastDataUpdate"
    assert requests.get(url, data=b"x", headers=headers, timeout=60).status_code == 200
