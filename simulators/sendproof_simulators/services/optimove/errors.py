"""The form of Optimove's error responses. Most of it is assumed; each part names its evidence."""

from collections.abc import Mapping

from sendproof_simulators.core.http import Problem, Response, Violation, json_response
from sendproof_simulators.core.webhooks.urls import RemoteHostError

_TEXT = "text/plain; charset=utf-8"
_MAX_VIOLATIONS = 5
_RETRY_AFTER_S = 10

_RATE_LIMITED = {
    "status": 429,
    "error": "Too Many Requests",
    "message": "You have exceeded the rate limit for this API group. Please retry later.",
}
# Some statuses have the same text for every reason.
_FIXED_TEXTS: Mapping[int, bytes] = {
    401: b'"Unauthorized"',
    405: b'"Method Not Allowed"',
    500: b'"Internal Server Error"',
}
# Kinds of problems with an open question about their status, and the dialect that sets it.
_STATUS_DIALECTS: Mapping[str, str] = {
    "unauthorized": "unknown_key",
    "not_permitted": "forbidden",
    "not_found": "unknown_path",
    "unknown_id": "unknown_id",
    "login_failed": "login_failure",
}
# Violations with a clearer text than the schema's own: (operation, rule) -> text.
_CLEARER_TEXTS: Mapping[tuple[str | None, str], str] = {
    ("RegisterEventListener", "not"): "EventTypeID 5 has a general listener only: leave ChannelID out",
    ("RegisterEventListener", "pattern"): (
        "ListenerURL: expected an http or https URL such as http://127.0.0.1:9000/webhooks, raw or percent-encoded"
    ),
}


class ApiError(Exception):
    """A refusal of a request that keeps the contract; `kind` is in `PROBLEM_KINDS` or in `_STATUS_DIALECTS`.

    `summary` describes the refused request in the journal, where the judge needs more than the refusal.
    """

    def __init__(self, kind: str, status: int, detail: str, summary: Mapping[str, object] | None = None) -> None:
        """Describe in `detail` what was expected, what arrived, and the next action."""
        super().__init__(detail)
        self.problem = Problem(kind=kind, status=status, detail=detail)
        self.summary = summary


def not_found(detail: str, summary: Mapping[str, object] | None = None) -> ApiError:
    """Return the error for an unknown id or attribute. 404: assumed, as test doubles of PyPI optimove 2.0.0 do."""
    return ApiError("unknown_id", 404, detail, summary)


def bad_request(detail: str, summary: Mapping[str, object] | None = None) -> ApiError:
    """Return the error for a value that only the state can reject. 400: assumed."""
    return ApiError("bad_request", 400, detail, summary)


def invalid_url(member: str, error: ValueError) -> ApiError:
    """Return the error for the URL of a webhook: 400, or 409 if only the settings of the sandbox forbid it."""
    status = 409 if isinstance(error, RemoteHostError) else 400
    return ApiError("bad_request", status, f"{member}: {error}")


def forbidden(detail: str) -> ApiError:
    """Return the error for a valid key without the necessary right. 403: assumed."""
    return ApiError("not_permitted", 403, detail)


def error_response(problem: Problem) -> Response:
    """Return Optimove's response to a problem.

    429 with its JSON: documented, https://developer.optimove.com/reference/understanding-api-rate-limits-at-optimove
    (Retry-After is not mentioned there, so it is not sent by default). 400 as plain text that names the parameter, and
    401, 405 and 500 as JSON strings in plain text: observed in the client code of GitHub larvit/optimove_mocker. 403
    for an expired token as plain text: documented, https://developer.optimove.com/docs/general-information. Everything
    else: assumed.
    """
    if problem.kind == "rate_limited":
        body = json_response(_RATE_LIMITED).body
        with_header = problem.dialects.get("retry_after") == "seconds"
        return Response(status=429, body=body, headers=(("retry-after", str(_RETRY_AFTER_S)),) if with_header else ())
    option = problem.dialects.get(_STATUS_DIALECTS.get(problem.kind, ""))
    status = problem.status if option is None else int(option)
    text = _FIXED_TEXTS.get(status) or _error_text(problem).encode()
    return Response(status=status, body=text, content_type=_TEXT)


def _error_text(problem: Problem) -> str:
    texts = [_violation_text(problem.operation, violation) for violation in problem.violations[:_MAX_VIOLATIONS]]
    return "; ".join(texts) or problem.detail or problem.kind.replace("_", " ").capitalize()


def _violation_text(operation: str | None, violation: Violation) -> str:
    if (operation, violation.rule) in _CLEARER_TEXTS:
        return _CLEARER_TEXTS[operation, violation.rule]
    place, _, name = violation.where.rpartition(".")
    if violation.rule == "required":
        return f"{name} is missing" if "." not in place else f"{name} is missing in {place}"
    return f"{violation.where}: {violation.message}"
