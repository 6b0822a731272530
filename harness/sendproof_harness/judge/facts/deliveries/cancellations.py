"""Cancelled campaigns: when the bridge knew of the cancellation, and from when on none of their messages may go out.

cancelled ──── event 4 reaches the bridge ──── RACE ──── no message goes out any more
                                              └ a message that goes out here may have been on its way

A message that waits at the provider must be withdrawn there (`withdrawals`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import Campaign, Delivery, History, Webhook
from sendproof_harness.history.timestamps import MINUTE
from sendproof_harness.judge.facts.deliveries.withdrawals import latest_withdrawal
from sendproof_harness.judge.facts.fault_effects import was_received
from sendproof_harness.judge.facts.keys import CampaignKey, campaign_key
from sendproof_harness.judge.facts.observation import reacted_at
from sendproof_harness.judge.findings import cached_per_history

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
        withdrawn_by = latest_withdrawal(history, campaign.provider, known_at, ends_at, RACE)
    return Cancellation(
        at=at, known_at=known_at, ends_at=ends_at, withdrawn_by=withdrawn_by, has_listener=bool(attempts)
    )


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
