"""How Xtremepush says no: an envelope with a `code` as of HTTP.

documented: the envelope and the codes,
https://support.xtremepush.com/hc/en-us/articles/115001058185-External-API-Responses-Status-Error-Codes. assumed: the
wording, what is in `errors`, and 413.
"""

import re
from collections.abc import Mapping, Sequence

from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.http import Problem, Response, Violation
from sendproof_simulators.services.xtremepush.envelope import envelope

BAD_REQUEST = 400
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405

# documented: without a token a call is invalid (400), with a wrong one it is unauthorised. assumed: another content
# type than JSON is as good as no token.
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


class RefusalError(Exception):
    """A call is refused. `errors` say what is wrong where; `entries` are what the refusal puts into the journal."""

    def __init__(self, code: int, message: str, errors: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.errors = errors
        self.entries: tuple[JournalEntry, ...] = ()


def wrong(field: str, message: str) -> RefusalError:
    """A refusal for one field that breaks a rule."""
    return RefusalError(BAD_REQUEST, f"{field}: {message}", ({"field": field, "message": message},))


def refusal(
    dialects: Mapping[str, str], code: int, message: str, errors: Sequence[Mapping[str, object]] = ()
) -> Response:
    """The answer to a call that is not done."""
    return envelope(dialects, code, {"message": message} | ({"errors": errors} if errors else {}))


def problem_response(problem: Problem) -> Response:
    """What was refused before it got to a method, as Xtremepush would put it."""
    code = _CODES.get(problem.kind, BAD_REQUEST)
    if problem.kind == "not_found" and _KNOWN_MODEL.fullmatch(problem.path):
        # documented: a method with a typo in it is not a page that is missing.
        return refusal(problem.dialects, METHOD_NOT_ALLOWED, "no such method; is there a typo in it?")
    if problem.violations:
        errors = list(map(_error, problem.violations))
        return refusal(problem.dialects, code, f"{errors[0]['field']}: {errors[0]['message']}", errors)
    return refusal(problem.dialects, code, problem.detail)


def _error(violation: Violation) -> dict[str, object]:
    field = violation.where.removeprefix("body").removeprefix(".")
    return {"field": field or "body", "message": violation.message}
