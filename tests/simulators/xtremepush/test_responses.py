"""The credential in the body, and the envelope of every refusal."""

import msgspec
import pytest

from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.services.xtremepush import SIMULATOR


def credential(body: bytes) -> str | None:
    """The token that a body shows."""
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
def test_the_token_is_a_field_of_the_body(body, token):
    """Documented; whatever cannot be read shows none."""
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
def test_every_problem_has_the_envelope(kind, code):
    """With the code as the HTTP status (documented), or, in a dialect, without."""
    problem = Problem(kind=kind, status=418, detail="so it is")
    response = SIMULATOR.error(problem)
    assert (response.status, msgspec.json.decode(response.body)) == (
        code, {"code": code, "success": False, "message": "so it is"},
    )  # fmt: skip
    dialects = {"http_status": "always_200"}
    always = SIMULATOR.error(Problem(kind=kind, status=418, detail="so it is", dialects=dialects))
    assert (always.status, always.body) == (200, response.body)


def test_a_typo_in_the_method_is_405():
    """Documented; an address that is wholly unknown is 404."""
    codes = [
        msgspec.json.decode(SIMULATOR.error(Problem(kind="not_found", status=404, detail="", path=path)).body)["code"]
        for path in ("/api/external/exceute/campaign", "/api/external/list/unicorn", "/api/v2")
    ]
    assert codes == [405, 404, 404]


def test_violations_are_named_by_field():
    """All of them, and the first in the message."""
    found = (Violation(where="body.limit", rule="maximum", message="6000 is too much"),)
    body = SIMULATOR.error(Problem(kind="bad_request", status=400, detail="", violations=found)).body
    said = msgspec.json.decode(body)
    assert said["message"] == "limit: 6000 is too much"
    assert said["errors"] == [{"field": "limit", "message": "6000 is too much"}]


def test_a_body_nested_beyond_reason_breaks_the_contract(project):
    """It is no reason to fail."""
    said = project.post("list/campaign", b'{"apptoken":"t","x":' + b"[" * 100_000)
    assert (said["code"], said["success"]) == (400, False)


def test_a_call_without_a_token_is_invalid(project):
    """400, and not 401 (documented)."""
    said = project.post("list/campaign", b"{}")
    assert (said["code"], said["errors"][0]["field"]) == (400, "apptoken")


def test_success_may_hide_its_code(new_project):
    """In the dialect where only the body tells."""
    project = new_project(http_status="always_200")
    assert project.call("info/campaign", id=1)["code"] == 404
    assert project.last.response.status == 200


def test_every_answer_is_in_the_contract(contract):
    """Every code that can be answered is a documented response of the operations that can answer it."""
    for operation in contract.document["paths"].values():
        assert {"200", "400", "401", "413", "429", "500"} <= set(operation["post"]["responses"])
