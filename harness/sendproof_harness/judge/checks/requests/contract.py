"""Check that every request of the bridge is documented by its service.

A response that a fault caused proves nothing about the bridge. Violations in the request itself still count.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.checks.requests.findings import (
    SIZE_RULE,
    response_finding,
    violation_finding,
    with_difference,
)
from sendproof_harness.judge.facts.deliveries.cancellations import Cancellation, cancellations
from sendproof_harness.judge.facts.deliveries.refusals import (
    is_refused_for_number,
    refusal_codes,
    requests_with_refused_messages,
)
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE, is_own_response, is_send, requests_before_probes
from sendproof_harness.judge.facts.requests import (
    CREDENTIAL_STATUSES,
    STATUS_TOO_MANY_REQUESTS,
    hidden_needs,
    is_failed_login,
    late_clearance,
    refused_event,
    unknown_channel,
)
from sendproof_harness.judge.facts.wishes import is_conformance_run
from sendproof_harness.judge.findings import Check, CheckResult, Finding
from sendproof_harness.judge.requirements import CONTRACT_RESPECTED
from sendproof_harness.providers import provider

_ID = "contract.requests"

_STATUS_NOT_FOUND = 404
_NOT_FOUND_TEXT = "Not Found"
_STATUS_INTERNAL = 500
_CLIENT_ERRORS = range(400, 500)
_WORDS = re.compile(r"\w+")
# The refusals of a campaign that is no longer there: of reading its rows, and of clearing its customers.
_UNKNOWN_CAMPAIGN = re.compile(r"CampaignID (\d+) (?:is not known|does not wait for clearance)")
_CLOSED_CLEARANCE = re.compile(r"expected the statuses of CampaignID (\d+) before ")

# The dialect that selects the response to a request for an empty list.
_EMPTY_DIALECT = "optimove.empty_result"
# The dialect that selects the status of a refusal for an unknown id.
_UNKNOWN_ID_DIALECT = "optimove.unknown_id"
# The event of a listener that was refused because it named a channel, in the summary of the request.
_GENERAL_ONLY = "general_only"


def check_requests(history: History) -> CheckResult:
    """Find contract violations, unknown addresses with any status, and all other requests with a 4xx response."""
    requests = _without_empty_lists(history, requests_before_probes(history))
    learning = (
        _first_look_ups_of_visitors(history, requests)
        | _refusals_that_taught(history, requests)
        | _refused_channels_of_listeners(history, requests)
    )
    tests = frozenset(delivery.message for delivery in history.deliveries if delivery.test)
    findings = (
        finding
        for request in requests
        if request.n not in learning
        and not _is_judged_elsewhere(history, request)
        and not _is_look_up_of_test(request, tests)
        and not _is_about_cancelled_campaign(history, request)
        for finding in _request_findings(history, request)
    )
    return CheckResult(looked_at=len(requests), unit="requests", findings=tuple(findings))


def _is_judged_elsewhere(history: History, request: Request) -> bool:
    """Return True for a late clearance and a preference of another channel: their own checks say what was wrong."""
    is_known = late_clearance(request) is not None or unknown_channel(request) is not None
    return is_known and not is_conformance_run(history)


def _is_look_up_of_test(request: Request, tests: frozenset[str]) -> bool:
    """Return True if the service does not know the id of a test message, which it has returned itself."""
    if not tests or request.violations or request.response_excerpt is None or is_send(request):
        return False
    return not tests.isdisjoint(_WORDS.findall(request.response_excerpt))


def _is_about_cancelled_campaign(history: History, request: Request) -> bool:
    """Return True if a bridge made a call for a campaign that is no longer there, because it was cancelled.

    Event 4 may arrive after event 5 or 13 or before, or while the bridge reads the pages. The response tells the
    bridge. A clearance is the end of this work, so it may only come until the bridge can have reacted to event 4.
    """
    text, is_read = request.response_excerpt or "", request.method == "GET"
    named = _UNKNOWN_CAMPAIGN.match(text) if is_read else _CLOSED_CLEARANCE.match(text)
    if named is None or request.violations or (is_read and not _has_status_of_unknown_id(history, request)):
        return False
    return any(
        key[0] == int(named[1]) and cancelled.at <= request.at and (is_read or _is_unaware(cancelled, request))
        for key, cancelled in cancellations(history).items()
    )


def _is_unaware(cancelled: Cancellation, request: Request) -> bool:
    """Return True if the bridge may not have known of a cancellation yet, or listens to none."""
    return not cancelled.has_listener or cancelled.ends_at is None or request.at <= cancelled.ends_at


def _has_status_of_unknown_id(history: History, request: Request) -> bool:
    """Return True for the status with which Optimove refuses an unknown campaign or customer in this sandbox."""
    return request.status == int(history.header.dialects.get(_UNKNOWN_ID_DIALECT, _STATUS_NOT_FOUND))


def _first_look_ups_of_visitors(history: History, requests: Sequence[Request]) -> frozenset[int]:
    """Return the lines of the first look-up of each visitor, who has no attributes.

    The documents do not cover visitors, so it may learn that from one refusal. To ask again is wrong.
    """
    first: dict[str, int] = {}
    visitors = {event.customer for event in history.customer_events if event.visitor}
    for request in requests if visitors else ():
        visitor = next(filter(visitors.__contains__, request.path.split("/")), None)
        if visitor is not None and _has_status_of_unknown_id(history, request):
            first.setdefault(visitor, request.n)
    return frozenset(first.values())


def _refusals_that_taught(history: History, requests: Sequence[Request]) -> frozenset[int]:
    """Return the lines of refusals of a documented form, where a later request had the form of this sandbox.

    A bridge can only learn the other form from a refusal, in each of its workers, and again after a restart.
    """
    taught: set[int] = set()
    refused: dict[tuple[str, str | None], set[int]] = {}
    for request in requests:
        call = (request.service, request.operation)
        if not _has_undocumented_form(history, request):
            continue
        if _is_rejected(history, request) and not request.violations:
            refused.setdefault(call, set()).add(request.n)
        elif request.status < _CLIENT_ERRORS.start and is_own_response(request):
            taught |= refused.pop(call, set())
    return frozenset(taught)


def _refused_channels_of_listeners(history: History, requests: Sequence[Request]) -> frozenset[int]:
    """Return the lines of refused listeners that named a channel, of events whose general listener came later.

    No document says whether they may, and only a refusal shows that they may not in this sandbox.
    """
    registered = [listener for listener in history.listeners if listener.action == "registered"]
    general = {listener.event_type: listener.n for listener in registered if listener.channel is None}
    refused = ((request.n, (request.summary or {}).get(_GENERAL_ONLY)) for request in requests)
    return frozenset(n for n, event in refused if event is not None and n < general.get(event, 0))


def _has_undocumented_form(history: History, request: Request) -> bool:
    return any(
        request.operation in operations and history.header.dialects.get(f"{request.service}.{name}") == value
        for option, operations in provider(request.service).learned_by_refusal.items()
        for name, _, value in (option.partition("="),)
    )


def _without_empty_lists(history: History, requests: Sequence[Request]) -> Sequence[Request]:
    """Leave out the 404 responses that mean an empty list in this sandbox; those to unknown ids have a longer text."""
    if history.header.dialects.get(_EMPTY_DIALECT) != "not_found":
        return requests
    return [request for request in requests if not _is_empty_list(request)]


def _is_empty_list(request: Request) -> bool:
    is_list = request.service == OPTIMOVE and request.operation is not None and request.method == "GET"
    has_plain_text = _NOT_FOUND_TEXT in (request.response_excerpt or _NOT_FOUND_TEXT)
    return is_list and request.status == _STATUS_NOT_FOUND and has_plain_text and not request.violations


def _request_findings(history: History, request: Request) -> Iterator[Finding]:
    yield from (violation_finding(_ID, request, rule) for rule in request.violations if rule.rule != SIZE_RULE)
    if request.violations or request.credential != "known" or not is_own_response(request):
        return
    if is_failed_login(history, request):
        return
    if request.status == _STATUS_INTERNAL:
        yield response_finding(
            _ID, request, "the simulator failed", "a documented response", level="error", blame="harness"
        )
    elif _is_rejected(history, request) and not (refused_event(request) or is_refused_for_number(history, request)):
        hidden = hidden_needs(history, request)
        if hidden:
            yield _scope_finding(request, hidden)
            return
        cause = "unknown address" if request.operation is None else "rejected"
        yield response_finding(_ID, request, with_difference(cause, request), "a request that the service accepts")


def _scope_finding(request: Request, hidden: Sequence[str]) -> Finding:
    names = ", ".join(hidden)
    cause = f"the scope of the key hides {names}, which every bridge needs"
    finding = response_finding(_ID, request, cause, "a key that may read it", blame="config")
    return replace(finding, remedy=f"add {names} to the `attributes` of the key, or create it without a scope")


def _is_rejected(history: History, request: Request) -> bool:
    """Return True if the service refused the request, by a status of its own or in a response with status 200.

    If a service has codes for the form of a request, they say the same with every status.
    """
    status = request.status
    if status < _CLIENT_ERRORS.start:
        return request.response_excerpt is not None and _is_malformed(history, request)
    if status in _CLIENT_ERRORS and refusal_codes(request) and provider(request.service).malformed_refusals:
        return _is_malformed(history, request)
    return status in _CLIENT_ERRORS and status != STATUS_TOO_MANY_REQUESTS and status not in CREDENTIAL_STATUSES


def _is_malformed(history: History, request: Request) -> bool:
    """Return True for an unknown address, and for a refusal of the form that no check of messages judges.

    Whether a message still waits, no bridge knows when it withdraws it, or repeats that after a lost response.
    """
    if request.operation is None:
        return True
    record = provider(request.service)
    is_about_form = request.operation not in record.withdrawing_operations and bool(
        refusal_codes(request) & record.malformed_refusals
    )
    return is_about_form and request.n not in requests_with_refused_messages(history)


CHECKS = (
    Check(
        id=_ID,
        title="Every request matches the API contract",
        requirement=CONTRACT_RESPECTED,
        run=check_requests,
    ),
)
