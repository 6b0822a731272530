"""What Optimove posts to its listeners: which of them hear of an event, and what is said to them.

What is known of each member stands in openapi/listener.yaml. Who hears of what is assumed: the channel's own listener,
and the general one where a channel has none. documented: listeners of different channels do not interfere,
https://developer.optimove.com/docs/integrate-your-service-with-optimove.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, iso, sql_time
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.services.optimove.dialects.events import retries, spelled

CAMPAIGN_PROCESSED = 1
ALL_PROCESSED = 2
NIGHT_FINISHED = 3
CAMPAIGN_CANCELLED = 4
CAMPAIGN_ON_HOLD = 5
TRIGGER_MET = 11
CAMPAIGN_EXECUTED_ON_CHANNEL = 13

# As webhooks are called.
TYPES = tuple(
    str(event)
    for event in (
        CAMPAIGN_PROCESSED,
        ALL_PROCESSED,
        NIGHT_FINISHED,
        CAMPAIGN_CANCELLED,
        CAMPAIGN_ON_HOLD,
        TRIGGER_MET,
        CAMPAIGN_EXECUTED_ON_CHANNEL,
    )
)

# (event type, channel, or None for the general listener) -> address
Listeners = Mapping[tuple[int, int | None], str]

_encode = msgspec.json.Encoder().encode


def of_campaign(
    context: SandboxContext, listeners: Listeners, event: int, campaign: int, channels: Sequence[int], now: Instant
) -> list[Webhook]:
    """Event 1 or 4, which name no channel: to each channel's own listener, and once to the general one for the rest."""
    body = {**_head(event, now), "CampaignID": campaign}
    told = [(listeners[event, channel], channel) for channel in channels if (event, channel) in listeners]
    rest = [channel for channel in channels if (event, channel) not in listeners]
    if rest and (event, None) in listeners:
        told.append((listeners[event, None], rest[0]))
    return [_on_channel(context, event, url, body, campaign, channel) for url, channel in told]


def of_channels(
    context: SandboxContext, listeners: Listeners, campaign: int, channels: Sequence[int], now: Instant
) -> list[Webhook]:
    """Event 13, once for each channel: to its own listener or else to the general one."""
    event = CAMPAIGN_EXECUTED_ON_CHANNEL
    told = [(listener(listeners, event, channel), channel) for channel in channels]
    bodies = {channel: {**_head(event, now), "CampaignID": campaign, "ChannelID": channel} for channel in channels}
    return [_on_channel(context, event, url, bodies[channel], campaign, channel) for url, channel in told if url]


def of_hold(
    context: SandboxContext, listeners: Listeners, campaign: int, required_by: Instant, now: Instant
) -> list[Webhook]:
    """Event 5, which only the general listener can hear."""
    url = listeners.get((CAMPAIGN_ON_HOLD, None))
    if url is None:
        return []
    body = {
        **_head(CAMPAIGN_ON_HOLD, now),
        "CampaignID": campaign,
        "ClearanceRequiredBy": sql_time(required_by),
    }
    key, about = f"{CAMPAIGN_ON_HOLD}:{campaign}", {"campaign": campaign, "channel": None}
    return [webhook(context, CAMPAIGN_ON_HOLD, url, key, body, about)]


def of_night(context: SandboxContext, listeners: Listeners, event: int, now: Instant) -> list[Webhook]:
    """Event 2 or 3, which are about no campaign: to every listener for it, whether general or of a channel."""
    body, day = _head(event, now), iso(now)[:10]
    told = sorted((channel or 0, channel, url) for (of, channel), url in listeners.items() if of == event)
    return [
        webhook(context, event, url, f"{event}:{day}:{channel or 'general'}", body, {"day": day, "channel": channel})
        for _, channel, url in told
    ]


def listener(listeners: Listeners, event: int, channel: int) -> str | None:
    """Who hears of an event on a channel, if anybody."""
    return listeners.get((event, channel)) or listeners.get((event, None))


def webhook(
    context: SandboxContext, event: int, url: str, key: str, body: Mapping[str, object], about: Mapping[str, object]
) -> Webhook:
    """One notification, spelled and tried again as the sandbox's dialects say."""
    said = _encode(spelled(context, body))
    return Webhook(url=url, key=key, event=str(event), body=said, about=about, retry=retries(context))


def _on_channel(
    context: SandboxContext, event: int, url: str, body: Mapping[str, object], campaign: int, channel: int
) -> Webhook:
    about = {"campaign": campaign, "channel": channel}
    return webhook(context, event, url, f"{event}:{campaign}:{channel}", body, about)


def _head(event: int, now: Instant) -> dict[str, object]:
    return {"EventTypeID": event, "TimeStamp": sql_time(now)}
