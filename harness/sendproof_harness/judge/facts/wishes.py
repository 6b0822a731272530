"""The client's wishes for the bridge, as far as the scenario states them; see `docs/connect-your-bridge.md`."""

from sendproof_harness.history.records import History

#: Totals by UpdateCampaignMetrics, and customers by UpdateCampaignInteractions.
CAMPAIGN_METRICS = "campaign_metrics"


def wants_interactions(history: History) -> bool:
    """Return True if the client wants reports as totals and interactions."""
    return any(scenario.reports == CAMPAIGN_METRICS for scenario in history.scenarios)
