"""What Optimove remembers for one sandbox. No clock, no socket, no file: values in, values out."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sendproof_simulators.core.clock import Instant
from sendproof_simulators.core.exchange import Fact, Webhook
from sendproof_simulators.core.urls import check_webhook_url
from sendproof_simulators.optimove.campaigns import ANNOUNCED, Campaign, check_plan
from sendproof_simulators.optimove.errors import bad_request, not_found
from sendproof_simulators.optimove.pages import Pages
from sendproof_simulators.optimove.webhooks import (
    CAMPAIGN_EXECUTED_ON_CHANNEL,
    CAMPAIGN_ON_HOLD,
    CAMPAIGN_PROCESSED,
    campaign_event,
)
from sendproof_simulators.provider import CampaignPlan, World


class Metric(NamedTuple):
    """What a total is kept for."""

    channel: int
    campaign: int
    template: int
    metric: int


class Interaction(NamedTuple):
    """What reported customers are counted for: calls with equal parameters are added together (documented)."""

    campaign: int
    channel: int
    template: int
    event: int
    date: str
    group: int


class State:
    """Listeners, channel templates, campaigns, and what was reported about them."""

    def __init__(self, world: World) -> None:
        """Start with the sandbox's channels and nothing else."""
        self._allow_remote = world.allow_remote_webhooks
        self.listeners: dict[tuple[int, int | None], str] = {}
        self.templates: dict[int, dict[int, str]] = {channel.id: {} for channel in world.channels}
        self.campaigns: dict[int, Campaign] = {}
        self.metrics: dict[Metric, int] = {}
        self.interactions: dict[Interaction, int] = {}
        self.pages = Pages(world.audience)

    # Listeners: one for each event type and channel (documented); another registration replaces it (assumed).

    def register(self, event: int, url: str, channel: int | None) -> Fact:
        """Make `url` the listener of an event type, for one channel or, with None, in general."""
        if event == CAMPAIGN_ON_HOLD and channel is not None:
            raise bad_request("EventTypeID 5 has a general listener only: leave ChannelID out")
        try:
            url = check_webhook_url(url, self._allow_remote)
        except ValueError as problem:
            raise bad_request(f"ListenerURL: {problem}") from problem
        self._check_channel(channel)
        self.listeners[event, channel] = url
        return _listener_fact("registered", event, channel, url)

    def unregister(self, event: int, channel: int | None) -> tuple[Fact, ...]:
        """Forget a listener; nothing happens when there is none (assumed)."""
        self._check_channel(channel)
        url = self.listeners.pop((event, channel), None)
        return () if url is None else (_listener_fact("unregistered", event, channel, url),)

    def sorted_listeners(self) -> list[tuple[int, int | None, str]]:
        """Event type, channel and address of each, general ones before those of a channel."""
        ordered = sorted(
            self.listeners.items(), key=lambda item: (item[0][0], -1 if item[0][1] is None else item[0][1])
        )
        return [(event, channel, url) for (event, channel), url in ordered]

    # Channel templates.

    def channel_templates(self, channel: int) -> dict[int, str]:
        """The names of a channel's templates by id."""
        if channel not in self.templates:
            raise not_found(f"ChannelID {channel} is not known; there are {sorted(self.templates)}")
        return self.templates[channel]

    def add_templates(self, channel: int, given: Iterable[tuple[int, str]]) -> tuple[Fact, ...]:
        """Add templates or give them new names; the last of equal ids counts (assumed)."""
        known = self.channel_templates(channel)
        actions: dict[str, list[tuple[int, str]]] = {"added": [], "renamed": [], "unchanged": []}
        latest = dict(given)
        for id_, name in latest.items():
            action = "added" if id_ not in known else "unchanged" if known[id_] == name else "renamed"
            actions[action].append((id_, name))
        known.update(latest)
        return tuple(_template_fact(channel, action, pairs) for action, pairs in actions.items() if pairs)

    def delete_templates(self, given: Iterable[tuple[int, int]]) -> tuple[Fact, ...]:
        """Forget templates by (channel, id); all channels must be known, ids that are not there are passed over."""
        wanted: dict[int, dict[int, None]] = {}
        for channel, id_ in given:
            if id_ in self.channel_templates(channel):
                wanted.setdefault(channel, {})[id_] = None
        return tuple(
            _template_fact(channel, "deleted", [(id_, self.templates[channel].pop(id_)) for id_ in ids])
            for channel, ids in wanted.items()
        )

    # Campaigns.

    def plan(self, world: World, plan: CampaignPlan) -> None:
        """Take a campaign in; `ValueError` says why not."""
        kinds = {channel.id: channel.kind for channel in world.channels}
        if kinds.get(plan.channel) != "scheduled":
            scheduled = sorted(channel for channel, kind in kinds.items() if kind == "scheduled")
            raise ValueError(f"expected one of the channels for scheduled campaigns {scheduled}, got {plan.channel}")
        if plan.campaign in self.campaigns:
            raise ValueError(f"expected a campaign id that is not taken, got {plan.campaign}")
        check_plan(plan, world.audience)
        self.campaigns[plan.campaign] = Campaign(plan, world.chance)

    def announce(self, campaign_id: int, now: Instant) -> tuple[Webhook, ...]:
        """Let a campaign be known, and tell its listeners: the channel's own one, or else the general one."""
        campaign = self.campaigns[campaign_id]
        campaign.announce(now)
        channel = campaign.plan.channel
        events = (CAMPAIGN_PROCESSED, CAMPAIGN_EXECUTED_ON_CHANNEL)
        addresses = [(event, self._listener(event, channel)) for event in events]
        return tuple(campaign_event(event, url, now, campaign_id, channel) for event, url in addresses if url)

    def campaign(self, campaign_id: int, channel: int | None = None) -> Campaign:
        """An announced campaign, on this channel if one is given. Those to come are not known yet."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.state != ANNOUNCED:
            raise not_found(f"CampaignID {campaign_id} is not known")
        if channel is not None and channel != campaign.plan.channel:
            raise not_found(f"CampaignID {campaign_id} does not use ChannelID {channel}")
        return campaign

    # Results.

    def report_metrics(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Take in totals: all of them, or none when a campaign is not known. A later total replaces (assumed)."""
        totals = {
            Metric(item["ChannelID"], item["CampaignID"], item["TemplateID"], item["MetricID"]): item["MetricValue"]
            for item in items
        }
        for metric in totals:
            self.campaign(metric.campaign, metric.channel)
        self.metrics.update(totals)

    def report_interactions(self, interaction: Interaction, customers: int) -> None:
        """Count reported customers; ids are not looked up (assumed)."""
        self.campaign(interaction.campaign, interaction.channel)
        self.interactions[interaction] = self.interactions.get(interaction, 0) + customers

    def _listener(self, event: int, channel: int) -> str | None:
        return self.listeners.get((event, channel)) or self.listeners.get((event, None))

    def _check_channel(self, channel: int | None) -> None:
        if channel is not None:
            self.channel_templates(channel)


def _listener_fact(action: str, event: int, channel: int | None, url: str) -> Fact:
    return Fact(kind="listener", fields={"action": action, "event_type": event, "channel": channel, "url": url})


def _template_fact(channel: int, action: str, pairs: list[tuple[int, str]]) -> Fact:
    templates = [{"id": id_, "name": name} for id_, name in pairs]
    return Fact(kind="channel_templates", fields={"channel": channel, "action": action, "templates": templates})
