"""Check how the bridge repeats calls that failed: after a pause, and not if the provider refused them for good.

Two calls are the same if service, method, path, query and body are equal.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from sendproof_harness.history.records import History, Rejection, Request
from sendproof_harness.history.timestamps import MINUTE, SECOND, span
from sendproof_harness.judge.checks.requests.findings import response_finding
from sendproof_harness.judge.facts.deliveries.refusals import is_permanent, refusal_codes, rejection_text
from sendproof_harness.judge.facts.fault_effects import (
    OPTIMOVE,
    demanded_delay,
    is_own_response,
    is_result_hidden,
    is_send,
    outages,
    requests_before_probes,
)
from sendproof_harness.judge.facts.observation import pause, times_are_meaningful
from sendproof_harness.judge.facts.pages import PAGE_OPERATION
from sendproof_harness.judge.facts.requests import (
    CREDENTIAL_STATUSES,
    LOGINS,
    STATUS_TOO_MANY_REQUESTS,
    request_before,
)
from sendproof_harness.judge.findings import Check, CheckResult, Finding, Location
from sendproof_harness.judge.requirements import FINAL_REFUSALS_ACCEPTED, RETRIES_PAUSED
from sendproof_harness.providers import provider

_PAUSES = "contract.retry_pause"
_REFUSALS = "contract.final_refusals"

#: Equal failed calls within a second that count as repeated without a pause. HTTP libraries retry a few times at once.
MAX_AT_ONCE = 7
#: The same for look-ups: several kinds of work may need the same data at one instant.
MAX_LOOK_UPS_AT_ONCE = 20
_AT_ONCE = 1 * SECOND
# The same for pauses of equal length. A growing pause may begin with a few milliseconds.
_SHORT = 2 * SECOND
#: Equal failed calls in ten minutes that count as repeated with hardly any pause: one each four seconds.
MAX_IN_MINUTES, _MINUTES = 150, 10 * MINUTE
#: Equal calls that a provider may refuse as a whole: a careful bridge may try a few times.
MAX_REFUSED_CALLS = 6

_SERVER_ERROR = 500

_Call = tuple[str, str, str, str]


# -- pauses -----------------------------------------------------------------------------------------


def check_retry_pauses(history: History) -> CheckResult:
    """Find failed calls that the bridge repeated again and again without a pause.

    A pause shows in the sandbox's time or in real time: a bridge may also wait in real time.
    """
    failed = [request for request in requests_before_probes(history) if _is_failed(history, request)]
    findings = [
        finding
        for calls in _by_call(failed).values()
        for finding in (list(_without_pause(history, calls)) or _with_short_pauses(history, calls))
    ]
    return CheckResult(looked_at=len(failed), unit="failed calls", findings=tuple(findings))


def _is_failed(history: History, request: Request) -> bool:
    """Return True if the bridge got no usable response.

    A 429 response that demands a pause has a check of its own. A login that Optimove refuses with 429 needs no
    repetition: the token is still valid.
    """
    if request.content is None:
        return False
    if request.status == STATUS_TOO_MANY_REQUESTS and demanded_delay(history, request):
        return False
    if is_own_response(request):
        is_limited = request.status == STATUS_TOO_MANY_REQUESTS and request.operation not in LOGINS
        return is_limited or request.status >= _SERVER_ERROR
    return is_result_hidden(request)


def _by_call(requests: Iterable[Request]) -> Mapping[_Call, Sequence[Request]]:
    calls: defaultdict[_Call, list[Request]] = defaultdict(list)
    for request in requests:
        calls[request.service, request.method, request.path, str(request.content)].append(request)
    return calls


def _without_pause(history: History, calls: Sequence[Request]) -> Iterator[Finding]:
    """Yield a finding about the first time that the same call failed too often in a short time."""
    limit = max_at_once(calls[0])
    pauses = _pauses(history, calls)
    for index, last in enumerate(calls[limit:]):
        recent = pauses[index : index + limit]
        duration = sum(recent)
        if duration < _AT_ONCE or (duration < _SHORT and not _is_growing(recent)):
            yield _no_pause(last, limit + 1, duration)
            return
        is_at_one_instant = times_are_meaningful(history) and last.at == calls[index].at
        if is_at_one_instant and duration < limit * _AT_ONCE:
            yield _hidden_pause(last, limit + 1, duration)
            return


def _with_short_pauses(history: History, calls: Sequence[Request]) -> Iterator[Finding]:
    """Yield a finding about the first time that the same call failed for minutes, and the pauses stayed short."""
    if not is_of_one_work(calls[0]):
        return
    pauses = _pauses(history, calls)
    for index, last in enumerate(calls[MAX_IN_MINUTES:]):
        duration = sum(pauses[index : index + MAX_IN_MINUTES])
        if duration < _MINUTES:
            yield _short_pauses(last, MAX_IN_MINUTES + 1, duration)
            return


def _short_pauses(last: Request, count: int, duration: int) -> Finding:
    cause, expected = "repeated for minutes with short pauses while it failed", "pauses that grow with each failure"
    times = f"{count} equal calls within {span(duration)}"
    return response_finding(_PAUSES, last, cause, f"{expected}; got {times}")


def _pauses(history: History, calls: Sequence[Request]) -> Sequence[int]:
    """Return the time between successive calls in milliseconds."""
    return [pause(history, call, following) for call, following in pairwise(calls)]


def _is_growing(pauses: Sequence[int]) -> bool:
    """Return True if the pauses at least double from the first half to the second."""
    middle = len(pauses) // 2
    return sum(pauses[-middle:]) >= 2 * sum(pauses[:middle])


def max_at_once(call: Request) -> int:
    """Return how many equal calls may fail within a second."""
    return MAX_AT_ONCE if is_of_one_work(call) else MAX_LOOK_UPS_AT_ONCE


def is_of_one_work(request: Request) -> bool:
    """Return True for calls that only one piece of work makes with this content: a page, a message, a report."""
    return is_send(request) or request.operation == PAGE_OPERATION or _changes_optimove(request)


def _changes_optimove(request: Request) -> bool:
    return request.service == OPTIMOVE and request.method != "GET"


def _no_pause(last: Request, count: int, duration: int) -> Finding:
    cause, expected = "repeated without a pause while it failed", "a pause before each retry, which grows"
    times = f"{count} equal calls within {span(duration)}"
    return response_finding(_PAUSES, last, cause, f"{expected}; got {times}")


def _hidden_pause(last: Request, count: int, duration: int) -> Finding:
    cause = "repeated at one instant of virtual time; real time does not show if the bridge paused"
    expected = "a bridge that parks until the next retry, instead of sleeping"
    times = f"{count} equal calls within {span(duration)} of real time"
    return response_finding(_PAUSES, last, cause, f"{expected}; got {times}", level="unknown")


# -- final refusals ---------------------------------------------------------------------------------


def check_final_refusals(history: History) -> CheckResult:
    """Find messages and calls that a provider refused for good, and that the bridge sent again unchanged."""
    rejections = _final_rejections(history)
    refused = [request for request in requests_before_probes(history) if _is_refused_for_good(request)]
    findings = [
        *_repeated_messages(history, rejections),
        *(_refused_call(calls) for calls in _by_call(refused).values() if len(calls) > MAX_REFUSED_CALLS),
    ]
    return CheckResult(looked_at=len(rejections) + len(refused), unit="refusals", findings=tuple(findings))


def _final_rejections(history: History) -> Sequence[Rejection]:
    """Return the rejections because of the number that the bridge could see."""
    return [
        rejection for rejection in history.rejections if is_permanent(rejection) and _is_visible(history, rejection)
    ]


def _is_visible(history: History, rejection: Rejection) -> bool:
    request = request_before(history.requests, rejection.n)
    return request is None or request.service != rejection.service or not is_result_hidden(request)


def _repeated_messages(history: History, rejections: Iterable[Rejection]) -> Iterator[Finding]:
    """Yield a finding for each message that was rejected more often than it was due.

    A bridge that was killed may not have stored a rejection.
    """
    due = Counter((obligation.number, obligation.text) for obligation in history.obligations)
    # A send may name the customer instead of the number.
    due_to = Counter(name for obligation in history.obligations for name in (obligation.number, obligation.customer))
    rejected: defaultdict[tuple[str, str, str], list[Rejection]] = defaultdict(list)
    for rejection in rejections:
        rejected[rejection.service, rejection.number, rejection.text].append(rejection)
    for (_, number, text), same in rejected.items():
        # What only the provider withholds has no text in the history.
        expected = due[number, text] + due[number, None] if due[number, text] else due_to[number]
        allowed = max(1, expected) + len(outages(history))
        if len(same) > allowed:
            yield _repeated_message(history, same[allowed], len(same))


def _repeated_message(history: History, again: Rejection, count: int) -> Finding:
    request = request_before(history.requests, again.n)
    return Finding(
        check=_REFUSALS,
        level="fail",
        blame="bridge",
        cause=f"{again.service}: a message was sent again after the provider had rejected it for good",
        expected=f"no further attempt: {rejection_text(again)}",
        got=f"{count} attempts with the same number and text",
        where=Location(number=again.number, request=None if request is None else request.n),
        at=again.at,
    )


def _is_refused_for_good(request: Request) -> bool:
    """Return True if the provider refused the whole call for its content."""
    if request.content is None or not is_own_response(request) or request.status in CREDENTIAL_STATUSES:
        return False
    return not provider(request.service).final_refusals.isdisjoint(refusal_codes(request))


def _refused_call(calls: Sequence[Request]) -> Finding:
    codes = ", ".join(sorted(refusal_codes(calls[0])))
    cause = f"the same call again and again after it was refused for good ({codes})"
    expected = f"at most {MAX_REFUSED_CALLS} attempts; got {len(calls)}"
    return response_finding(_REFUSALS, calls[MAX_REFUSED_CALLS], cause, expected)


CHECKS = (
    Check(
        id=_PAUSES,
        title="Failed calls are repeated after a pause",
        requirement=RETRIES_PAUSED,
        run=check_retry_pauses,
        applies=lambda history: any(_is_failed(history, request) for request in requests_before_probes(history)),
        scope="runs with a failed call",
    ),
    Check(
        id=_REFUSALS,
        title="Final refusals are not repeated",
        requirement=FINAL_REFUSALS_ACCEPTED,
        run=check_final_refusals,
        applies=lambda history: bool(
            _final_rejections(history) or any(map(_is_refused_for_good, requests_before_probes(history)))
        ),
        scope="runs with a final refusal by a provider",
    ),
)
