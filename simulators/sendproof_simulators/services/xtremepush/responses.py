"""Responses to methods: the envelope that contains every result and every error.

documented: the envelope, https://docs.xtremepush.com/docs/external-api-overview, and its codes,
https://support.xtremepush.com/hc/en-us/articles/115001058185-External-API-Responses-Status-Error-Codes. assumed: the
wording, the content of `errors`, and 413.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps

from sendproof_simulators.core.effects import Effects
from sendproof_simulators.core.http import Problem, Response, Violation, json_response
from sendproof_simulators.core.simulator import Call
from sendproof_simulators.services.xtremepush.errors import BAD_REQUEST, METHOD_NOT_ALLOWED, NOT_FOUND, ApiError

_OK = 200
_FIRST_ERROR = 400
# documented: without a token a call is invalid (400), with a wrong one it is unauthorised. assumed: a call with another
# content type than JSON counts as one without a token.
_CODES: Mapping[str, int] = {
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": NOT_FOUND,
    "method_not_allowed": METHOD_NOT_ALLOWED,
    "too_large": 413,
    "rate_limited": 429,
    "internal": 500,
}
_KNOWN_MODEL = re.compile(r"/api/external/[^/]+/(campaign|profile|task|push-devices|message|event)/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodResult:
    """The values that a successful method returns, its code, and its effects apart from the response."""

    value: Mapping[str, object]
    code: int = _OK
    effects: Effects = field(default_factory=Effects)


def method(function: Callable[[Call], MethodResult]) -> Callable[[Call], Effects]:
    """Make the handler of an operation from a function that returns a result or raises `ApiError`."""

    @wraps(function)
    def handler(call: Call) -> Effects:
        dialects = call.context.dialects
        try:
            result = function(call)
        except ApiError as error:
            response = _refusal(dialects, error.code, str(error), error.errors)
            summary = {"refused": error.code}
            return Effects(response=response, entries=error.entries, summary=summary, refused=True)
        return replace(result.effects, response=_envelope(dialects, result.code, result.value))

    return handler


def problem_response(problem: Problem) -> Response:
    """Return the response to a request that was refused before it reached a method."""
    code = problem.status if problem.is_about_encoding else _CODES.get(problem.kind, BAD_REQUEST)
    if problem.kind == "not_found" and _KNOWN_MODEL.fullmatch(problem.path):
        # documented: a method with a typo is 405, and not a page that is missing.
        return _refusal(problem.dialects, METHOD_NOT_ALLOWED, "no such method; is there a typo in it?")
    if problem.violations:
        errors = list(map(_field_error, problem.violations))
        return _refusal(problem.dialects, code, f"{errors[0]['field']}: {errors[0]['message']}", errors)
    return _refusal(problem.dialects, code, problem.detail)


def _refusal(
    dialects: Mapping[str, str], code: int, message: str, errors: Sequence[Mapping[str, object]] = ()
) -> Response:
    return _envelope(dialects, code, {"message": message} | ({"errors": errors} if errors else {}))


def _envelope(dialects: Mapping[str, str], code: int, value: Mapping[str, object]) -> Response:
    """Return the envelope around `value`. Its code is also the HTTP status, except in one dialect."""
    follows_code = dialects.get("http_status") != "always_200"
    body = {"code": code, "success": code < _FIRST_ERROR, **value}
    return json_response(body, code if follows_code else _OK)


def _field_error(violation: Violation) -> dict[str, object]:
    name = violation.where.removeprefix("body").removeprefix(".")
    return {"field": name or "body", "message": violation.message}
