"""The client's wishes for the bridge, as far as the scenario states them; see `docs/connect-your-bridge.md`."""

from collections.abc import Mapping

from sendproof_harness.history.parts import SMS
from sendproof_harness.history.records import History, Obligation
from sendproof_harness.providers import provider

#: Totals by UpdateCampaignMetrics, and customers by UpdateCampaignInteractions.
CAMPAIGN_METRICS = "campaign_metrics"
#: Single customers by saveEvent.
SAVE_EVENT = "save_event"
#: The number of reports a day, if the scenario sets none. The guide says "several times a day". A lenient reader may
#: call two several; for three, every reader does.
REPORTS_A_DAY = 3
#: The client names no sender, so the default of the provider's account or template counts.
NO_SENDER = "none"
#: The client wants no reports of opt-outs.
NO_OPT_OUTS = "none"


def is_conformance_run(history: History) -> bool:
    """Return True if only the listeners and the requests of the bridge are judged."""
    return any(scenario.asks == "contract" for scenario in history.scenarios)


def wants_interactions(history: History) -> bool:
    """Return True if the client wants reports as totals and interactions."""
    return any(scenario.reports == CAMPAIGN_METRICS for scenario in history.scenarios)


def wants_events(history: History) -> bool:
    """Return True if the client wants reports of single customers by saveEvent."""
    return any(scenario.reports == SAVE_EVENT for scenario in history.scenarios)


def reports_a_day(history: History) -> int:
    """Return how often a day the client wants reports."""
    return next((scenario.reports_a_day for scenario in history.scenarios if scenario.reports_a_day), REPORTS_A_DAY)


def cadence_source(history: History) -> str:
    """Return where the number of reports a day comes from, in words."""
    if any(scenario.reports_a_day for scenario in history.scenarios):
        return f"`reports_a_day: {reports_a_day(history)}` in the scenario"
    return f"{REPORTS_A_DAY} a day are assumed: the guide says several times"


def wanted_opt_outs(history: History) -> str | None:
    """Return how the client wants opt-outs reported: preference, attribute or none; None leaves it to the bridge."""
    return next((scenario.opt_outs for scenario in history.scenarios), None)


def wanted_sender(history: History) -> str | None:
    """Return the sender that the client names in the handover, or `NO_SENDER`; None if the history does not say."""
    return next((scenario.sender for scenario in history.scenarios), None)


def listen_address(history: History) -> str | None:
    """Return host and port at which the handover lets the bridge listen; None if the history does not say."""
    origin = next((scenario.listen for scenario in history.scenarios), None)
    return None if origin is None else origin.partition("://")[2]


def wanted_links(history: History) -> Mapping[int, str]:
    """Return the link that each triggered message of a channel needs, by channel."""
    return {number: url for scenario in history.scenarios for number, url in scenario.links.items()}


def overridden_values(history: History) -> Mapping[int, Mapping[str, str]]:
    """Return the values that each triggered message of a channel has in place of the customer's, by channel."""
    channels = (scenario.overridden_values for scenario in history.scenarios)
    return {number: values for overridden in channels for number, values in overridden.items()}


def apps_of_channels(history: History) -> Mapping[int, Mapping[str, str]]:
    """Return the names of the apps of each channel that has any, by id."""
    return {number: apps for scenario in history.scenarios for number, apps in scenario.apps.items()}


def has_free_text(history: History, obligation: Obligation) -> bool:
    """Return True if the client's overrides compute text and recipient of this message, which only the bridge knows."""
    channels = (scenario.free_texts for scenario in history.scenarios)
    return obligation.trigger is not None and any(obligation.channel in free for free in channels)


def preference_channels(history: History) -> Mapping[int, int]:
    """Return the channel for which opt-outs are reported, by channel of the run.

    Without a wish of the client, it is the provider's channel for subscriptions to SMS if Optimove has one, else the
    channel.
    """
    other = {
        number: channel for scenario in history.scenarios for number, channel in scenario.preference_channels.items()
    }
    post_back = {
        channel.provider: channel.id
        for channel in history.header.channels
        if channel.id in provider(channel.provider).subscription_channels
    }
    return {
        channel.id: other.get(
            channel.id, post_back.get(channel.provider, channel.id) if channel.message == SMS else channel.id
        )
        for channel in history.header.channels
    }
