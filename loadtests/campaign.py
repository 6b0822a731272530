"""Load test of a bridge: a large scheduled campaign until its last receipt and report.

locust -f loadtests/campaign.py --headless --users 1 --customers 1000000
"""

from load_session import LoadSession
from scheduled import CampaignUser, ScheduledTest
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.scenario.model import EMAIL, INBOX, PUSH, WEB_PUSH

_MESSAGES = {PUSH: ", by push", WEB_PUSH: ", by web push", INBOX: ", to the inbox", EMAIL: ", by e-mail"}


class CampaignTest(ScheduledTest):
    """A campaign through all stages: pages, messages, receipts and reports."""

    kind = "campaign"

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"A campaign of {options.customers:,} customers" + _MESSAGES.get(options.message, "")


class ScheduledCampaignUser(CampaignUser):
    """The user that follows the journal."""

    session = LoadSession(CampaignTest())
