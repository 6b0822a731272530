"""Error responses: a fitting HTTP status, and `{"error": {"code", "message"}}`. assumed, all of it."""

from collections.abc import Mapping

from sendproof_simulators.core.dialects import Options
from sendproof_simulators.core.http import Problem, Response, json_response
from sendproof_simulators.services.delivyr import dialects
from sendproof_simulators.services.delivyr.errors import (
    INVALID,
    MISSING_VARIABLES,
    NOT_FOUND,
    QUEUE_FULL,
    REJECTIONS,
    TEXT_TOO_LONG,
    UNAUTHORIZED,
    UNKNOWN_TEMPLATE,
)

_STATUSES: Mapping[str, int] = {
    INVALID: 400,
    UNAUTHORIZED: 401,
    NOT_FOUND: 404,
    "method_not_allowed": 405,
    "payload_too_large": 413,
    "unsupported_media_type": 415,
    **dict.fromkeys((MISSING_VARIABLES, TEXT_TOO_LONG, *REJECTIONS), 422),
    QUEUE_FULL: 503,
    "internal": 500,
}
_CODES: Mapping[str, str] = {
    "bad_request": INVALID,
    "forbidden": UNAUTHORIZED,
    "too_large": "payload_too_large",
    "rate_limited": QUEUE_FULL,
}
_CREDENTIAL_HEADERS = {"header.x-account-id", "header.x-api-key"}


def error_response(code: str, message: str, options: Options) -> Response:
    """Return the response to a refused call. `options` are those of the dialects."""
    status = int(options[dialects.UNKNOWN_TEMPLATE]) if code == UNKNOWN_TEMPLATE else _STATUSES[code]
    return json_response({"error": {"code": code, "message": message}}, status=status)


def problem_response(problem: Problem) -> Response:
    """Return the response to a request that was refused before it reached an operation."""
    if any(violation.where in _CREDENTIAL_HEADERS for violation in problem.violations):
        return error_response(
            UNAUTHORIZED,
            "x-account-id and x-api-key are needed, both from Settings in app.delivyr.net",
            problem.dialects,
        )
    code = _CODES.get(problem.kind, problem.kind)
    violations = "; ".join(f"{v.where.partition('.')[2] or v.where}: {v.message}" for v in problem.violations)
    return error_response(code, violations or problem.detail, problem.dialects)
