"""No request makes a simulator fail: whatever its bytes are, with or without a credential, the response is no 500."""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bound_requests import Contract
from fuzzing import EXAMPLES
from local_simulators import LocalSandbox, local_simulators
from repository import CONTRACTS
from sendproof_simulators.services.discovery import contract_file, discover
from sendproof_simulators.services.optimove_metrics.signing import SIGNATURE_HEADER, VERSION, VERSION_HEADER, sign

FILES = {**{name: contract_file(known) for name, known in discover().items()}, "control": CONTRACTS / "control.yaml"}
# These operations wait until time has passed.
WAITING = ("/clock/park", "/clock/advance")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
#: Takes the place of a value in a request, until its bytes are known.
HOLE = "THE-HOLE"

TEXTS = [
    *("", "\0", "é\U0001f600", "\ufffd", "٣", "13.0", "1e999", "-1", "9" * 400, "[" * 2_000, "]", "{{", "[%", "%00"),
    *("0001-01-01", "9999-12-31 23:59:59", "10000-01-01", "http://[", "a.b.c", "e30.e30.e30", "Bearer x"),
]
FRAGMENTS = [
    *(b'"\xff\xfe"', b'"\\ud800"', b'"\\u0000"', b'{"":null}', b'{"\xff":"x"}', b'{"\\ud800":1}', b"", b'"'),
    *(b"NaN", b"1e999", b"-1", b"13.0", b"1e2", b"9" * 25, b"9" * 5_000, b"9223372036854775808", b"null", b"true"),
    *(b"{}", b"[]", b"[[]]", b"[" * 3_000, b"[" * 3_000 + b"]" * 3_000, b'{"a":' * 3_000 + b"1" + b"}" * 3_000),
]
JSON_VALUES = st.one_of(
    st.sampled_from(FRAGMENTS),
    st.sampled_from(TEXTS).map(lambda text: json.dumps(text).encode()),
    st.binary(max_size=9),
)
FORM_VALUES = st.one_of(
    st.sampled_from(FRAGMENTS).map(lambda raw: quote(raw).encode()),
    st.sampled_from(TEXTS).map(lambda text: quote(text).encode()),
    st.binary(max_size=9),
)
CONTENT_TYPES = [
    *(JSON, FORM, "multipart/form-data; boundary=x", "multipart/form-data", "application/json; charset=\xff"),
    *("text/plain", "", "é", "\t;;="),
]
ENCODINGS = ["identity", "gzip", "deflate", "gzip, deflate", "br", "\xff"]
CREDENTIALS = ["right", "right", "right", "absent", "wrong", *TEXTS[1:]]
BUDGET = settings(
    max_examples=10 * EXAMPLES,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Sent:
    """The bytes of one request, without its credential."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def sandbox() -> Iterator[LocalSandbox]:
    """Return a sandbox in this process: an exception of the simulators ends a test, and is not only a 500."""
    with local_simulators(strict=True) as simulators:
        yield simulators.sandbox()


@pytest.mark.parametrize("name", FILES)
def test_no_request_makes_a_simulator_fail(sandbox: LocalSandbox, name: str) -> None:
    @BUDGET
    @given(data=st.data())
    def sent(data: st.DataObject) -> None:
        request = data.draw(requests_of(name, sandbox))
        headers, query = presented(name, sandbox, request, data.draw(st.sampled_from(CREDENTIALS)))
        reply = sandbox.simulators.send(request.method, f"/{name}{request.path}", query, headers, request.body)
        assert reply.status != 500, reply.body

    sandbox.simulators.app.watch.found.clear()
    sent()
    assert sandbox.simulators.app.watch.found == {}


def presented(name: str, sandbox: LocalSandbox, request: Sent, credential: str) -> tuple[dict[str, str], str]:
    """Return the headers and the query with a credential."""
    known = {} if name == "control" else sandbox.credentials(name)
    values = {field: value if credential == "right" else credential for field, value in known.items()}
    if credential == "absent" or not values:
        return request.headers, request.query
    headers = dict(request.headers)
    match name:
        case "optimove":
            headers["x-api-key"] = values["admin_key"]
        case "delivyr":
            headers |= {"x-api-key": values["api_key"], "x-account-id": values["account_id"]}
        case "smtp":
            headers |= {"x-smtp-user": values["smtp_user"], "x-smtp-password": values["smtp_password"]}
        case "textlocal":
            return headers, f"{request.query}&{urlencode({'apikey': values['apikey']})}"
        case "optimove-metrics":
            headers |= {VERSION_HEADER: VERSION, SIGNATURE_HEADER: sign(request.body, values["tenant_token"])}
    return headers, request.query


@st.composite
def requests_of(draw: st.DrawFn, name: str, sandbox: LocalSandbox) -> Sent:
    """Return an example of the contract with one value, or one part, replaced by other bytes."""
    contract = Contract(yaml.load(FILES[name].read_bytes(), Loader=yaml.CSafeLoader))
    operations = [id_ for id_, (_, path, *_) in contract.operations.items() if not path.endswith(WAITING)]
    example = contract.example(draw(st.sampled_from(operations)))
    method = draw(st.sampled_from([example.method] * 9 + ["DELETE", "OPTIONS", "HEAD"]))
    is_form = draw(st.booleans()) if example.body is None else example.is_form
    body = draw(bodies(credentialed(name, sandbox, example.body), is_form=is_form))
    headers = {"content-type": draw(st.sampled_from([FORM if is_form else JSON] * 15 + CONTENT_TYPES))}
    encoding = draw(st.sampled_from([None] * 15 + ENCODINGS))
    if encoding is not None:
        headers["content-encoding"] = encoding
        body = gzip.compress(body) if draw(st.booleans()) else body
    query = {**example.query, **draw(st.dictionaries(st.sampled_from([*example.query, "x"]), st.sampled_from(TEXTS)))}
    return Sent(method, draw(paths(example.path, sandbox)), urlencode(query), headers, body)


def credentialed(name: str, sandbox: LocalSandbox, body: Any) -> Any:
    """Return the body with the credential in it, for a service that reads it there."""
    return {**body, "apptoken": sandbox.credentials(name)["apptoken"]} if name == "xtremepush" else body


def paths(path: str, sandbox: LocalSandbox) -> st.SearchStrategy[str]:
    """Return a strategy for the path of an operation with any values, and for paths of none."""
    names = re.findall(r"\{([^}]+)\}", path)
    values = [
        st.just(sandbox.made["sandbox"])
        if name == "sandbox"
        else st.sampled_from([*discover(), "1", "505", "7001", *(text for text in TEXTS if text)])
        for name in names
    ]
    filled = st.tuples(*values).map(lambda texts: path.format_map(dict(zip(names, texts, strict=True))))
    return st.one_of(filled, filled, filled, st.sampled_from(["/", "//", "/\0", "/nonsense/\ufffd"]))


@st.composite
def bodies(draw: st.DrawFn, body: Any, *, is_form: bool) -> bytes:
    """Return the bytes of a body with other bytes in place of one value; sometimes no body at all, or only them."""
    kind = draw(st.sampled_from(["value"] * 6 + ["whole", "absent", "as it is"]))
    value = draw(FORM_VALUES if is_form else JSON_VALUES)
    if kind == "absent" or body is None:
        return b"" if kind == "absent" else value
    if kind == "whole":
        return value
    if kind == "value":
        body = draw(st.sampled_from([*_with_hole(body)] or [HOLE]))
    text = (urlencode(body) if is_form and isinstance(body, dict) else json.dumps(body)).encode()
    return text.replace(HOLE.encode() if is_form else json.dumps(HOLE).encode(), value)


def _with_hole(value: Any) -> Iterator[Any]:
    """Yield copies of a value, each with a hole in place of another part of it."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield {**value, name: HOLE}
            yield from ({**value, name: changed} for changed in _with_hole(item))
        yield {**value, "x": HOLE}
    if isinstance(value, list) and value:
        yield from ([changed, *value[1:]] for changed in (HOLE, *_with_hole(value[0])))
