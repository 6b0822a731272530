import msgspec
import pytest

from sendproof_simulators.core.http import PROBLEM_KINDS, Problem, Violation
from sendproof_simulators.services.optimove.errors import error_response


def test_too_many_requests_are_answered_as_documented() -> None:
    """The one error body that the documents show."""
    reply = error_response(Problem(kind="rate_limited", status=429, detail="slower"))
    assert (reply.status, reply.content_type, reply.headers) == (429, "application/json", ())
    assert msgspec.json.decode(reply.body) == {
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
def test_plain_refusals_are_plain_text(kind: str, status: int, text: bytes) -> None:
    """Some of it quoted, as a client of the live API met it."""
    reply = error_response(Problem(kind=kind, status=status, detail=""))
    assert (reply.status, reply.body, reply.content_type) == (status, text, "text/plain; charset=utf-8")


def test_a_bad_request_names_each_part() -> None:
    """A missing parameter, a missing member and a wrong value, in that order."""
    violations = (
        Violation(where="query.ChannelID", rule="required", message="-"),
        Violation(where="body.0.TemplateID", rule="required", message="-"),
        Violation(where="body.1.TemplateID", rule="type", message='"x" is not of type "integer"'),
    )
    reply = error_response(Problem(kind="bad_request", status=400, detail="bad", violations=violations))
    assert reply.body.decode() == (
        'ChannelID is missing; TemplateID is missing in body.0; body.1.TemplateID: "x" is not of type "integer"'
    )


def test_event_5_with_a_channel_is_explained() -> None:
    """A schema's own words would not help anybody."""
    violations = (Violation(where="body", rule="not", message="{...} is not allowed"),)
    problem = Problem(
        kind="bad_request", status=400, detail="", operation="RegisterEventListener", violations=violations
    )
    assert error_response(problem).body == b"EventTypeID 5 has a general listener only: leave ChannelID out"


@pytest.mark.parametrize("kind", PROBLEM_KINDS)
def test_every_kind_of_problem_has_an_answer(kind: str) -> None:
    """None is empty."""
    assert error_response(Problem(kind=kind, status=400, detail="")).body
