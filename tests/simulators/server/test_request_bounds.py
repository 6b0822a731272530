"""The bounds of the parts of a request, each reached and then exceeded."""

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from running import RunningSimulators
from sendproof_simulators.core.contracts import FORM, JSON
from sendproof_simulators.core.http import Problem, Request
from sendproof_simulators.core.json_text import MOST_VALUES
from sendproof_simulators.server.content_encoding import decode_body
from sendproof_simulators.server.request_bounds import MOST_FIELDS, MOST_LEVELS, find_excess

MULTIPART = "multipart/form-data; boundary=b"


def detail(body: bytes, content_type: str | None = None, usual_type: str = JSON) -> str:
    """Return why a body is refused, or an empty text."""
    headers = {} if content_type is None else {"content-type": content_type}
    problem = find_excess(Request(method="POST", path="/", headers=headers, body=body), usual_type)
    return "" if problem is None else problem.detail


def form(fields: int) -> bytes:
    """Return a form with this number of fields."""
    return urlencode([(f"f{number}", "v") for number in range(fields)]).encode()


def multipart(parts: int) -> bytes:
    """Return a multipart form with this number of parts."""
    part = '--b\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n'
    return (part * parts + "--b--\r\n").encode()


def nested(levels: int) -> bytes:
    """Return JSON with this number of levels, whose texts look like brackets."""
    return b'["]]",' * levels + b'"[["' + b"]" * levels


@pytest.mark.parametrize(
    ("body", "content_type", "usual_type"),
    [
        (form, FORM, JSON),
        (form, "Application/x-www-form-urlencoded ; charset=utf-8", JSON),
        (form, None, FORM),
        (lambda fields: b"{" + form(fields), FORM, FORM),
        (multipart, MULTIPART, FORM),
    ],
    ids=["form", "form in capitals", "form without type", "form that looks like JSON", "multipart"],
)
def test_too_many_fields_are_refused(body: Any, content_type: str | None, usual_type: str) -> None:
    assert detail(body(MOST_FIELDS), content_type, usual_type) == ""
    assert detail(body(MOST_FIELDS + 1), content_type, usual_type) == f"the body has more than {MOST_FIELDS} fields"


@pytest.mark.parametrize("content_type", [JSON, FORM, "text/plain", None])
def test_json_that_is_nested_too_deeply_is_refused(content_type: str | None) -> None:
    """A service may decode it whatever its type is."""
    assert detail(nested(MOST_LEVELS), content_type) == ""
    expected = f"the body is nested too deeply: it has more than {MOST_LEVELS} levels"
    assert detail(nested(MOST_LEVELS + 1), content_type) == expected


@pytest.mark.parametrize(("item", "starts"), [(b"[]", 1), (b"{}", 5), (b'"a,b"', 1), (b'{"a":0}', 6), (b"0", 0)])
def test_json_with_too_many_values_is_refused(item: bytes, starts: int) -> None:
    """Eight megabytes of the shortest ones would need hundreds. An item counts with its comma, brackets and strings."""
    values_of_an_item = 1 + starts
    most = (MOST_VALUES - 1) // values_of_an_item

    assert detail(b"[" + b",".join([item] * most) + b"]") == ""
    expected = "the body is too long: it has more than 1,250,000 values, where an object counts as 5"
    assert detail(b"[" + b",".join([item] * (most + 2)) + b"]") == expected


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps([{"text": "[Q&A] {1"}] * 50_000).encode(), JSON),
        (b"id,name\n" + b"1,[VIP & co\n" * 200_000, "text/csv"),
        (urlencode({"data": json.dumps({"messages": [{"text": "a & [b"}] * 10_000})}).encode(), FORM),
    ],
    ids=["batch", "file", "bulk"],
)
def test_long_body_is_accepted(body: bytes, content_type: str) -> None:
    assert detail(body, content_type) == ""


@pytest.mark.parametrize("form", ['"{}"', '["{}"]', '{{"a": "{}"}}'])
def test_json_with_long_texts_with_emoji_is_refused(form: str) -> None:
    """Eight megabytes would need 32 as a text of Python. The text of a file is no JSON."""
    body = form.format("\U0001f600" + "a" * 4_200_000).encode()
    assert detail(body, JSON) == "the body is too long: texts with emoji need more than 16 MiB"
    assert detail(form.format("\xe9" + "a" * 4_200_000).encode(), JSON) == ""
    assert detail(b"name\n" + body, "text/csv") == ""


def test_gzip_body_in_many_members_is_refused() -> None:
    """Each member costs a copy of those behind it."""
    member = gzip.compress(b"", mtime=0)
    request = Request(method="POST", path="/", headers={"content-encoding": "gzip"}, body=member * 100)
    assert isinstance(decode_body(request, 1_000), Request)
    problem = decode_body(Request(method="POST", path="/", headers=request.headers, body=member * 101), 1_000)
    assert isinstance(problem, Problem)
    assert problem.detail == "the body is not gzip: it has more than 100 members"


def is_refused(response: requests.Response) -> bool:
    """Return True for a refusal. Textlocal refuses with status 200; the token of a metric comes before its body."""
    return response.status_code in {400, 401} or response.json()["status"] == "failure"


CALLS = {
    "control": ("POST", "/control/sandboxes"),
    "delivyr": ("POST", "/partner/customer_io/send_sms"),
    "optimove": ("POST", "/current/integrations/AddChannelTemplates"),
    "textlocal": ("POST", "/send/"),
    "xtremepush": ("POST", "/api/external/list/campaign"),
    "optimove-metrics": ("POST", "/api/saveEvent"),
}


@pytest.fixture(params=list(CALLS))
def call(request: pytest.FixtureRequest, simulators: RunningSimulators) -> tuple[str, str, dict[str, str]]:
    """Return method, URL and headers of an authenticated call to each service."""
    method, path = CALLS[request.param]
    control = request.param == "control"
    url = simulators.control if control else simulators.services[request.param]["url"]
    keys = {} if control else simulators.services[request.param]["credentials"]
    headers = {"x-api-key": keys.get("api_key", ""), "x-account-id": keys.get("account_id", "")}
    return method, url + path, headers


def test_query_with_too_many_names_is_refused(call: tuple[str, str, dict[str, str]]) -> None:
    """It took seconds, in which no other request was served."""
    method, url, headers = call
    query = "&".join(f"a{number}" for number in range(MOST_FIELDS + 1))
    response = requests.request(method, f"{url}?{query}", json={}, headers=headers, timeout=60)
    assert is_refused(response)


@pytest.mark.parametrize("levels", [MOST_LEVELS, MOST_LEVELS + 1, 500, 100_000])
def test_nested_json_is_no_failure_of_the_service(call: tuple[str, str, dict[str, str]], levels: int) -> None:
    method, url, headers = call
    body = b'{"a":' * levels + b"1" + b"}" * levels
    if levels > 10_000:
        body = body[:60_000]
    headers = {**headers, "content-type": "application/json"}
    response = requests.request(method, url, data=body, headers=headers, timeout=60)
    assert is_refused(response)


def test_too_many_form_fields_are_refused(simulators: RunningSimulators) -> None:
    url = simulators.services["textlocal"]["url"] + "/send/"
    body = b"apikey=sendproof-textlocal-key&" + form(400_000)
    response = requests.post(url, data=body, headers={"content-type": FORM}, timeout=60)
    assert is_refused(response)
    assert "fields" in response.text
