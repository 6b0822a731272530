"""HAR files: read as other programs write them, and written without secrets."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from recorded_traffic import recorded_call
from sendproof_simulators.core.http import Request, Response
from sendproof_simulators.recordings.har_file import HarFile
from sendproof_simulators.recordings.har_reader import read_har
from sendproof_simulators.recordings.recorded_call import RecordedCall
from sendproof_simulators.services.discovery import discover

REQUEST = {"method": "post", "url": "https://api4.optimove.net/current/x?a=1&b=%24", "headers": []}
RESPONSE = {"status": 200, "headers": [{"name": "Content-Type", "value": "application/json"}]}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def read(tmp_path: Path, request: dict, response: dict | None = None) -> RecordedCall:
    entry = {"startedDateTime": "2026-11-29T04:00:00Z", "request": {**REQUEST, **request}}
    content = {"log": {"entries": [entry | ({} if response is None else {"response": {**RESPONSE, **response}})]}}
    (tmp_path / "a.har").write_text(json.dumps(content))
    (call,) = read_har(tmp_path / "a.har")
    return call


def test_query_headers_and_bodies_are_read(tmp_path: Path) -> None:
    headers = [{"name": "X-API-KEY", "value": "k"}, {"name": ":authority", "value": "api4"}]
    call = read(tmp_path, {"headers": headers, "postData": {"text": "[1]"}}, {"content": {"text": "{}"}})
    assert (call.request.method, call.request.path, call.request.query) == (
        "POST",
        "/current/x",
        (("a", "1"), ("b", "$")),
    )
    assert (call.request.headers, call.request.body) == ({"x-api-key": "k"}, b"[1]")
    assert call.response == Response(
        status=200, body=b"{}", headers=(("content-type", "application/json"),), content_type="application/json"
    )


def test_form_parameters_and_base64_are_read(tmp_path: Path) -> None:
    fields = {"params": [{"name": "a b", "value": "ü"}]}
    encoded = {"text": b64encode(b"\xff").decode(), "encoding": "base64"}
    call = read(tmp_path, {"postData": fields}, {"content": encoded})
    assert (call.request.body, call.response.body) == (b"a+b=%C3%BC", b"\xff")


@pytest.mark.parametrize(
    ("sent", "answer", "known"),
    [
        ({"bodySize": 10}, {"content": {"size": 0}}, (False, True)),
        ({"bodySize": -1}, {"content": {"size": 10}}, (True, False)),
        ({"headers": [{"name": "Content-Length", "value": "3"}]}, {}, (False, True)),
        ({"postData": {"text": "", "_cut": True}}, {"content": {"size": 9, "_cut": True}}, (False, False)),
    ],
)
def test_body_that_is_not_in_the_file_is_not_known(tmp_path: Path, sent: dict, answer: dict, known: tuple) -> None:
    call = read(tmp_path, sent, answer)
    assert (call.request_body_known, call.response_body_known) == known


def test_call_without_a_response_has_none(tmp_path: Path) -> None:
    assert read(tmp_path, {}).response is None
    assert read(tmp_path, {}, {"status": 0}).response is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"log": {"entries": [1]}}', '{"log": {"entries": [{}]}}', "\xff"])
def test_other_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.har").write_text(content, "latin-1")
    with pytest.raises(ValueError, match=r"a\.har.*expected"):
        read_har(tmp_path / "a.har")


def written(tmp_path: Path, *calls: RecordedCall) -> str:
    with HarFile(tmp_path / "w.har", "1") as file:
        for call in calls:
            file.secrets.learn(discover().get(call.service), call.request, call.response)
            file.add(call, 1.5, (len(call.request.body), 0))
            json.loads((tmp_path / "w.har").read_text())
    return (tmp_path / "w.har").read_text()


def test_written_file_is_valid_after_each_call_and_reads_as_the_same_calls(tmp_path: Path) -> None:
    request = Request(method="POST", path="/a b", query=(("x", "ü&"),), headers={"h": "1"}, body=b'{"a":1}')
    response = Response(status=202, body=b"\xff\xfe", content_type="image/png")
    calls = [recorded_call("http://h/a b", request, response, number=number) for number in (1, 2)]
    written(tmp_path, *calls)
    found = read_har(tmp_path / "w.har")
    assert [call.request for call in found] == [request, request]
    assert found[0].response.body == b"\xff\xfe"


@pytest.mark.parametrize(
    ("headers", "query", "body"),
    [
        ({"x-api-key": "SECRETVALUE-1"}, (), b""),
        ({"authorization": "Bearer SECRETVALUE-1"}, (), b""),
        ({"cookie": "session=SECRETVALUE-1"}, (), b""),
        ({}, (("apikey", "SECRETVALUE-1"),), b""),
        (FORM, (), b"apikey=SECRETVALUE-1&hash=SECRETVALUE-2"),
        ({}, (), b'{"apptoken": "SECRETVALUE-1"}'),
        ({}, (), b'{"UserName": "SECRETVALUE-1", "Password": "SECRETVALUE-2"}'),
        ({}, (), b'{"Password": "SECRETVALUE/3", "text": "SECRETVALUE\\/3"}'),
        ({}, (), b'{"a": [{"api_key": "SECRETVALUE-1"}]}'),
        ({"x-api-key": "SECRETVALUE-1"}, (), b"\xff SECRETVALUE-1"),
    ],
)
def test_credential_is_nowhere_in_a_written_file(tmp_path: Path, headers: dict, query: tuple, body: bytes) -> None:
    request = Request(method="POST", path="/x", query=query, headers=headers, body=body)
    text = written(tmp_path, recorded_call("http://h/x", request, Response()))
    assert "SECRETVALUE" not in text
    # Nor as bytes.
    assert b64encode(b"\xff SECRETVALUE").decode()[:12] not in text


def test_credential_is_removed_wherever_it_is_repeated(tmp_path: Path) -> None:
    request = Request(method="GET", path="/x/SECRETVALUE-1", headers={"x-api-key": "SECRETVALUE-1"})
    response = Response(body=b'"echo SECRETVALUE-1"', headers=(("location", "/SECRETVALUE-1"),))
    assert "SECRETVALUE" not in written(tmp_path, recorded_call("http://h/x/SECRETVALUE-1", request, response))


def test_token_of_a_login_is_a_secret_from_then_on(tmp_path: Path) -> None:
    login = Request(method="POST", path="/login", body=b'{"UserName": "me", "Password": "pa55"}')
    answered = Response(body=b'"0123456789abcdef0123"')
    later = Request(method="GET", path="/x", headers={"x": "0123456789abcdef0123"})
    text = written(tmp_path, recorded_call("http://h/login", login, answered), recorded_call("http://h/x", later))
    assert "0123456789abcdef0123" not in text
    assert "pa55" not in text


def test_other_values_stay_as_they_are(tmp_path: Path) -> None:
    body = b'{"keyword": "STOP", "TemplateName": "Hi", "numbers": ["447700900123"]}'
    text = written(tmp_path, recorded_call("http://h/x", Request(method="POST", path="/x", body=body)))
    assert "secret-" not in text


def test_recording_replaces_only_another_one(tmp_path: Path) -> None:
    """The recording of a browser has the same format, and cannot be made again."""
    for _ in range(2):
        HarFile(tmp_path / "ours.har", "1").__exit__()
    (other := tmp_path / "browser.har").write_text('{"log":{"version":"1.2","creator":{"name":"WebInspector"}}}')
    with pytest.raises(OSError, match="expected a new name or a file with a recording of Sendproof"):
        HarFile(other, "1")
    assert "WebInspector" in other.read_text()


@pytest.mark.parametrize("url", ["http://[", "http://[::1]@[", "http://a]@b[/", "http://[x]/", "http://a\u2100/"])
def test_url_without_a_valid_host_is_refused_with_its_entry(tmp_path: Path, url: str) -> None:
    with pytest.raises(
        ValueError, match=r"a\.har: entry 1: .*request\.url: expected a URL with a valid host, got 'http"
    ):
        read(tmp_path, {"url": url})


def test_login_in_a_url_is_left_out(tmp_path: Path) -> None:
    call = read(tmp_path, {"url": "https://me:secret@[::1]:8080/a?b=c"})
    assert (call.url, call.host, call.request.query) == ("https://[::1]:8080/a", "::1", (("b", "c"),))
