"""Cancelled campaigns: when the bridge knew of the cancellation, and from when on none of their messages may go out.

cancelled ──── event 4 reaches the bridge ──── RACE ──── no message goes out any more
                                              └ a message that goes out here may have been on its way

A message that waits at the provider must be withdrawn there. A fault that delays the withdrawal leaves the bridge the
same time again, also if the repeated call meets the next fault.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sendproof_harness.history.records import Campaign, Delivery, History, Webhook
from sendproof_harness.history.timestamps import MINUTE, SECOND
from sendproof_harness.judge.facts.fault_effects import injections, was_received
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.observation import bridge_time, reacted_at
from sendproof_harness.judge.facts.requests import STATUS_TOO_MANY_REQUESTS
from sendproof_harness.judge.findings import cached_per_history
from sendproof_harness.providers import provider

CANCELLED_EVENT = "4"
# A bridge with a loop of a minute begins within that time, and a call to a provider may take as long.
RACE = 2 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """The cancellation of a campaign on one channel.

    `known_at` is the time of event 4; None if every attempt was lost, or came while the bridge was down. Without a
    listener for event 4 (`has_listener` false) it is the time of the cancellation. At `ends_at`, a message may go out
    for the last time, unless it waited at the provider, and faults delayed its withdrawal until `withdrawn_by`.
    """

    at: int
    known_at: int | None
    ends_at: int | None
    withdrawn_by: int | None
    has_listener: bool

    def latest(self, delivery: Delivery) -> int | None:
        """Return when a message may go out for the last time; None if the bridge never knew of the cancellation."""
        is_waiting = self.ends_at is not None and delivery.at <= self.ends_at
        return self.withdrawn_by if is_waiting else self.ends_at

    def allows(self, delivery: Delivery) -> bool:
        """Return True if a message may go out when it does."""
        latest = self.latest(delivery)
        return latest is None or delivery.send_at <= latest


def cancellation_times(history: History) -> Mapping[CampaignKey, int]:
    """Return the time of each cancellation, by campaign and channel."""
    return {key: cancellation.at for key, cancellation in cancellations(history).items()}


@cached_per_history
def cancellations(history: History) -> Mapping[CampaignKey, Cancellation]:
    """Return each cancellation, by campaign and channel."""
    return {
        campaign_key(campaign): _cancellation(history, campaign, campaign.cancelled_at)
        for campaign in history.campaigns
        if campaign.cancelled_at is not None
    }


def _cancellation(history: History, campaign: Campaign, at: int) -> Cancellation:
    attempts = list(_attempts(history, campaign_key(campaign)))
    received = [attempt.at for attempt in attempts if was_received(history, attempt)]
    known_at = min(received, default=None) if attempts else at
    ends_at = withdrawn_by = None if known_at is None else reacted_at(history, known_at, RACE)
    if attempts and known_at is not None and ends_at is not None:
        withdrawn_by = _withdrawn_by(history, campaign.provider, known_at, ends_at)
    return Cancellation(
        at=at, known_at=known_at, ends_at=ends_at, withdrawn_by=withdrawn_by, has_listener=bool(attempts)
    )


def _withdrawn_by(history: History, service: str, known_at: int, ends_at: int) -> int:
    """Return the end of the chain of delays that each begin in the time that the earlier ones left.

    At a provider that withdraws no messages, nothing can delay a withdrawal.
    """
    visible = bridge_time(history)
    for at, delay in _delays_of_withdrawals(history).get(service, ()):
        if at > ends_at:
            break
        over = visible.after(at, delay)
        if over >= known_at:
            ends_at = max(ends_at, reacted_at(history, over, RACE))
    return ends_at


@cached_per_history
def _delays_of_withdrawals(history: History) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Return when the calls that withdraw messages had to wait, and how long, by provider and in order.

    A fault may have refused such a call, or any call with the key. A limit of the provider is one for the key, too.
    """
    found: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for injection in injections(history):
        fault = injection.fault
        is_of_call = fault.target == "call" and not injection.is_kill
        withdraws = is_of_call and fault.name in provider(fault.service).withdrawing_operations
        if is_of_call and (withdraws or injection.affects_key):
            found[fault.service].append((injection.at, injection.until - injection.at))
    for request in history.requests:
        if request.status == STATUS_TOO_MANY_REQUESTS and request.fault is None:
            found[request.service].append((request.at, (request.retry_after or 0) * SECOND))
    return {service: sorted(found[service]) for service in found if provider(service).withdrawing_operations}


def _attempts(history: History, key: CampaignKey) -> Iterator[Webhook]:
    """Yield the attempts to report the cancellation: for this channel, or else for another one of the campaign."""
    own = f"{CANCELLED_EVENT}:{key[0]}:{key[1]}"
    of_campaign = [
        attempt
        for attempt in history.webhooks
        if attempt.event == CANCELLED_EVENT and attempt.key.startswith(f"{CANCELLED_EVENT}:{key[0]}:")
    ]
    has_own = any(attempt.key == own for attempt in of_campaign)
    yield from (attempt for attempt in of_campaign if attempt.key == own or not has_own)
