"""Load test of the simulators: read all pages of a campaign in parallel, and check each row.

locust -f loadtests/paging.py --headless --users 4 --customers 10000000
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from base import LoadProcess, LoadTest, PreparedTest, check_total
from expected_rows import ATTRIBUTES, compare_rows, create_audience, expected_page
from load_session import LoadSession, LoadTestUser
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import CAMPAIGN_ID, SCHEDULED_CHANNEL, SEND_AT, LoadOptions
from simulator_only import announce_campaign, create_sandbox

# Optimove's largest page.
PAGE_SIZE = 10_000
LOSSES = ("wrong rows", "missing rows", "repeated rows")
_PATH = "/current/customers/GetCustomerSendDetailsByChannel"
_OK = 200

_decode = msgspec.json.Decoder(list[Any]).decode


class PagingTest(LoadTest):
    """Every page once, divided among the workers. The row after the last one is requested, too."""

    kind = "paging"
    customers = 1_000_000
    latencies = ("page",)

    def prepare(self, options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack) -> PreparedTest:
        """Create a sandbox with an announced campaign for all customers."""
        control, created = create_sandbox(options, folder, progress, stack)
        template = announce_campaign(control, created, options)
        optimove = created["services"]["optimove"]
        return PreparedTest(
            control=control.url,
            sandbox=created["sandbox"],
            job={
                "control": control.url,
                "url": optimove["url"],
                "key": optimove["credentials"]["api_key"],
                "template": template,
            },
        )

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"The pages of {options.customers:,} customers"

    def total(self, options: LoadOptions) -> tuple[str, int]:
        """Return the number of rows."""
        return "pages", options.customers

    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""
        return {"customers": f"{options.customers:,}", "rows per page": f"{PAGE_SIZE:,}", "rate limits": "off"}

    def start_generator(self, process: LoadProcess) -> None:
        """Select the pages of this worker, from which its users take one at a time."""
        self.audience = create_audience(process.options)
        pages = range(0, process.options.customers + 1, PAGE_SIZE)
        self.pages: Iterator[int] = iter(pages[process.share :: process.shares])
        for loss in LOSSES:
            process.counts.record_checked(loss, "rows", "harness", 0)

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Check that every customer was on a page."""
        del control, sandbox
        missing = sum(loss.count for name, loss in counts.losses.items() if name != "wrong rows")
        return Counts() if missing else check_total("pages", options.customers, counts)

    def check(self, counts: Counts, template: Any, skip: int, body: bytes, at: float) -> None:
        """Compare a page with the expected rows."""
        got = _decode(body)
        expected = expected_page(self.audience, skip, PAGE_SIZE, template, f"{SEND_AT:%Y-%m-%d %H:%M:%S}")
        counts.record_events("pages", "rows", len(got), at)
        for loss in LOSSES:
            counts.record_checked(loss, "rows", "harness", len(expected))
        for loss, example in compare_rows(got, expected, skip):
            counts.record_losses(loss, example)


TEST = PagingTest()


class PageUser(LoadTestUser):
    """A user that reads pages until none is left."""

    session = LoadSession(TEST)

    def work(self, process: LoadProcess) -> None:
        """Read one page after the other."""
        session = self.http(process.job["url"])
        for skip in TEST.pages:
            query = {
                "ChannelID": SCHEDULED_CHANNEL,
                "CampaignID": CAMPAIGN_ID,
                "CustomerAttributes": ";".join(ATTRIBUTES),
                "$top": PAGE_SIZE,
                "$skip": skip,
            }
            headers = {"X-API-KEY": process.job["key"]}
            process.counts.record_start("pages", "rows", process.now)
            response = session.get(f"{_PATH}?{urlencode(query)}", headers=headers, name="page")
            if response.status_code != _OK:
                process.abort(
                    f"rows from {skip:,}: expected status 200, got {response.status_code}: {response.text!r:.200}",
                    "harness",
                )
                return
            TEST.check(process.counts, process.job["template"], skip, response.content, process.now)
