"""What Optimove remembers for one sandbox. No clock, no socket, no file: values in, values out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sendproof_simulators.core.clock.wall_clock import Instant, sql_time
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.optimove.auth import access_of
from sendproof_simulators.services.optimove.campaigns.campaign import (
    ANNOUNCED,
    CANCELLED_READABLE_MS,
    ON_HOLD,
    Campaign,
    Execution,
)
from sendproof_simulators.services.optimove.campaigns.send_details_pages import Pages
from sendproof_simulators.services.optimove.customers.records import Records
from sendproof_simulators.services.optimove.errors import bad_request, not_found
from sendproof_simulators.services.optimove.events import CAMPAIGN_ON_HOLD
from sendproof_simulators.services.optimove.triggers.criteria import Triggers

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode


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

    def __init__(self, context: SandboxContext) -> None:
        """Start with the sandbox's channels and nothing else."""
        self._allow_remote = context.allow_remote_webhooks
        self._audience = context.audience
        self.listeners: dict[tuple[int, int | None], str] = {}
        self.templates: dict[int, dict[int, str]] = {channel.id: {} for channel in context.channels}
        self.campaigns: dict[int, Campaign] = {}
        self.last_night: Instant | None = None
        self.triggers = Triggers()
        self.metrics: dict[Metric, int] = {}
        self.interactions: dict[Interaction, int] = {}
        self.records = Records(context.audience)
        self.pages = Pages(context.audience)
        self.access = access_of(context)
        self.apps: dict[int, dict[str, str]] = {channel.id: {} for channel in context.channels}
        self.promotions: dict[str, str] = {}
        self.preferences: dict[tuple[int, str | None], dict[str, int]] = {}
        self.reported: dict[Interaction, list[bytes]] = {}
        self.pending_attributes: set[str] = set()
        self.requests = 0

    # Listeners: one for each event type and channel (documented); another registration replaces it (assumed).

    def register(self, event: int, url: str, channel: int | None) -> JournalEntry:
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

    def unregister(self, event: int, channel: int | None) -> tuple[JournalEntry, ...]:
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

    def add_templates(self, channel: int, given: Iterable[tuple[int, str]]) -> tuple[JournalEntry, ...]:
        """Add templates or give them new names; the last of equal ids counts (assumed)."""
        known = self.channel_templates(channel)
        actions: dict[str, list[tuple[int, str]]] = {"added": [], "renamed": [], "unchanged": []}
        latest = dict(given)
        for id_, name in latest.items():
            action = "added" if id_ not in known else "unchanged" if known[id_] == name else "renamed"
            actions[action].append((id_, name))
        known.update(latest)
        return tuple(_template_fact(channel, action, pairs) for action, pairs in actions.items() if pairs)

    def delete_templates(self, given: Iterable[tuple[int, int]]) -> tuple[JournalEntry, ...]:
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

    def is_taken(self, campaign_id: int) -> bool:
        """Whether there is a campaign with this id, scheduled or triggered."""
        return campaign_id in self.campaigns or self.triggers.uses(campaign_id)

    def planned(self, campaign_id: int) -> Campaign:
        """Any campaign, however far it has come; `KeyError` says which there are. For the control API."""
        if campaign_id not in self.campaigns:
            raise KeyError(f"campaign {campaign_id} is not known; there are {sorted(self.campaigns)}")
        return self.campaigns[campaign_id]

    def campaign(self, campaign_id: int) -> Campaign:
        """An announced campaign. Those to come and those cancelled are not known."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.state != ANNOUNCED:
            raise not_found(f"CampaignID {campaign_id} is not known")
        return campaign

    def execution(self, campaign_id: int, channel: int) -> Execution:
        """An announced campaign on one of its channels."""
        campaign = self.campaign(campaign_id)
        if channel not in campaign.executions:
            raise not_found(f"CampaignID {campaign_id} does not use ChannelID {channel}")
        return campaign.executions[channel]

    def cancelled(self, campaign_id: int, now: Instant) -> Campaign:
        """A cancelled campaign, for two hours from the instant at which its listeners were told."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.cancelled_at is None or campaign.processed_at is None:
            raise not_found(f"CampaignID {campaign_id} is not a cancelled campaign")
        if now > campaign.cancelled_at + CANCELLED_READABLE_MS:
            raise not_found(f"CampaignID {campaign_id} was cancelled more than two hours ago")
        return campaign

    def on_hold(self, campaign_id: int) -> Campaign:
        """A campaign that waits for word of who may be sent to."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.state != ON_HOLD:
            raise not_found(f"CampaignID {campaign_id} does not wait for clearance")
        return campaign

    def clear(self, campaign_id: int, statuses: Iterable[tuple[str, bool]], now: Instant) -> tuple[JournalEntry, ...]:
        """Take in who may be sent to: (customer id, whether). Refused at ClearanceRequiredBy and after."""
        campaign = self.campaigns.get(campaign_id)
        clearance = None if campaign is None or campaign.processed_at is None else campaign.clearance
        if campaign is None or clearance is None:
            raise not_found(f"CampaignID {campaign_id} does not wait for clearance")
        if campaign.state != ON_HOLD or not clearance.is_open(now):
            raise bad_request(f"expected the statuses of CampaignID {campaign_id} before {sql_time(clearance.by)}")
        known = [(self._audience.index_of(customer), may) for customer, may in statuses]
        members = campaign.customers
        clearance.take((index, may) for index, may in known if index is not None and index in members)
        return (clearance.entry(campaign_id, "given", len(known)),)

    def check_reported(self, campaign_id: int, channel: int) -> None:
        """Refuse results of what was never announced there. A cancelled campaign may have been sent in part."""
        if self.triggers.uses(campaign_id, channel):
            return
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.announced_at is None:
            raise not_found(f"CampaignID {campaign_id} is not known")
        if channel not in campaign.executions:
            raise not_found(f"CampaignID {campaign_id} does not use ChannelID {channel}")

    # Results.

    def report_metrics(self, items: Iterable[Mapping[str, Any]], *, additive: bool = False) -> None:
        """Take in values: all of them, or none when a campaign is not known. They are totals, or are added."""
        before = self.metrics if additive else {}
        totals: dict[Metric, int] = {}
        for item in items:
            metric = Metric(item["ChannelID"], item["CampaignID"], item["TemplateID"], item["MetricID"])
            self.check_reported(metric.campaign, metric.channel)
            so_far = totals.get(metric, before.get(metric, 0)) if additive else 0
            totals[metric] = so_far + item["MetricValue"]
        self.metrics.update(totals)

    def report_interactions(self, interaction: Interaction, customers: Sequence[str]) -> None:
        """Count and keep reported customers; ids are not looked up (assumed)."""
        self.check_reported(interaction.campaign, interaction.channel)
        self.interactions[interaction] = self.interactions.get(interaction, 0) + len(customers)
        # As text a million ids take 11 MB, as objects six times as much.
        self.reported.setdefault(interaction, []).append(_encode(customers))

    def reported_customers(self, interaction: Interaction) -> list[str]:
        """The customers who were reported for it, in order, with repetitions."""
        return [customer for block in self.reported[interaction] for customer in _decode(block)]

    def _check_channel(self, channel: int | None) -> None:
        if channel is not None:
            self.channel_templates(channel)


def _listener_fact(action: str, event: int, channel: int | None, url: str) -> JournalEntry:
    return JournalEntry(kind="listener", fields={"action": action, "event_type": event, "channel": channel, "url": url})


def _template_fact(channel: int, action: str, pairs: list[tuple[int, str]]) -> JournalEntry:
    templates = [{"id": id_, "name": name} for id_, name in pairs]
    return JournalEntry(kind="channel_templates", fields={"channel": channel, "action": action, "templates": templates})
