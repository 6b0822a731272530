"""The state of Optimove in one sandbox: values in, values out, without clock, socket or file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from sendproof_simulators.core.audience.records import Customers
from sendproof_simulators.core.clock.wall_clock import HOUR, Instant, sql_time
from sendproof_simulators.core.effects import JournalEntry
from sendproof_simulators.core.simulator import SandboxContext
from sendproof_simulators.core.suggestions import suggestion
from sendproof_simulators.core.webhooks.urls import check_webhook_url
from sendproof_simulators.services.optimove.auth import initial_credentials
from sendproof_simulators.services.optimove.campaigns.campaign import (
    ANNOUNCED,
    ON_HOLD,
    Campaign,
    Execution,
)
from sendproof_simulators.services.optimove.campaigns.send_details_pages import SendDetailsPages
from sendproof_simulators.services.optimove.dialects.options import read_options
from sendproof_simulators.services.optimove.errors import bad_request, invalid_url, not_found
from sendproof_simulators.services.optimove.events import CAMPAIGN_ON_HOLD
from sendproof_simulators.services.optimove.limits import OptimoveLimits
from sendproof_simulators.services.optimove.triggers.criteria import TriggerState

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str]).decode


class Metric(NamedTuple):
    """The parameters of one total."""

    channel: int
    campaign: int
    template: int
    metric: int


class Interaction(NamedTuple):
    """The parameters of reported customers. Calls with equal parameters are added together (documented)."""

    campaign: int
    channel: int
    template: int
    event: int
    date: str
    group: int
    # The id of an app; empty without one.
    app: str = ""


class State:
    """Listeners, channel templates, campaigns, triggers, customers, and the results that bridges reported."""

    def __init__(self, context: SandboxContext) -> None:
        """Create the state with the sandbox's channels, customers and first credentials."""
        self._allow_remote = context.allow_remote_webhooks
        self._audience = context.audience
        self.options = read_options(context)
        self.limits: OptimoveLimits = context.limits
        self.listeners: dict[tuple[int, int | None], str] = {}
        self.templates: dict[int, dict[int, str]] = {channel.id: {} for channel in context.channels}
        self.campaigns: dict[int, Campaign] = {}
        self.last_night: Instant | None = None
        self.triggers = TriggerState()
        self.metrics: dict[Metric, int] = {}
        self.interactions: dict[Interaction, int] = {}
        self.records = context.customers
        self.pages = SendDetailsPages(context.audience)
        self.credentials = initial_credentials(context)
        self.message_types = {channel.id: channel.message for channel in context.channels}
        self.apps: dict[int, dict[str, str]] = {channel.id: {} for channel in context.channels}
        self.promotions: dict[str, str] = {}
        # The mode by the index of the customer in the audience, or by the id of others. Indices need less memory.
        self.preferences: dict[tuple[int, str | None], dict[int | str, int]] = {}
        self.reported: dict[Interaction, list[bytes]] = {}
        self.pending_attributes: set[str] = set()
        self.update_count = 0

    # Listeners: one for each event type and channel (documented); a new registration replaces the URL (assumed).

    def register_listener(self, event: int, url: str, channel: int | None) -> JournalEntry:
        """Register `url` for an event type, for one channel or (None) as the general listener."""
        if event == CAMPAIGN_ON_HOLD and channel is not None:
            raise bad_request("EventTypeID 5 has a general listener only: leave ChannelID out")
        try:
            url = check_webhook_url(url, self._allow_remote)
        except ValueError as error:
            raise invalid_url("ListenerURL", error) from error
        self._check_channel(channel)
        self.listeners[event, channel] = url
        return _listener_entry("registered", event, channel, url)

    def unregister_listener(self, event: int, channel: int | None) -> tuple[JournalEntry, ...]:
        """Remove a listener. Removing an absent listener has no effect (assumed)."""
        self._check_channel(channel)
        url = self.listeners.pop((event, channel), None)
        return () if url is None else (_listener_entry("unregistered", event, channel, url),)

    def sorted_listeners(self) -> list[tuple[int, int | None, str]]:
        """Return (event type, channel, URL) of each listener, general listeners before those of channels."""
        ordered = sorted(
            self.listeners.items(), key=lambda item: (item[0][0], -1 if item[0][1] is None else item[0][1])
        )
        return [(event, channel, url) for (event, channel), url in ordered]

    # Channel templates.

    def channel_templates(self, channel: int) -> dict[int, str]:
        """Return the names of a channel's templates by id."""
        if channel not in self.templates:
            raise not_found(f"ChannelID {channel} is not known; there are {sorted(self.templates)}")
        return self.templates[channel]

    def check_app(self, channel: int, app: str | None) -> None:
        """Refuse the id of an app that the channel does not have. An empty id counts as none (assumed)."""
        known = self.channel_apps(channel)
        if app and app not in known and self.options.unknown_apps_refused:
            raise not_found(f"AppID {app} is not known on ChannelID {channel}; there are {sorted(known)}")

    def channel_apps(self, channel: int) -> dict[str, str]:
        """Return the names of a channel's apps by id."""
        self._check_channel(channel)
        return self.apps[channel]

    def add_templates(self, channel: int, templates: Iterable[tuple[int, str]]) -> tuple[JournalEntry, ...]:
        """Add or rename templates, given as (id, name). Of equal ids the last counts (assumed)."""
        known = self.channel_templates(channel)
        actions: dict[str, list[tuple[int, str]]] = {"added": [], "renamed": [], "unchanged": []}
        latest = dict(templates)
        for id_, name in latest.items():
            action = "added" if id_ not in known else "unchanged" if known[id_] == name else "renamed"
            actions[action].append((id_, name))
        known.update(latest)
        return tuple(_templates_entry(channel, action, pairs) for action, pairs in actions.items() if pairs)

    def delete_templates(self, templates: Iterable[tuple[int, int]]) -> tuple[JournalEntry, ...]:
        """Delete templates, given as (channel, id). All channels must be known; absent ids are ignored."""
        known: dict[int, dict[int, None]] = {}
        for channel, id_ in templates:
            if id_ in self.channel_templates(channel):
                known.setdefault(channel, {})[id_] = None
        return tuple(
            _templates_entry(channel, "deleted", [(id_, self.templates[channel].pop(id_)) for id_ in ids])
            for channel, ids in known.items()
        )

    # Campaigns.

    def has_campaign_id(self, campaign_id: int) -> bool:
        """Return True if a scheduled or triggered campaign has this id."""
        return campaign_id in self.campaigns or self.triggers.uses(campaign_id)

    def campaign_in_any_state(self, campaign_id: int) -> Campaign:
        """Return a scheduled campaign in any state, for the control API; raise `KeyError` with the known ids."""
        if campaign_id not in self.campaigns:
            raise KeyError(f"campaign {campaign_id} is not known; {suggestion(campaign_id, sorted(self.campaigns))}")
        return self.campaigns[campaign_id]

    def announced_campaign(self, campaign_id: int) -> Campaign:
        """Return an announced campaign. Planned and cancelled campaigns are unknown to bridges."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.state != ANNOUNCED:
            raise not_found(f"CampaignID {campaign_id} is not known")
        return campaign

    def execution(self, campaign_id: int, channel: int) -> Execution:
        """Return the execution of an announced campaign on one of its channels."""
        campaign = self.announced_campaign(campaign_id)
        if channel not in campaign.executions:
            raise not_found(f"CampaignID {campaign_id} does not use ChannelID {channel}")
        return campaign.executions[channel]

    def cancelled_campaign(self, campaign_id: int, now: Instant) -> Campaign:
        """Return a cancelled campaign, readable for some time from the instant of its event 4."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.cancelled_at is None or campaign.processed_at is None:
            raise not_found(f"CampaignID {campaign_id} is not a cancelled campaign")
        readable_ms = self.limits.cancelled_readable_ms
        if now > campaign.cancelled_at + readable_ms:
            raise not_found(f"CampaignID {campaign_id} was cancelled more than {readable_ms / HOUR:g} hours ago")
        return campaign

    def campaign_on_hold(self, campaign_id: int) -> Campaign:
        """Return a campaign that waits for clearance."""
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.state != ON_HOLD:
            is_late = campaign is not None and campaign.clearance is not None and campaign.clearance.is_closed
            late = {"late_clearance": campaign_id} if is_late else None
            raise not_found(f"CampaignID {campaign_id} does not wait for clearance", late)
        return campaign

    def record_clearance(
        self, campaign_id: int, statuses: Iterable[tuple[str, bool]], time_stamp: str, now: Instant
    ) -> tuple[JournalEntry, ...]:
        """Record (customer id, may get a message). Statuses at or after ClearanceRequiredBy are refused.

        `time_stamp` is what the call states as its time.
        """
        campaign = self.campaigns.get(campaign_id)
        clearance = None if campaign is None or campaign.processed_at is None else campaign.clearance
        if campaign is None or clearance is None:
            raise not_found(f"CampaignID {campaign_id} does not wait for clearance")
        if campaign.state != ON_HOLD or not clearance.is_open(now):
            deadline = sql_time(clearance.required_by)
            late = {"late_clearance": campaign_id} if clearance.required_by <= now else None
            raise bad_request(f"expected the statuses of CampaignID {campaign_id} before {deadline}", late)
        indexed = [(self._audience.index_of(customer), is_cleared) for customer, is_cleared in statuses]
        clearance.record_statuses(
            (index, is_cleared)
            for index, is_cleared in indexed
            if index is not None and index in campaign.target_group and index not in campaign.control
        )
        return (clearance.journal_entry(campaign_id, "given", len(indexed), time_stamp),)

    def shown_customers(self, campaign: Campaign, now: Instant) -> Customers:
        """Return the customers of an announced campaign as its details show them. A dialect decides about changes."""
        at = now if self.options.current_values_shown or campaign.announced_at is None else campaign.announced_at
        return self.records.as_of(at)

    def check_accepts_results(self, campaign_id: int, channel: int) -> None:
        """Refuse results of a campaign that was never announced there. A part of a cancelled one may have been sent."""
        if self.triggers.uses(campaign_id, channel):
            return
        campaign = self.campaigns.get(campaign_id)
        if campaign is None or campaign.announced_at is None:
            raise not_found(f"CampaignID {campaign_id} is not known")
        if channel not in campaign.executions:
            raise not_found(f"CampaignID {campaign_id} does not use ChannelID {channel}")

    # Results.

    def record_metrics(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Record all values, or none if a campaign is unknown. A dialect decides if they are totals or are added."""
        is_additive = self.options.metrics_additive
        totals: dict[Metric, int] = {}
        for item in items:
            metric = Metric(item["ChannelID"], item["CampaignID"], item["TemplateID"], item["MetricID"])
            self.check_accepts_results(metric.campaign, metric.channel)
            previous = totals.get(metric, self.metrics.get(metric, 0)) if is_additive else 0
            totals[metric] = previous + item["MetricValue"]
        self.metrics.update(totals)

    def record_interactions(self, interaction: Interaction, customers: Sequence[str]) -> None:
        """Count and store reported customers. Their ids are not looked up (assumed)."""
        self.check_accepts_results(interaction.campaign, interaction.channel)
        self.check_app(interaction.channel, interaction.app)
        self.interactions[interaction] = self.interactions.get(interaction, 0) + len(customers)
        # A million ids take 11 MB as text, and six times as much as objects.
        self.reported.setdefault(interaction, []).append(_encode(customers))

    def reported_customers(self, interaction: Interaction) -> list[str]:
        """Return the ids of the customers reported for an interaction, in order, with repetitions."""
        return [customer for block in self.reported[interaction] for customer in _decode(block)]

    def _check_channel(self, channel: int | None) -> None:
        if channel is not None:
            self.channel_templates(channel)


def _listener_entry(action: str, event: int, channel: int | None, url: str) -> JournalEntry:
    return JournalEntry(kind="listener", fields={"action": action, "event_type": event, "channel": channel, "url": url})


def _templates_entry(channel: int, action: str, pairs: list[tuple[int, str]]) -> JournalEntry:
    templates = [{"id": id_, "name": name} for id_, name in pairs]
    return JournalEntry(kind="channel_templates", fields={"channel": channel, "action": action, "templates": templates})
