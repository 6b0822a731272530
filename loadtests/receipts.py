"""Receipts at the door of a bridge, as quick as it takes them, and each of them more than once.

locust -f loadtests/receipts.py --headless --users 1 --customers 20000 --duplicates 2
"""

from base import Running
from scheduled import Follower, Scheduled
from sendproof_harness.load.scenarios import LoadOptions


class ReceiptsTest(Scheduled):
    """A campaign, of which the receipts are what matters."""

    kind = "receipts"
    customers = 20_000
    duplicates = 1
    days = 1

    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""
        return f"The receipts of {wanted.customers:,} customers, each {wanted.duplicates + 1} times"


class Receipts(Follower):
    """Counts what is owed against what comes."""

    test = Running(ReceiptsTest())
