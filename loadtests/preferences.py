"""Who may be written to, told to Optimove in calls of 50,000, the most that one may carry.

locust -f loadtests/preferences.py --headless --users 4 --customers 1000000
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from base import LoadTest, Prepared, Process, Running, Worker, all_of
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import SCHEDULED_CHANNEL, LoadOptions
from sendproof_harness.scenario.customer_selection import customer_id
from simulator_only import sandbox_of

# documented: https://developer.optimove.com/v2.0/reference/post_integrations-setcustomerchannelpreference
MOST = 50_000
_PATH = "/current/integrations/SetCustomerChannelPreference"
# The two modes that simulators know: may be written to, may not.
_MODES = (1, 2)
_OK, _REFUSED = 200, range(400, 500)


class PreferencesTest(LoadTest):
    """Everybody is told of once, half of them in each mode; in the end the simulator must have counted that."""

    kind = "preferences"
    customers = 1_000_000
    latencies = ("preferences",)

    def prepare(self, wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack) -> Prepared:
        """A sandbox."""
        control, told = sandbox_of(wanted, folder, telling, stack)
        optimove = told["services"]["optimove"]
        return Prepared(
            control=control.url,
            sandbox=told["sandbox"],
            job={
                "control": control.url,
                "sandbox": told["sandbox"],
                "url": optimove["url"],
                "key": optimove["credentials"]["api_key"],
            },
        )

    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""
        return f"The preferences of {wanted.customers:,} customers"

    def settings(self, wanted: LoadOptions) -> Mapping[str, str]:
        """What was asked for, in words."""
        return {"customers": f"{wanted.customers:,}", "customers a call": f"{MOST:,}", "rate limits": "off"}

    def begin(self, process: Process) -> None:
        """The calls of this worker's share."""
        starts = range(0, process.wanted.customers, MOST)
        self.starts: Iterator[int] = iter(starts[process.share :: process.shares])
        process.counts.record_checked("too many taken", "calls", "harness", 0)

    def conclude(self, wanted: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Half of the customers, by calls, must be known in each mode."""
        counts, expected = all_of("preferences", wanted.customers, counts), dict.fromkeys(_MODES, 0)
        for start in range(0, wanted.customers, MOST):
            expected[mode_of(start)] += min(MOST, wanted.customers - start)
        counts.record_checked("not kept", "customers", "harness", wanted.customers)
        kept = control.service_overview(sandbox, "optimove")["preferences"]
        by_channel: dict[int, dict[str, int]] = {row["channel"]: row["customers_by_mode"] for row in kept}
        known = by_channel.get(SCHEDULED_CHANNEL, {})
        for mode, customers in expected.items():
            got = known.get(str(mode), 0)
            if got != customers:
                example = f"mode {mode}: expected {customers:,} customers, got {got:,}"
                counts.record_losses("not kept", example, abs(customers - got))
        return counts


TEST = PreferencesTest()


def mode_of(start: int) -> int:
    """Call by call, one mode and the other."""
    return _MODES[start // MOST % len(_MODES)]


class Teller(Worker):
    """Tells of 50,000 after the other, and once of one more than may be."""

    test = Running(TEST)

    def work(self, process: Process) -> None:
        """Tell of all that are left."""
        self.session = self.http(process.job["url"])
        for start in TEST.starts:
            stop = min(start + MOST, process.wanted.customers)
            if not self._tell(process, range(start, stop), mode_of(start)):
                return
        self._one_too_many(process)

    def _tell(self, process: Process, customers: range, mode: int) -> bool:
        reply = self.session.post(_PATH, json=_body(customers, mode), headers=_headers(process), name="preferences")
        if reply.status_code != _OK:
            why = f"preferences: expected status 200, got {reply.status_code}: {reply.text!r:.200}"
            process.fail(why, "harness")
            return False
        process.counts.record_events("preferences", "customers", len(customers), process.now)
        return True

    def _one_too_many(self, process: Process) -> None:
        process.counts.record_checked("too many taken", "calls", "harness")
        body = _body(range(MOST + 1), _MODES[0])
        with self.session.post(
            _PATH, json=body, headers=_headers(process), name="one too many", catch_response=True
        ) as reply:
            if reply.status_code in _REFUSED:
                reply.success()
            else:
                process.counts.record_losses("too many taken", f"{MOST + 1:,} customers: status {reply.status_code}")


def _body(customers: range, mode: int) -> dict[str, object]:
    ids = [customer_id(index) for index in customers]
    return {"ChannelID": SCHEDULED_CHANNEL, "CommunicationMode": mode, "CustomerIDs": ids}


def _headers(process: Process) -> dict[str, str]:
    return {"X-API-KEY": process.job["key"]}
