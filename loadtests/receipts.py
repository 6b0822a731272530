"""Load test of a bridge: receipts as fast as it accepts them, each more than once.

locust -f loadtests/receipts.py --headless --users 1 --customers 20000 --duplicates 2
"""

from load_session import LoadSession
from scheduled import CampaignUser, ScheduledTest
from sendproof_harness.load.scenarios import LoadOptions


class ReceiptsTest(ScheduledTest):
    """A campaign with duplicate receipts, to measure how fast a bridge accepts them."""

    kind = "receipts"
    customers = 20_000
    duplicates = 1
    days = 1

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"The receipts of {options.customers:,} customers, each {options.duplicates + 1} times"


class ReceiptsUser(CampaignUser):
    """The user that follows the journal."""

    session = LoadSession(ReceiptsTest())
