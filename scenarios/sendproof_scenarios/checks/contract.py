"""Whether every call of the bridge was one that the service documents."""

import re
from collections.abc import Callable, Iterator, Sequence

from sendproof_scenarios.findings import Blame, Check, Finding, Level, Observed, Where
from sendproof_scenarios.history import History, Request, Violation
from sendproof_scenarios.requirements import BATCHES_WITHIN_LIMITS, CONTRACT_KEPT, CREDENTIAL_SHOWN, RATE_LIMIT_KEPT

_CONTRACT = "contract.requests"
_CREDENTIAL = "contract.credentials"
_RATE = "contract.rate"
_BATCH = "contract.batches"

# Broken rules of this name are about how much one call carries; they have a check of their own.
_TOO_MANY = "maxItems"

_STATUS_TOO_MANY_REQUESTS = 429
_STATUSES_OF_CREDENTIALS = frozenset({401, 403})
_STATUS_INTERNAL = 500

# The calls that carry many items at once.
_BATCH_OPERATIONS = frozenset(
    {
        "AddChannelTemplates",
        "DeleteChannelTemplates",
        "UpdateCampaignMetrics",
        "UpdateCampaignInteractions",
        "SetCustomerChannelPreference",
    }
)


def requests_valid(history: History) -> Observed:
    """Broken rules, unknown addresses, and whatever else a service answered with a 4xx."""
    return _each(history.requests, "requests", _invalid)


def credentials_shown(history: History) -> Observed:
    """Calls without a credential, or with one that nobody was given."""
    return _each(history.requests, "requests", _no_credential)


def rate_kept(history: History) -> Observed:
    """Calls that were one too many."""
    return _each(history.requests, "requests", _too_fast)


def batches_within_limits(history: History) -> Observed:
    """Calls that carry more than their operation takes."""
    some = [request for request in history.requests if request.operation in _BATCH_OPERATIONS or _oversized(request)]
    return _each(some, "batches", lambda request: (_broken(_BATCH, request, rule) for rule in _oversized(request)))


def _each(requests: Sequence[Request], unit: str, judge: Callable[[Request], Iterator[Finding]]) -> Observed:
    findings = tuple(finding for request in requests for finding in judge(request))
    return Observed(looked_at=len(requests), unit=unit, findings=findings)


def _invalid(request: Request) -> Iterator[Finding]:
    yield from (_broken(_CONTRACT, request, rule) for rule in request.violations if rule.rule != _TOO_MANY)
    if request.violations or request.credential != "known":
        return
    if request.status == _STATUS_INTERNAL:
        yield _answered(_CONTRACT, request, "the simulator broke", "any documented answer", "error", "harness")
    elif _is_refusal(request.status):
        cause = "no such address" if request.operation is None else "refused"
        yield _answered(_CONTRACT, request, cause, "a call that the service accepts")


def _no_credential(request: Request) -> Iterator[Finding]:
    if request.credential == "missing":
        yield _answered(_CREDENTIAL, request, "no credential", "the client's own credential", blame="config")
    elif request.credential != "known" or request.status in _STATUSES_OF_CREDENTIALS:
        yield _answered(_CREDENTIAL, request, "a credential that is not valid", "the client's own", blame="config")


def _too_fast(request: Request) -> Iterator[Finding]:
    if request.status == _STATUS_TOO_MANY_REQUESTS:
        yield _answered(_RATE, request, "faster than the rate limit", "no more requests than the limit allows")


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status != _STATUS_TOO_MANY_REQUESTS and status not in _STATUSES_OF_CREDENTIALS  # noqa: PLR2004 - the range of client errors


def _oversized(request: Request) -> tuple[Violation, ...]:
    return tuple(rule for rule in request.violations if rule.rule == _TOO_MANY)


def _broken(check: str, request: Request, rule: Violation) -> Finding:
    where = re.sub(r"\.\d+(?=\.|$)", ".*", rule.where)
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"{_name(request)}: {where} breaks {rule.rule}",
        expected=f"{rule.where} by the contract of {request.service}",
        got=rule.message,
        where=Where(request=request.n),
        at=request.at,
    )


def _answered(
    check: str, request: Request, cause: str, expected: str, level: Level = "fail", blame: Blame = "bridge"
) -> Finding:
    return Finding(
        check=check,
        level=level,
        blame=blame,
        cause=f"{_name(request)}: {cause}",
        expected=expected,
        got=f"{request.method} {request.path} answered with {request.status}",
        where=Where(request=request.n),
        at=request.at,
    )


def _name(request: Request) -> str:
    return f"{request.service} {request.operation or f'{request.method} {request.path}'}"


CHECKS = (
    Check(
        id=_CONTRACT,
        title="Every call is one that is documented",
        requirement=CONTRACT_KEPT,
        run=requests_valid,
    ),
    Check(id=_CREDENTIAL, title="Every call shows its credential", requirement=CREDENTIAL_SHOWN, run=credentials_shown),
    Check(id=_RATE, title="The rate limit is kept", requirement=RATE_LIMIT_KEPT, run=rate_kept),
    Check(
        id=_BATCH,
        title="No call carries more items than it may",
        requirement=BATCHES_WITHIN_LIMITS,
        run=batches_within_limits,
    ),
)
