"""Bounds on the parts of a request: parameters, fields and parts of forms, and depth, values and texts of JSON.

Reading a part costs more than receiving it, so a request with too many is refused before anything reads it. No request
of a bridge comes near: Textlocal's longest lists are one field.
"""

from sendproof_simulators.core.contracts import FORM, JSON, Contract
from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.core.json_text import (
    MOST_VALUES,
    MOST_WIDE_BYTES,
    NESTED_TOO_DEEPLY,
    TOO_MANY_VALUES,
    TOO_WIDE,
    has_more_levels,
    has_more_values,
    has_more_wide_bytes,
    is_nested,
)

MOST_FIELDS = 1_000
MOST_LEVELS = 100

_QUERY = "query"
_PART = b"\n--"
_MULTIPART = "multipart/form-data"


def find_excess(request: Request, usual_type: str) -> Problem | None:
    """Return the reason to refuse a request whose query or body exceeds a bound, or None.

    `usual_type` is the media type as which the service reads a body without one.
    """
    if len(request.query) > MOST_FIELDS:
        return _problem(_QUERY, f"the query has more than {MOST_FIELDS} parameters")
    body = request.body
    if not body:
        return None
    # Most bodies have few of these characters, so their type need not be known.
    may_exceed = _has_more(body, b"&", MOST_FIELDS - 1) or (b"\n" in body and body.count(_PART) > MOST_FIELDS)
    if may_exceed and _fields(request, usual_type) > MOST_FIELDS:
        return _problem("body", f"the body has more than {MOST_FIELDS} fields")
    excess = _json_excess(body, is_json=_media_type(request, usual_type) == JSON)
    return _problem("body", f"the body is {excess}") if excess else None


def _json_excess(body: bytes, *, is_json: bool) -> str:
    """Return which bound of JSON a body exceeds, or an empty text. A body of another type may be JSON anyway."""
    is_nested_text = is_nested(body)
    # Counting is quicker than pairing brackets, and millions of them need not be paired.
    if is_nested_text and has_more_values(body, MOST_VALUES):
        return TOO_MANY_VALUES
    if (is_nested_text or is_json) and has_more_wide_bytes(body, MOST_WIDE_BYTES):
        return TOO_WIDE
    return f"{NESTED_TOO_DEEPLY}: it has more than {MOST_LEVELS} levels" if _is_nested_too_deeply(body) else ""


def usual_type(contract: Contract) -> str:
    """Return the media type as which a service reads a body without one."""
    return next((operation.body.content_type for operation in contract.operations.values() if operation.body), JSON)


def is_about_query(problem: Problem) -> bool:
    """Return True if a request was refused for its query."""
    return any(violation.where == _QUERY for violation in problem.violations)


def without_excess(request: Request) -> Request:
    """Return a refused request without its body and further parameters, so that its record is short, too."""
    return Request(method=request.method, path=request.path, query=request.query[:MOST_FIELDS], headers=request.headers)


def _has_more(body: bytes, sign: bytes, most: int) -> bool:
    """Return True if a body has more than `most` of a sign. Finding the next one is faster than counting all."""
    position = -1
    for _ in range(most + 1):
        position = body.find(sign, position + 1)
        if position < 0:
            return False
    return True


def _fields(request: Request, usual_type: str) -> int:
    """Return the number of fields in a form, or an upper bound; 0 for any other body."""
    media_type = _media_type(request, usual_type)
    if media_type == _MULTIPART:
        return request.body.count(_PART)
    return request.body.count(b"&") + 1 if media_type == FORM else 0


def _media_type(request: Request, usual_type: str) -> str:
    return request.headers.get("content-type", usual_type).partition(";")[0].strip().lower()


def _is_nested_too_deeply(body: bytes) -> bool:
    half = MOST_LEVELS // 2
    may_exceed = _has_more(body, b"{", half) or _has_more(body, b"[", half)
    return may_exceed and is_nested(body) and has_more_levels(body, MOST_LEVELS)


def _problem(where: str, message: str) -> Problem:
    violation = Violation(where=where, rule="syntax", message=message)
    return Problem(kind="bad_request", status=400, detail=message, violations=(violation,))
