"""Pages of a campaign, read by several at once: every row is checked against the recipe of the audience.

locust -f loadtests/paging.py --headless --users 4 --customers 10000000
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from base import LoadTest, Prepared, Process, Running, Worker, all_of
from expected_rows import ATTRIBUTES, differing, people, rows
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import CAMPAIGN_ID, SCHEDULED_CHANNEL, SEND_AT, LoadOptions
from simulator_only import announced, sandbox_of

# The largest page that Optimove gives.
PAGE = 10_000
LOSSES = ("wrong rows", "missing rows", "repeated rows")
_PATH = "/current/customers/GetCustomerSendDetailsByChannel"
_OK = 200

_decode = msgspec.json.Decoder(list[Any]).decode


class PagingTest(LoadTest):
    """Every page once, each worker those of its share; the row after the last is asked for, too."""

    kind = "paging"
    customers = 1_000_000
    latencies = ("page",)

    def prepare(self, wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack) -> Prepared:
        """A campaign for everybody, announced."""
        control, told = sandbox_of(wanted, folder, telling, stack)
        template = announced(control, told, wanted)
        optimove = told["services"]["optimove"]
        return Prepared(
            control=control.url,
            sandbox=told["sandbox"],
            job={
                "control": control.url,
                "url": optimove["url"],
                "key": optimove["credentials"]["api_key"],
                "template": template,
            },
        )

    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""
        return f"The pages of {wanted.customers:,} customers"

    def settings(self, wanted: LoadOptions) -> Mapping[str, str]:
        """What was asked for, in words."""
        return {"customers": f"{wanted.customers:,}", "rows a page": f"{PAGE:,}", "rate limits": "off"}

    def begin(self, process: Process) -> None:
        """The pages of this worker's share, which its users take one after the other."""
        self.everybody = people(process.wanted)
        pages = range(0, process.wanted.customers + 1, PAGE)
        self.pages: Iterator[int] = iter(pages[process.share :: process.shares])
        for loss in LOSSES:
            process.counts.record_checked(loss, "rows", "harness", 0)

    def conclude(self, wanted: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Everybody must have been on some page."""
        del control, sandbox
        missing = sum(loss.count for name, loss in counts.losses.items() if name != "wrong rows")
        return Counts() if missing else all_of("pages", wanted.customers, counts)

    def check(self, counts: Counts, template: Any, skip: int, body: bytes, at: float) -> None:
        """Compare a page with what the recipe says."""
        got = _decode(body)
        wanted = rows(self.everybody, skip, PAGE, template, f"{SEND_AT:%Y-%m-%d %H:%M:%S}")
        counts.record_events("pages", "rows", len(got), at)
        for loss in LOSSES:
            counts.record_checked(loss, "rows", "harness", len(wanted))
        for loss, example in differing(got, wanted, skip):
            counts.record_losses(loss, example)


TEST = PagingTest()


class Reader(Worker):
    """Reads pages until there are none left."""

    test = Running(TEST)

    def work(self, process: Process) -> None:
        """One page after the other."""
        session = self.http(process.job["url"])
        for skip in TEST.pages:
            query = {
                "ChannelID": SCHEDULED_CHANNEL,
                "CampaignID": CAMPAIGN_ID,
                "CustomerAttributes": ";".join(ATTRIBUTES),
                "$top": PAGE,
                "$skip": skip,
            }
            headers = {"X-API-KEY": process.job["key"]}
            reply = session.get(f"{_PATH}?{urlencode(query)}", headers=headers, name="page")
            if reply.status_code != _OK:
                process.fail(
                    f"rows from {skip:,} on: expected status 200, got {reply.status_code}: {reply.text!r:.200}",
                    "harness",
                )
                return
            TEST.check(process.counts, process.job["template"], skip, reply.content, process.now)
