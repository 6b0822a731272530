"""Check that the bridge respects the rate limit and the size limits of requests."""

from collections.abc import Sequence

from sendproof_harness.history.parts import Violation
from sendproof_harness.history.records import History, Rejection, Request
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.checks.requests.findings import SIZE_RULE, response_finding, violation_finding
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, is_own_response, outages, requests_before_probes
from sendproof_harness.judge.facts.requests import LOGINS, STATUS_TOO_MANY_REQUESTS, request_before
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import BATCHES_WITHIN_LIMITS, RATE_LIMIT_RESPECTED
from sendproof_harness.providers import provider

_RATE = "contract.rate"
_BATCH = "contract.batches"

# documented: https://developer.optimove.com/docs/general-information (20 minutes since the last request)
_TOKEN_LIFE = 20 * MINUTE

# The operations with many items in one request.
_BATCH_OPERATIONS = frozenset(
    {
        "AddChannelTemplates",
        "DeleteChannelTemplates",
        "UpdateCampaignMetrics",
        "UpdateCampaignInteractions",
        "SetCustomerChannelPreference",
        "UpdateCustomerAttributes",
        "UpdateCustomerPromotionStatus",
    }
)


# -- rate limit -------------------------------------------------------------------------------------


def check_rate_limit(history: History) -> CheckResult:
    """Find requests above the rate limit of Optimove: no provider publishes one.

    A login gets a 429 response while the token is valid that a killed bridge has lost with its memory.
    """
    requests = [request for request in requests_before_probes(history) if request.service == OPTIMOVE]
    limited = [
        request
        for request in requests
        if request.status == STATUS_TOO_MANY_REQUESTS
        and is_own_response(request)
        and not (request.operation in LOGINS and _was_just_killed(history, request.at))
    ]
    cause, expected = "above the rate limit", "no more requests than the limit allows"
    findings = tuple(response_finding(_RATE, request, cause, expected) for request in limited)
    return CheckResult(looked_at=len(requests), unit="requests", findings=findings)


def _was_just_killed(history: History, at: int) -> bool:
    return any(killed <= at <= back + _TOKEN_LIFE for killed, back in outages(history))


# -- batches ----------------------------------------------------------------------------------------


def check_batches(history: History) -> CheckResult:
    """Find requests with more items than their operation accepts."""
    requests = requests_before_probes(history)
    batches = [request for request in requests if request.operation in _BATCH_OPERATIONS or _size_violations(request)]
    oversized = [violation_finding(_BATCH, request, rule) for request in batches for rule in _size_violations(request)]
    rejected = [
        rejection
        for rejection in history.rejections
        if str(rejection.code) in provider(rejection.service).batch_limit_rejections
    ]
    rejected_batches = {(rejection.service, rejection.at): rejection for rejection in rejected}
    findings = [
        *oversized,
        *(_too_many_numbers(rejection, rejected, requests) for rejection in rejected_batches.values()),
    ]
    return CheckResult(looked_at=len(batches) + len(rejected_batches), unit="batches", findings=tuple(findings))


def _size_violations(request: Request) -> tuple[Violation, ...]:
    return tuple(violation for violation in request.violations if violation.rule == SIZE_RULE)


def _too_many_numbers(first: Rejection, rejected: Sequence[Rejection], requests: Sequence[Request]) -> Finding:
    """Return the finding about a batch of numbers above the limit, which the provider rejects completely."""
    count = sum((rejection.service, rejection.at) == (first.service, first.at) for rejection in rejected)
    request = request_before(requests, first.n)
    return Finding(
        check=_BATCH,
        level="fail",
        blame="bridge",
        cause=f"{first.service}: a batch above the limit, rejected as a whole ({first.code} {first.reason})",
        expected=provider(first.service).batch_limit_rejections[str(first.code)],
        got=f"{count:,} numbers",
        where=Location(request=None if request is None else request.n),
        at=first.at,
    )


CHECKS = (
    Check(id=_RATE, title="The rate limit is respected", requirement=RATE_LIMIT_RESPECTED, run=check_rate_limit),
    Check(
        id=_BATCH,
        title="No request exceeds its item limit",
        requirement=BATCHES_WITHIN_LIMITS,
        run=check_batches,
    ),
)
