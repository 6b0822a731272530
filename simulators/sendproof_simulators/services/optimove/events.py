"""Optimove's events to its listeners: their bodies, and the listeners that receive them.

openapi/listener.yaml gives the evidence for each member. The receivers are assumed: the channel's own listener, and the
general one if a channel has none. documented: listeners of different channels do not interfere,
https://developer.optimove.com/docs/integrate-your-service-with-optimove.
"""

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from sendproof_simulators.core.clock.wall_clock import Instant, iso, sql_time
from sendproof_simulators.core.effects import Webhook
from sendproof_simulators.services.optimove.campaigns.campaign import Campaign
from sendproof_simulators.services.optimove.dialects.events import respell_members
from sendproof_simulators.services.optimove.dialects.options import OptimoveOptions

CAMPAIGN_PROCESSED = 1
ALL_PROCESSED = 2
NIGHT_FINISHED = 3
CAMPAIGN_CANCELLED = 4
CAMPAIGN_ON_HOLD = 5
TRIGGER_MET = 11
CAMPAIGN_EXECUTED_ON_CHANNEL = 13

# The event types as names of webhooks.
EVENT_NAMES = tuple(
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

# (event type, channel, or None for the general listener) -> URL
Listeners = Mapping[tuple[int, int | None], str]

_encode = msgspec.json.Encoder().encode


def campaign_webhooks(
    options: OptimoveOptions, listeners: Listeners, event: int, campaign: Campaign, now: Instant
) -> list[Webhook]:
    """Return event 1 or 4: for each channel's own listener, and once for the general one for all other channels."""
    channels, id_ = list(campaign.executions), campaign.plan.campaign
    receivers = [(listeners[event, channel], channel) for channel in channels if (event, channel) in listeners]
    others = [channel for channel in channels if (event, channel) not in listeners]
    if others and (event, None) in listeners:
        receivers.append((listeners[event, None], others[0]))
    body = {**_common_members(event, now), "CampaignID": id_}
    return [_campaign_webhook(options, event, url, body, id_, channel) for url, channel in receivers]


def channel_webhooks(options: OptimoveOptions, listeners: Listeners, campaign: Campaign, now: Instant) -> list[Webhook]:
    """Return event 13, once for each channel that has a listener: its own or else the general one."""
    event, id_, webhooks = CAMPAIGN_EXECUTED_ON_CHANNEL, campaign.plan.campaign, []
    for channel in campaign.executions:
        url = listener_url(listeners, event, channel)
        if url is not None:
            body = {**_common_members(event, now), "CampaignID": id_, "ChannelID": channel}
            cancelled = {**_common_members(CAMPAIGN_CANCELLED, now), "CampaignID": id_}
            webhook = _campaign_webhook(options, event, url, body, id_, channel)
            webhooks.append(replace(webhook, forged_body=_encode(respell_members(options.event_keys, cancelled))))
    return webhooks


def hold_webhooks(
    options: OptimoveOptions, listeners: Listeners, campaign: int, required_by: Instant, now: Instant
) -> list[Webhook]:
    """Return event 5. Only the general listener can receive it."""
    url = listeners.get((CAMPAIGN_ON_HOLD, None))
    if url is None:
        return []
    body = {
        **_common_members(CAMPAIGN_ON_HOLD, now),
        "CampaignID": campaign,
        "ClearanceRequiredBy": sql_time(required_by),
    }
    key, about = f"{CAMPAIGN_ON_HOLD}:{campaign}", {"campaign": campaign, "channel": None}
    return [replace(event_webhook(options, CAMPAIGN_ON_HOLD, url, key, body, about), subjects=(str(campaign),))]


def night_webhooks(options: OptimoveOptions, listeners: Listeners, event: int, now: Instant) -> list[Webhook]:
    """Return event 2 or 3, which belong to no campaign: for each listener, general or of a channel."""
    body, day = _common_members(event, now), iso(now)[:10]
    receivers = sorted((channel or 0, channel, url) for (type_, channel), url in listeners.items() if type_ == event)
    return [
        event_webhook(
            options, event, url, f"{event}:{day}:{channel or 'general'}", body, {"day": day, "channel": channel}
        )
        for _, channel, url in receivers
    ]


def listener_url(listeners: Listeners, event: int, channel: int) -> str | None:
    """Return the URL that receives an event of a channel, or None if there is no listener."""
    return listeners.get((event, channel)) or listeners.get((event, None))


def event_webhook(
    options: OptimoveOptions, event: int, url: str, key: str, body: Mapping[str, object], about: Mapping[str, object]
) -> Webhook:
    """Return one webhook, spelled and retried according to the sandbox's dialects."""
    encoded = _encode(respell_members(options.event_keys, body))
    return Webhook(url=url, key=key, event=str(event), body=encoded, about=about, retry=options.retry_policy)


def _campaign_webhook(
    options: OptimoveOptions, event: int, url: str, body: Mapping[str, object], campaign: int, channel: int
) -> Webhook:
    about = {"campaign": campaign, "channel": channel}
    # Event 1 says that a campaign was processed, which is no order to send it.
    subjects = () if event == CAMPAIGN_PROCESSED else (str(campaign),)
    webhook = event_webhook(options, event, url, f"{event}:{campaign}:{channel}", body, about)
    return replace(webhook, subjects=subjects)


def _common_members(event: int, now: Instant) -> dict[str, object]:
    return {"EventTypeID": event, "TimeStamp": sql_time(now)}
