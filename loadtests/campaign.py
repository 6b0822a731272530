"""A large scheduled campaign through a bridge until its last receipt and report.

locust -f loadtests/campaign.py --headless --users 1 --customers 1000000
"""

from base import Running
from scheduled import Follower, Scheduled
from sendproof_harness.load.scenarios import LoadOptions


class CampaignTest(Scheduled):
    """Pages, messages, receipts, reports."""

    kind = "campaign"

    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""
        return f"A campaign of {wanted.customers:,} customers"


class Campaign(Follower):
    """Counts what is owed against what comes."""

    test = Running(CampaignTest())
