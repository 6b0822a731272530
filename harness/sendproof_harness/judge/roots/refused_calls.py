"""Root causes in calls: an operation that the service refused every time, so that the bridge could not do its work.

If the service accepted the operation once, a refusal explains nothing else: the bridge knew how to call it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sendproof_harness.history.records import History, Request
from sendproof_harness.judge.facts.acknowledgement import is_success
from sendproof_harness.judge.facts.fault_effects import OPTIMOVE
from sendproof_harness.judge.facts.keys import CampaignKey
from sendproof_harness.judge.facts.pages import PAGE_OPERATION
from sendproof_harness.judge.facts.requests import hidden_needs
from sendproof_harness.judge.findings import Finding, cached_per_history
from sendproof_harness.judge.roots.absences import Stage
from sendproof_harness.judge.roots.root import (
    AFTER_NOTIFICATION,
    AFTER_READING,
    AFTER_SENDING,
    EVERYTHING,
    REPORTS,
    SET_UP,
    Root,
)
from sendproof_harness.providers import provider

#: The checks that find refused calls.
CREDENTIALS, REQUESTS = "contract.credentials", "contract.requests"

#: Service and operation.
_Call = tuple[str, str | None]

_METRICS_SERVICE = "optimove-metrics"
_READS: frozenset[Stage] = AFTER_READING | {"read"}
_LISTENS: frozenset[Stage] = SET_UP | AFTER_NOTIFICATION | {"notified"}

#: What is missing if Optimove never accepts an operation.
_OPTIMOVE_STAGES: Mapping[str, frozenset[Stage]] = {
    "RegisterEventListener": _LISTENS,
    "AddChannelTemplates": SET_UP,
    "GetChannelTemplates": SET_UP,
    PAGE_OPERATION: _READS,
    "UpdateCustomerPromotionStatus": frozenset({"cleared"}),
    "UpdateCampaignMetrics": frozenset({"metrics"}),
    "UpdateCampaignInteractions": frozenset({"interactions"}),
    "SetCustomerChannelPreference": frozenset({"opt_outs"}),
    "UpdateCustomerAttributes": frozenset({"opt_outs"}),
}


def refused_calls(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield a root for each cause of refused calls to which no call of the same kind was ever accepted."""
    by_cause: defaultdict[tuple[str, str], set[_Call]] = defaultdict(set)
    for finding in findings:
        if finding.level == "fail" and finding.check in {CREDENTIALS, REQUESTS}:
            by_cause[finding.check, finding.cause] |= set(_calls(history, finding))
    accepted = _accepted_calls(history)
    for (check, cause), calls in by_cause.items():
        if not calls or calls & accepted:
            continue
        stages = frozenset[Stage]().union(*(_stages(call, accepted) for call in calls))
        if stages:
            same = frozenset(
                other
                for (other_check, other), other_calls in by_cause.items()
                if other_check == check and _is_same_refusal(calls, other_calls, accepted)
            )
            yield Root(
                check=check,
                cause=cause,
                stages=stages,
                channels=_channels(history, calls),
                same_causes=same if check == CREDENTIALS else frozenset(),
            )


def hidden_attributes(history: History, findings: Sequence[Finding]) -> Iterator[Root]:
    """Yield a root for the campaigns with an attribute that a key may not read, even if it may read others."""
    campaigns: defaultdict[str, set[CampaignKey]] = defaultdict(set)
    for finding in findings:
        request = _requests_by_line(history).get(finding.where.request or 0)
        if finding.check == REQUESTS and request is not None and hidden_needs(history, request):
            summary = request.summary or {}
            campaigns[finding.cause].add((summary.get("campaign") or 0, summary.get("channel") or 0))
    for cause, keys in campaigns.items():
        yield Root(check=REQUESTS, cause=cause, stages=_READS, campaigns=frozenset(keys))


def _calls(history: History, finding: Finding) -> Iterator[_Call]:
    """Yield the call that a finding is about: the operation that was requested, or probably meant."""
    if finding.where.request is not None:
        request = _requests_by_line(history)[finding.where.request]
        yield request.meant_service or request.service, request.operation or request.meant
    for unauthenticated in history.unauthenticated_requests if finding.where.operation is not None else ():
        name = unauthenticated.operation or f"{unauthenticated.method} {unauthenticated.path}"
        if finding.where.operation == f"{unauthenticated.service} {name}":
            service = unauthenticated.meant_service or unauthenticated.service
            yield service, unauthenticated.operation or unauthenticated.meant


@cached_per_history
def _requests_by_line(history: History) -> Mapping[int, Request]:
    return {request.n: request for request in history.requests}


@cached_per_history
def _accepted_calls(history: History) -> frozenset[_Call]:
    return frozenset(
        (request.service, request.operation)
        for request in history.requests
        if request.credential == "known" and is_success(request.status) and request.response_excerpt is None
    )


def _is_same_refusal(calls: set[_Call], other: set[_Call], accepted: frozenset[_Call]) -> bool:
    """Return True if both are about services that accepted nothing at all, and these are the same."""
    services = {service for service, _ in accepted}
    called, also_called = {service for service, _ in calls}, {service for service, _ in other}
    return called == also_called and not called & services


def _stages(call: _Call, accepted: frozenset[_Call]) -> frozenset[Stage]:
    service, operation = call
    if service not in {service for service, _ in accepted}:
        return _stages_of_service(service)
    if service == OPTIMOVE:
        return _OPTIMOVE_STAGES.get(operation or "", frozenset())
    if service == _METRICS_SERVICE:
        return frozenset({"events"})
    record = provider(service)
    if operation == record.template_operation:
        return SET_UP
    return AFTER_SENDING | {"sent"} if operation in record.send_operations else frozenset()


def _stages_of_service(service: str) -> frozenset[Stage]:
    """Return what is missing if a service accepts no call at all."""
    if service == OPTIMOVE:
        return EVERYTHING
    return frozenset({"events"}) if service == _METRICS_SERVICE else SET_UP | REPORTS | {"sent", "unobserved"}


def _channels(history: History, calls: set[_Call]) -> frozenset[int] | None:
    """Return the channels of the called providers; None for a service that all channels use."""
    services = {service for service, _ in calls}
    if services & {OPTIMOVE, _METRICS_SERVICE}:
        return None
    return frozenset(channel.id for channel in history.header.channels if channel.provider in services)
