"""Cancelled campaigns: when the bridge knew of the cancellation, and from when on none of their messages may go out.

cancelled ──── event 4 reaches the bridge ──── RACE ──── no message goes out any more
                                              └ a message that goes out here may have been on its way
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sendproof_harness.history.records import History, Webhook
from sendproof_harness.history.timestamps import MINUTE
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
    for the last time.
    """

    at: int
    known_at: int | None
    ends_at: int | None
    has_listener: bool


def cancellation_times(history: History) -> Mapping[CampaignKey, int]:
    """Return the time of each cancellation, by campaign and channel."""
    return {key: cancellation.at for key, cancellation in cancellations(history).items()}


@cached_per_history
def cancellations(history: History) -> Mapping[CampaignKey, Cancellation]:
    """Return each cancellation, by campaign and channel."""
    return {
        campaign_key(campaign): _cancellation(history, campaign_key(campaign), campaign.cancelled_at)
        for campaign in history.campaigns
        if campaign.cancelled_at is not None
    }


def _cancellation(history: History, key: CampaignKey, at: int) -> Cancellation:
    attempts = list(_attempts(history, key))
    received = [attempt.at for attempt in attempts if was_received(history, attempt)]
    known_at = min(received, default=None) if attempts else at
    ends_at = None if known_at is None else reacted_at(history, known_at, RACE)
    return Cancellation(at=at, known_at=known_at, ends_at=ends_at, has_listener=bool(attempts))


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
