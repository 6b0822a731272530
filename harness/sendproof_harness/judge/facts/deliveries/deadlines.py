"""The deadline of each message: a fixed time after it is due, or later if a fault or the provider delayed it.

A fault extends the time only if it affected something that the message depended on, and only while the message was
still in time. A message that was late before the fault stays late.

A provider that refuses sends for the moment, such as at night, delays messages like a fault. So does the time when
Optimove accepts no key of the bridge, unless the bridge had read the campaign before.

    due ──── in time ────┐ fault ──── in time again ────┐
                         └ injected before this         └ late after this
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sendproof_harness.history.records import History, Obligation
from sendproof_harness.history.timestamps import HOUR, MINUTE, SECOND
from sendproof_harness.judge.facts.clients.key_outages import KeyOutage, is_key_refused, key_outages
from sendproof_harness.judge.facts.deliveries.matching import LATE_AFTER
from sendproof_harness.judge.facts.fault_effects import (
    OPTIMOVE,
    Injection,
    first_received,
    injections,
    is_own_response,
    is_result_hidden,
    is_send,
)
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.pages import PAGE_OPERATION, pages
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

# A trigger responds to something that a customer has just done. Optimove announces it within 100 ms (documented), so
# nearly all of the wait is the bridge's. A minute is six windows of the rate limit, in case attributes must be fetched.
TRIGGER_LATE_AFTER = 1 * MINUTE
# documented: 50 requests in 10 seconds for each key; in a burst, each attribute request takes this long.
_ATTRIBUTE_REQUEST = 10 * SECOND // 50

# A bridge that doubles its wait after each failure returns when the failure has lasted twice as long, at the latest.
# Beyond this limit, a careful bridge still tries now and then.
_LONGEST_WAIT = 1 * HOUR
# A sent message may appear in a provider's record minutes later (some count a task first), so a bridge with a
# lost response waits before it concludes that nothing was sent.
_RECORD_DELAY = 15 * MINUTE

# No message waits for these operations, unless the key itself is limited.
_REPORT_OPERATIONS = frozenset(
    {
        "UpdateCampaignMetrics",
        "UpdateCampaignInteractions",
        "SetCustomerChannelPreference",
        "UpdateCustomerAttributes",
        "AddChannelTemplates",
        "DeleteChannelTemplates",
    }
)

#: The events that announce a campaign on a channel, the more important one first.
CAMPAIGN_EVENTS = ("13", "1")
_TRIGGER_EVENT = "11"

Deadline = Callable[[Obligation], int]


@cached_per_history
def deadlines(history: History) -> Deadline:
    """Return a function that gives the latest instant at which an obligation can be met in time."""
    cache: dict[tuple[object, ...], int] = {}
    delay_model = _delay_model(history)

    def deadline(obligation: Obligation) -> int:
        key: tuple[object, ...] = (obligation.campaign, obligation.channel, obligation.due)
        if obligation.trigger is not None:
            key = (*key, obligation.trigger, obligation.customer)
        found = cache.get(key)
        if found is None:
            found = cache[key] = delay_model.deadline(obligation)
        return found

    return deadline


def first_notified(history: History) -> Callable[[Obligation], int | None]:
    """Return a function that gives the first event about an obligation; None if a fault prevented it for good.

    If no event was ever posted, the function assumes an immediate one: another check reports a missing listener.
    Several events of one trigger, customer and instant cannot be told apart: the last of them counts.
    """
    return _delay_model(history).first_notified


def event_keys(history: History) -> Callable[[Obligation], Sequence[str]]:
    """Return a function that gives the keys of the events that announced an obligation to the bridge."""
    return _delay_model(history).event_keys


def delays(history: History) -> Callable[[Obligation], Sequence[Injection]]:
    """Return a function that gives the injections that may have delayed an obligation while it was still in time."""
    delay_model, deadline = _delay_model(history), deadlines(history)
    return lambda obligation: [
        injection
        for injection in delay_model.injections(campaign_key(obligation))
        if injection.at <= deadline(obligation)
    ]


@cached_per_history
def _delay_model(history: History) -> "_DelayModel":
    return _DelayModel(history)


class _DelayModel:
    """The earliest and latest times for each obligation, as a history shows them."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._received = first_received(history)
        self._injections = injections(history)
        self._provider = {channel.id: channel.provider for channel in history.header.channels}
        self._burst_turn = _burst_turns(history)
        self._ordinals = _trigger_ordinals(history)
        self._delaying: dict[CampaignKey, Sequence[Injection]] = {}
        self._refusals = _temporary_refusals(history)

    def first_notified(self, obligation: Obligation) -> int | None:
        keys = self.event_keys(obligation)
        # Any of a trigger's events may be the one about this obligation, so the last one counts.
        received = [
            self._received.get(key, obligation.at) for key in (keys[:1] if obligation.trigger is None else keys)
        ]
        arrived = [at for at in received if at is not None]
        return max(arrived, default=obligation.at) if len(arrived) == len(received) else None

    def deadline(self, obligation: Obligation) -> int:
        allowance = LATE_AFTER if obligation.trigger is None else TRIGGER_LATE_AFTER
        begin = max(obligation.due, self.first_notified(obligation) or obligation.due)
        if obligation.trigger is not None:
            begin = max(begin, self._burst_turn.get(obligation.due, begin))
        faults = map(_delay_of_fault, self.injections(campaign_key(obligation)))
        refusals = self._refusals.get(self._provider.get(obligation.channel, ""), ())
        without_key = _delays_without_key(self._history, obligation)
        return _extended_deadline(begin, allowance, sorted((*faults, *refusals, *without_key)))

    def event_keys(self, obligation: Obligation) -> list[str]:
        if obligation.trigger is not None:
            ordinals = self._ordinals.get((obligation.trigger, obligation.customer, obligation.due), (1,))
            return [f"{_TRIGGER_EVENT}:{obligation.trigger}:{obligation.customer}:{ordinal}" for ordinal in ordinals]
        keys = [f"{event}:{obligation.campaign}:{obligation.channel}" for event in CAMPAIGN_EVENTS]
        return [key for key in keys if key in self._received]

    def injections(self, campaign: CampaignKey) -> Sequence[Injection]:
        if campaign not in self._delaying:
            name = self._provider.get(campaign[1])
            self._delaying[campaign] = [
                injection for injection in self._injections if _delays_messages(injection, name, campaign)
            ]
        return self._delaying[campaign]


def _delays_messages(injection: Injection, service: str | None, campaign: CampaignKey) -> bool:
    """Return True if a message of this campaign may have had to wait for this injection."""
    if injection.is_kill:
        return True
    if injection.fault.target == "webhook":
        return False
    faulty = injection.fault.service
    return faulty == service or (faulty == OPTIMOVE and _delays_rows(injection, campaign))


def _delays_rows(injection: Injection, campaign: CampaignKey) -> bool:
    """Return True if the rows of this campaign may have had to wait for this injection."""
    fault, request = injection.fault, injection.request
    if injection.affects_key:
        return True
    if fault.name == PAGE_OPERATION and request is not None and request.summary:
        return (request.summary.get("campaign"), request.summary.get("channel")) == campaign
    return fault.name not in _REPORT_OPERATIONS


class _Delay(NamedTuple):
    """A delay from `at` to `until`, after which the bridge may have to look up what was sent for `record_delay`."""

    at: int
    until: int
    record_delay: int


def _delay_of_fault(injection: Injection) -> _Delay:
    fault = injection.fault
    retried_at = injection.at + (provider(fault.service).retry_interval if fault.target == "call" else 0)
    return _Delay(at=injection.at, until=max(injection.until, retried_at), record_delay=_record_delay(injection))


def _delays_without_key(history: History, obligation: Obligation) -> Iterator[_Delay]:
    """Yield the times when the message may have had to wait for a valid key for Optimove."""
    for outage in key_outages(history):
        if obligation.trigger is not None or _needs_key(history, campaign_key(obligation), outage):
            yield _Delay(at=outage.at, until=outage.until, record_delay=0)


def _needs_key(history: History, campaign: CampaignKey, outage: KeyOutage) -> bool:
    """Return True unless the bridge had read the campaign before, and then asked Optimove for nothing in vain."""
    read_at = [page.at for page in pages(history).get(campaign, ()) if page.rows]
    if not read_at or max(read_at) > outage.at:
        return True
    return any(outage.at <= at <= outage.until for at in _refused_at(history))


@cached_per_history
def _refused_at(history: History) -> Sequence[int]:
    """Return when Optimove refused a call that a message may wait for, because of its key."""
    return [
        request.at
        for request in history.requests
        if request.service == OPTIMOVE and request.operation not in _REPORT_OPERATIONS and is_key_refused(request)
    ]


def _temporary_refusals(history: History) -> Mapping[str, Sequence[_Delay]]:
    """Return when each provider refused sends for the moment, in order.

    No provider publishes a rate limit, so a bridge learns one from the responses with status 429.
    """
    refused: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for rejection in history.rejections:
        record = provider(rejection.service)
        if str(rejection.code) in record.temporary_refusals:
            refused[rejection.service][rejection.at] = rejection.at + record.retry_interval
    for request in history.requests:
        if request.status == STATUS_TOO_MANY_REQUESTS and is_send(request) and is_own_response(request):
            refused[request.service][request.at] = request.at + provider(request.service).retry_interval
    return {
        service: [_Delay(at=at, until=until, record_delay=0) for at, until in times.items()]
        for service, times in refused.items()
    }


def _extended_deadline(begin: int, allowance: int, delays_in_order: Iterable[_Delay]) -> int:
    """Return the end of the chain of delays that each fall into the time that the earlier ones left."""
    end, chain_start, extended_until = begin + allowance, 0, -1
    for delay in delays_in_order:
        if delay.at > end:
            break
        chain_start = chain_start if delay.at <= extended_until else delay.at
        wait = min(_LONGEST_WAIT, delay.until - chain_start)
        extended_until = delay.until + LATE_AFTER + wait + delay.record_delay
        end = max(end, extended_until)
    return end


def _record_delay(injection: Injection) -> int:
    """Return the time for a record lookup, which follows a send with a hidden result and a kill."""
    request = injection.request
    hidden_send = request is not None and is_send(request) and is_result_hidden(request)
    return _RECORD_DELAY if hidden_send or injection.is_kill else 0


def _trigger_ordinals(history: History) -> Mapping[tuple[str, str, int], Sequence[int]]:
    """Return, by trigger, customer and instant, which of the customer's times these were: two if met twice at once."""
    count: defaultdict[tuple[str, str], int] = defaultdict(int)
    ordinals: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    for trigger in history.triggers:
        count[trigger.trigger, trigger.customer] += 1
        ordinals[trigger.trigger, trigger.customer, trigger.at].append(count[trigger.trigger, trigger.customer])
    return ordinals


def _burst_turns(history: History) -> Mapping[int, int]:
    """Return, by instant of a trigger, when the rate limit allows its attribute request: all channels have one key."""
    busy_until = 0
    turns: dict[int, int] = {}
    for trigger in history.triggers:
        begin = turns[trigger.at] = max(busy_until, trigger.at)
        busy_until = begin + _ATTRIBUTE_REQUEST
    return turns
