"""Findings about one request of the bridge, for several checks."""

import re

from sendproof_harness.history.parts import Violation
from sendproof_harness.history.records import Request
from sendproof_harness.history.run_records import UnauthenticatedRequest
from sendproof_harness.judge.facts.requests import request_name
from sendproof_harness.judge.findings import Blame, Finding, Level, Location

#: Violations of this rule are about the size of one request; they have a check of their own.
SIZE_RULE = "maxItems"

# A violation of these rules may come from a misspelt name.
_NAME_RULES = frozenset({"required", "unknown", "additionalProperties"})
_CONTENT_TYPE = "header.Content-Type"
_NO_CONTENT_TYPE = "the body has no content type"


def violation_finding(check: str, request: Request, violation: Violation) -> Finding:
    """Return a finding about one contract rule that a request broke."""
    where = re.sub(r"\.\d+(?=\.|$)", ".*", violation.where)
    limit = ", a batch above the limit" if violation.rule == SIZE_RULE else ""
    what = _NO_CONTENT_TYPE if violation.where == _CONTENT_TYPE else f"{where} violates {violation.rule}{limit}"
    expected = violation.expected or "the documented value"
    hint = f"; {request.differs}" if request.differs and violation.rule in _NAME_RULES else ""
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"{request_name(request)}: {what}",
        expected=f"{_place_text(violation)}{expected}, according to the contract of {request.service}{hint}",
        got=violation.message if violation.value is None else f"{violation.value} ({violation.rule})",
        where=Location(request=request.n),
        at=request.at,
    )


def _place_text(violation: Violation) -> str:
    """Describe the place of a violation: by JSON pointer in a body, by name in parameters."""
    place, _, name = violation.where.partition(".")
    if violation.where.startswith("body"):
        return f"in the body at {violation.pointer}: " if violation.pointer else "as the body: "
    return f"as {name} ({place}): "


def response_finding(
    check: str, request: Request, cause: str, expected: str, *, level: Level = "fail", blame: Blame = "bridge"
) -> Finding:
    """Return a finding about the response to a request."""
    excerpt = f": {request.response_excerpt}" if request.response_excerpt else ""
    return Finding(
        check=check,
        level=level,
        blame=blame,
        cause=f"{request_name(request)}: {cause}",
        expected=expected,
        got=f"{request.method} {request.path} got status {request.status}{excerpt}",
        where=Location(request=request.n),
        at=request.at,
    )


def with_difference(cause: str, request: Request | UnauthenticatedRequest) -> str:
    """Return the cause with what differs from the request that was probably meant, if that is known."""
    return f"{cause}: {request.differs}" if request.differs else cause
