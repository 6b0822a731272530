"""The credential in the body, and the envelope of every response."""

import msgspec
import pytest

from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.services.xtremepush import SIMULATOR


def credential(body: bytes) -> str | None:
    """Return the token in a body."""
    return SIMULATOR.extract_credential(Request(method="POST", path="/api/external/list/campaign", body=body))


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"apptoken":"t","rows":[[1,{"a":[]}]]}', "t"),
        (b'{"rows":[[1]],"apptoken":"t"}', "t"),
        (b'{"apptoken":null}', None),
        (b'{"apptoken":5}', None),
        (b'{"rows":[]}', None),
        (b'["apptoken"]', None),
        (b"", None),
        (b"apptoken=t", None),
        (b'{"apptoken":"t"', None),
        (b'{"a":' + b"[" * 100_000, None),
    ],
)
def test_token_is_read_from_body(body, token):
    """Documented. A body that cannot be decoded has none."""
    assert credential(body) == token


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("unauthorized", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("method_not_allowed", 405),
        ("bad_request", 400),
        ("unsupported_media_type", 400),
        ("too_large", 413),
        ("rate_limited", 429),
        ("internal", 500),
    ],
)
def test_problem_response_has_envelope(kind, code):
    """Its code is the HTTP status (documented), except in one dialect."""
    problem = Problem(kind=kind, status=418, detail="so it is")
    response = SIMULATOR.error(problem)
    assert (response.status, msgspec.json.decode(response.body)) == (
        code, {"code": code, "success": False, "message": "so it is"},
    )  # fmt: skip
    dialects = {"http_status": "always_200"}
    always = SIMULATOR.error(Problem(kind=kind, status=418, detail="so it is", dialects=dialects))
    assert (always.status, always.body) == (200, response.body)


def test_method_with_typo_is_405():
    """Documented. A completely unknown path is 404."""
    codes = [
        msgspec.json.decode(SIMULATOR.error(Problem(kind="not_found", status=404, detail="", path=path)).body)["code"]
        for path in ("/api/external/exceute/campaign", "/api/external/list/unicorn", "/api/v2")
    ]
    assert codes == [405, 404, 404]


def test_violations_are_listed_by_field():
    """The message contains the first of them."""
    found = (Violation(where="body.limit", rule="maximum", message="6000 is too much"),)
    body = SIMULATOR.error(Problem(kind="bad_request", status=400, detail="", violations=found)).body
    result = msgspec.json.decode(body)
    assert result["message"] == "limit: 6000 is too much"
    assert result["errors"] == [{"field": "limit", "message": "6000 is too much"}]


def test_deeply_nested_body_is_refused(project):
    """It must not cause an internal error of the simulator."""
    result = project.post("list/campaign", b'{"apptoken":"t","x":' + b"[" * 100_000)
    assert (result["code"], result["success"]) == (400, False)


def test_call_without_token_is_400(project):
    """Not 401 (documented)."""
    result = project.post("list/campaign", b"{}")
    assert (result["code"], result["errors"][0]["field"]) == (400, "apptoken")


def test_http_status_dialect_always_returns_200(new_project):
    project = new_project(http_status="always_200")
    assert project.call("info/campaign", id=1)["code"] == 404
    assert project.last.response.status == 200


def test_every_response_code_is_in_contract(contract):
    for operation in contract.document["paths"].values():
        assert {"200", "400", "401", "413", "429", "500"} <= set(operation["post"]["responses"])
