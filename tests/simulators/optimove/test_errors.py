import msgspec
import pytest

from sendproof_simulators.core.http import PROBLEM_KINDS, Problem, Violation
from sendproof_simulators.services.optimove.errors import error_response


def test_rate_limited_response_is_the_documented_json() -> None:
    """No other error body is documented."""
    response = error_response(Problem(kind="rate_limited", status=429, detail="slower"))
    assert (response.status, response.content_type, response.headers) == (429, "application/json", ())
    assert msgspec.json.decode(response.body) == {
        "status": 429,
        "error": "Too Many Requests",
        "message": "You have exceeded the rate limit for this API group. Please retry later.",
    }


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("unauthorized", 401, b'"Unauthorized"'),
        ("method_not_allowed", 405, b'"Method Not Allowed"'),
        ("internal", 500, b'"Internal Server Error"'),
        ("not_found", 404, b"Not found"),
    ],
)
def test_errors_are_plain_text(kind: str, status: int, text: bytes) -> None:
    """Some texts are quoted, as a client of the live API observed."""
    response = error_response(Problem(kind=kind, status=status, detail=""))
    assert (response.status, response.body, response.content_type) == (status, text, "text/plain; charset=utf-8")


def test_bad_request_names_each_violation() -> None:
    violations = (
        Violation(where="query.ChannelID", rule="required", message="-"),
        Violation(where="body.0.TemplateID", rule="required", message="-"),
        Violation(where="body.1.TemplateID", rule="type", message='"x" is not of type "integer"'),
    )
    response = error_response(Problem(kind="bad_request", status=400, detail="bad", violations=violations))
    assert response.body.decode() == (
        'ChannelID is missing; TemplateID is missing in body.0; body.1.TemplateID: "x" is not of type "integer"'
    )


def test_event_5_with_a_channel_gets_a_clear_text() -> None:
    """The text of the schema would not help."""
    violations = (Violation(where="body", rule="not", message="{...} is not allowed"),)
    problem = Problem(
        kind="bad_request", status=400, detail="", operation="RegisterEventListener", violations=violations
    )
    assert error_response(problem).body == b"EventTypeID 5 has a general listener only: leave ChannelID out"


@pytest.mark.parametrize("kind", PROBLEM_KINDS)
def test_every_kind_of_problem_has_a_body(kind: str) -> None:
    assert error_response(Problem(kind=kind, status=400, detail="")).body
