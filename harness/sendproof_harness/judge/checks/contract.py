"""Whether every call of the bridge was one that the service documents.

A call that a fault answered says nothing about the bridge, but for what was wrong with the call itself.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from sendproof_harness.history.records import History, Key, Rejection, Request, Violation
from sendproof_harness.history.timestamps import HOUR, MINUTE, span, spoken
from sendproof_harness.judge.facts.fault_effects import answered_itself, before_probes
from sendproof_harness.judge.findings import Blame, Check, CheckResult, Finding, Level, Location
from sendproof_harness.judge.requirements import (
    AUTHENTICATED,
    BATCHES_WITHIN_LIMITS,
    CONTRACT_RESPECTED,
    RATE_LIMIT_RESPECTED,
)
from sendproof_harness.providers import provider

_CONTRACT = "contract.requests"
_CREDENTIAL = "contract.credentials"
_RATE = "contract.rate"
_BATCH = "contract.batches"

# Broken rules of this name are about how much one call carries; they have a check of their own.
_TOO_MANY = "maxItems"

STATUS_TOO_MANY_REQUESTS = 429
_STATUSES_OF_CREDENTIALS = frozenset({401, 403})
_STATUS_NOT_FOUND = 404
_STATUS_INTERNAL = 500

# The dialect that says what a list answers when there is nothing in it.
_EMPTY = "optimove.empty_result"

# A new key has to be put into the bridge by a person; who has been told of a rotation does it within the hour.
_NEW_KEY_WITHIN = 1 * HOUR
# Every kind of work may try a key by itself; with pauses that grow, all together do not come to this.
_TRIES_MOST, _TRIES_WITHIN = 20, 10 * MINUTE

# A part of an address that holds a digit; `v2` is none of anybody's.
_ID_IN_PATH = re.compile(r"(?<=/)(?!v\d+(?:/|$))[^/]*\d[^/]*")

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


def requests_valid(history: History) -> CheckResult:
    """Broken rules, unknown addresses, and whatever else a service answered with a 4xx."""
    return _each(_without_empty_lists(history, before_probes(history)), "requests", _invalid)


def credentials_shown(history: History) -> CheckResult:
    """Calls without a credential, with one that nobody was given, or with one that is not good any more.

    When the client's admin ends a key, a bridge learns of it by a refusal, and has to ask now and then whether it is
    good again; until it has the new one, that is right.
    """
    requests = before_probes(history)
    refused = [request for request in requests if answered_itself(request) and _is_refused(request)]
    probing, wrong = _sorted_out(refused, history.keys)
    findings = [*(_wrong_credential(request, history.keys) for request in wrong), *_too_often(probing)]
    return CheckResult(looked_at=len(requests), unit="requests", findings=tuple(findings))


def rate_kept(history: History) -> CheckResult:
    """Calls that were one too many."""
    return _each(before_probes(history), "requests", _too_fast)


def batches_within_limits(history: History) -> CheckResult:
    """Calls that carry more than their operation takes."""
    requests = before_probes(history)
    some = [request for request in requests if request.operation in _BATCH_OPERATIONS or _oversized(request)]
    broken = [_broken(_BATCH, request, rule) for request in some for rule in _oversized(request)]
    refused = [one for one in history.rejections if str(one.code) in provider(one.service).batch_limit_rejections]
    numbers = {(one.service, one.at): one for one in refused}
    findings = [*broken, *(_too_many_numbers(one, refused, requests) for one in numbers.values())]
    return CheckResult(looked_at=len(some) + len(numbers), unit="batches", findings=tuple(findings))


def _each(requests: Sequence[Request], unit: str, judge: Callable[[Request], Iterator[Finding]]) -> CheckResult:
    findings = tuple(finding for request in requests for finding in judge(request))
    return CheckResult(looked_at=len(requests), unit=unit, findings=findings)


def _without_empty_lists(history: History, requests: Sequence[Request]) -> Sequence[Request]:
    """A sandbox may say "nothing to list" by a 404, which is an answer then."""
    if history.header.dialects.get(_EMPTY) != "not_found":
        return requests
    return [request for request in requests if not _is_empty_list(request)]


def _is_empty_list(request: Request) -> bool:
    lists = request.service == "optimove" and request.operation is not None and request.method == "GET"
    return lists and request.status == _STATUS_NOT_FOUND and not request.violations


def _invalid(request: Request) -> Iterator[Finding]:
    yield from (_broken(_CONTRACT, request, rule) for rule in request.violations if rule.rule != _TOO_MANY)
    if request.violations or request.credential != "known" or not answered_itself(request):
        return
    if request.status == _STATUS_INTERNAL:
        yield _answered(_CONTRACT, request, "the simulator broke", "any documented answer", "error", "harness")
    elif _is_refusal(request.status):
        cause = "no such address" if request.operation is None else "refused"
        yield _answered(_CONTRACT, request, cause, "a call that the service accepts")


def _is_refused(request: Request) -> bool:
    return request.credential != "known" or request.status in _STATUSES_OF_CREDENTIALS


def _sorted_out(refused: Sequence[Request], keys: Sequence[Key]) -> tuple[list[Request], list[Request]]:
    """Those that try a key which the admin has just ended, and those that are simply wrong."""
    probing: list[Request] = []
    wrong: list[Request] = []
    for request in refused:
        over = _ended(request, keys)
        mended = (
            over is not None and over.action == "rotated" and request.at > (over.valid_until or 0) + _NEW_KEY_WITHIN
        )
        (wrong if over is None or mended or request.credential == "missing" else probing).append(request)
    return probing, wrong


def _ended(request: Request, keys: Sequence[Key]) -> Key | None:
    """The key of the service that had ended last when the request came, if it has not been enabled again."""
    of = [key for key in keys if key.service == request.service and key.n < request.n]
    ended = [key for key in of if key.valid_until is not None and key.valid_until <= request.at]
    last = max(ended, key=lambda key: key.valid_until or 0, default=None)
    enabled = last is not None and any(
        key.name == last.name and key.action == "enabled" and key.at >= last.at for key in of
    )
    return None if enabled else last


def _wrong_credential(request: Request, keys: Sequence[Key]) -> Finding:
    if request.credential == "missing":
        return _answered(_CREDENTIAL, request, "no credential", "the client's own credential", blame="config")
    over, cause = _ended(request, keys), "a credential that is not valid"
    if over is not None and over.valid_until is not None:
        cause = f"the old key, long after it was {over.action}: {over.name!r} ended {spoken(over.valid_until)}"
    return _answered(_CREDENTIAL, request, cause, "the client's own", blame="config")


def _too_often(probing: Sequence[Request]) -> Iterator[Finding]:
    """A bridge that keeps calling with a key that is refused, without a pause."""
    for first, last in zip(probing, probing[_TRIES_MOST:], strict=False):
        if last.at - first.at <= _TRIES_WITHIN:
            expected = f"at most {_TRIES_MOST} tries in {span(_TRIES_WITHIN)} with a key that is refused"
            yield _answered(_CREDENTIAL, last, "a refused key is tried without a pause", expected)
            return


def _too_fast(request: Request) -> Iterator[Finding]:
    if request.status == STATUS_TOO_MANY_REQUESTS and answered_itself(request):
        yield _answered(_RATE, request, "faster than the rate limit", "no more requests than the limit allows")


def _is_refusal(status: int) -> bool:
    return 400 <= status < 500 and status != STATUS_TOO_MANY_REQUESTS and status not in _STATUSES_OF_CREDENTIALS  # noqa: PLR2004 - the range of client errors


def _oversized(request: Request) -> tuple[Violation, ...]:
    return tuple(rule for rule in request.violations if rule.rule == _TOO_MANY)


def _too_many_numbers(first: Rejection, refused: Sequence[Rejection], requests: Sequence[Request]) -> Finding:
    """A batch of numbers over the limit, which the provider refuses as a whole."""
    count = sum((one.service, one.at) == (first.service, first.at) for one in refused)
    place = bisect_right(requests, first.n, key=lambda request: request.n) - 1
    return Finding(
        check=_BATCH,
        level="fail",
        blame="bridge",
        cause=f"{first.service}: a batch over the limit, refused as a whole ({first.code} {first.reason})",
        expected=provider(first.service).batch_limit_rejections[str(first.code)],
        got=f"{count:,} numbers",
        where=Location(request=requests[place].n if place >= 0 else None),
        at=first.at,
    )


def _broken(check: str, request: Request, rule: Violation) -> Finding:
    where = re.sub(r"\.\d+(?=\.|$)", ".*", rule.where)
    return Finding(
        check=check,
        level="fail",
        blame="bridge",
        cause=f"{name_of(request)}: {where} breaks {rule.rule}"
        + (", a batch over the limit" if rule.rule == _TOO_MANY else ""),
        expected=f"{_place(rule)}{rule.expected or 'what is documented'}, by the contract of {request.service}",
        got=rule.message if rule.value is None else f"{rule.value} ({rule.rule})",
        where=Location(request=request.n),
        at=request.at,
    )


def _place(rule: Violation) -> str:
    """Where it is: in a body by its JSON pointer, in parameters by their name."""
    if rule.where.startswith("body"):
        return f"in the body at {rule.pointer}: " if rule.pointer else "as the body: "
    return f"as {rule.where.partition('.')[2]} ({rule.where.partition('.')[0]}): "


def _answered(
    check: str, request: Request, cause: str, expected: str, level: Level = "fail", blame: Blame = "bridge"
) -> Finding:
    return Finding(
        check=check,
        level=level,
        blame=blame,
        cause=f"{name_of(request)}: {cause}",
        expected=expected,
        got=f"{request.method} {request.path} answered with {request.status}"
        + (f": {request.response_excerpt}" if request.response_excerpt else ""),
        where=Location(request=request.n),
        at=request.at,
    )


def name_of(request: Request) -> str:
    """What a call is called, the same for every customer: the operation, or else the address with `*` for each id."""
    called = request.operation or f"{request.method} {_ID_IN_PATH.sub('*', request.path)}"
    return f"{request.service} {called}"


CHECKS = (
    Check(
        id=_CONTRACT,
        title="Every call is one that is documented",
        requirement=CONTRACT_RESPECTED,
        run=requests_valid,
    ),
    Check(id=_CREDENTIAL, title="Every call shows its credential", requirement=AUTHENTICATED, run=credentials_shown),
    Check(id=_RATE, title="The rate limit is kept", requirement=RATE_LIMIT_RESPECTED, run=rate_kept),
    Check(
        id=_BATCH,
        title="No call carries more items than it may",
        requirement=BATCHES_WITHIN_LIMITS,
        run=batches_within_limits,
    ),
)
