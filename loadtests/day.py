"""Load test of a bridge: days on which everything happens, as in production.

locust -f loadtests/day.py --headless --users 1 --customers 10000 --days 2
"""

from collections.abc import Mapping

from load_session import LoadSession
from scheduled import CampaignUser, ScheduledTest
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.campaign_audit import WHOLE_WAY
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.scenarios import LoadOptions, mixed_day_scenario
from sendproof_harness.scenario.model import Scenario


class MixedDayTest(ScheduledTest):
    """Nightly process, templates, campaigns, triggers, opt-outs and reports together; the history has the verdict."""

    kind = "day"
    customers = 10_000
    days = 1

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        days = "A mixed day" if options.days == 1 else f"{options.days} mixed days"
        return f"{days} of {options.customers:,} customers"

    def scenario(self, options: LoadOptions) -> Scenario:
        """Return the scenario of the days."""
        return mixed_day_scenario(options)

    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""
        return {**super().settings(options), "orders": "of 20% of the customers a day", "opt-outs": "3% a day"}

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Return the whole way of all messages. Losses are found by the checks of the history."""
        del options, control, sandbox
        total, stages = Counts(), list(counts.stages.values())
        if (sending := counts.stages.get("sending")) is not None:
            total.record_start(WHOLE_WAY, "messages", min(stage.first for stage in stages))
            total.record_events(WHOLE_WAY, "messages", sending.count, max(stage.last for stage in stages))
        return total


class MixedDayUser(CampaignUser):
    """The user that follows the journal."""

    session = LoadSession(MixedDayTest())
