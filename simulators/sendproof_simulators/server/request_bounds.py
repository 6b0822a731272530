"""Bounds on the parts of a request: parameters, fields of a form, parts of a multipart form, and the depth of JSON.

Reading a part costs more than receiving it, so a request with too many is refused before anything reads it. No request
of a bridge comes near: Textlocal's longest lists are one field.
"""

import re
from itertools import accumulate

from sendproof_simulators.core.contracts import FORM, JSON, Contract
from sendproof_simulators.core.http import Problem, Request, Violation
from sendproof_simulators.core.violations import NESTED_TOO_DEEPLY

MOST_FIELDS = 1_000
MOST_LEVELS = 100

_QUERY = "query"
_PART = b"\n--"
_MULTIPART = "multipart/form-data"
# A JSON text that is nested begins with a bracket; other texts may have any number of them.
_NESTED_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*+[\[{]")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NO_QUOTES_OR_BRACKETS = bytes(set(_NO_BRACKETS) - set(b'"'))
# What a bracket adds to the depth, as signed bytes.
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")


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
    if _is_nested_too_deeply(body):
        return _problem("body", f"the body is {NESTED_TOO_DEEPLY}: it has more than {MOST_LEVELS} levels")
    return None


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
    media_type = request.headers.get("content-type", usual_type).partition(";")[0].strip().lower()
    if media_type == _MULTIPART:
        return request.body.count(_PART)
    return request.body.count(b"&") + 1 if media_type == FORM else 0


def _is_nested_too_deeply(body: bytes) -> bool:
    """Return True if a JSON text has too many levels. The text may be invalid; then the answer does not matter."""
    half = MOST_LEVELS // 2
    may_exceed = _has_more(body, b"{", half) or _has_more(body, b"[", half)
    if not may_exceed or not _NESTED_JSON.match(body):
        return False
    if is_surely_flat(body):
        return False
    steps = _STRING.sub(b"", body).translate(_STEPS, _NO_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0) > MOST_LEVELS


def is_surely_flat(body: bytes) -> bool:
    """Return True if a JSON text has few enough levels; False if that takes a closer look, ten times as long.

    Without an escaped quote or backslash, strings begin and end in turn. If their quotes then only occur in pairs, no
    bracket is in a string, so the remaining brackets can be paired from the inside out, level by level.
    """
    if b"\\" in body and (b'\\"' in body or b"\\\\" in body):
        return False
    brackets = body.translate(None, _NO_QUOTES_OR_BRACKETS).replace(b'""', b"")
    # Each turn removes up to two levels.
    for _ in range(MOST_LEVELS // 2):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if not brackets or b'"' in brackets:
            break
    return not brackets


def _problem(where: str, message: str) -> Problem:
    violation = Violation(where=where, rule="syntax", message=message)
    return Problem(kind="bad_request", status=400, detail=message, violations=(violation,))
