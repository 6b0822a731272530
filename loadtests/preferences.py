"""Load test of the simulators: channel preferences of all customers, 50,000 per call.

locust -f loadtests/preferences.py --headless --users 4 --customers 1000000
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from base import LoadProcess, LoadTest, PreparedTest, check_total
from load_session import LoadSession, LoadTestUser
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import SCHEDULED_CHANNEL, LoadOptions
from sendproof_harness.scenario.customer_selection import usual_id
from simulator_only import create_sandbox

# documented: https://developer.optimove.com/v2.0/reference/post_integrations-setcustomerchannelpreference
CUSTOMERS_PER_CALL = 50_000
_PATH = "/current/integrations/SetCustomerChannelPreference"
# The modes that the simulators support: messages allowed, and not allowed.
_MODES = (1, 2)
_OK, _CLIENT_ERRORS = 200, range(400, 500)


class PreferencesTest(LoadTest):
    """One preference for each customer, half of them in each mode. At the end, the simulator must have counted them."""

    kind = "preferences"
    customers = 1_000_000
    latencies = ("preferences",)

    def prepare(self, options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack) -> PreparedTest:
        """Create a sandbox."""
        control, created = create_sandbox(options, folder, progress, stack)
        optimove = created["services"]["optimove"]
        return PreparedTest(
            control=control.url,
            sandbox=created["sandbox"],
            job={
                "control": control.url,
                "sandbox": created["sandbox"],
                "url": optimove["url"],
                "key": optimove["credentials"]["api_key"],
            },
        )

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"The preferences of {options.customers:,} customers"

    def total(self, options: LoadOptions) -> tuple[str, int]:
        """Return the number of customers."""
        return "preferences", options.customers

    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""
        return {
            "customers": f"{options.customers:,}",
            "customers per call": f"{CUSTOMERS_PER_CALL:,}",
            "rate limits": "off",
        }

    def start_generator(self, process: LoadProcess) -> None:
        """Select the calls of this worker, by their first customer."""
        starts = range(0, process.options.customers, CUSTOMERS_PER_CALL)
        self.starts: Iterator[int] = iter(starts[process.share :: process.shares])
        process.counts.record_checked("too many accepted", "calls", "harness", 0)

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Compare the simulator's number of customers in each mode with the expected one."""
        result, expected = check_total("preferences", options.customers, counts), dict.fromkeys(_MODES, 0)
        for start in range(0, options.customers, CUSTOMERS_PER_CALL):
            expected[mode_of(start)] += min(CUSTOMERS_PER_CALL, options.customers - start)
        result.record_checked("not stored", "customers", "harness", options.customers)
        stored = control.service_overview(sandbox, "optimove")["preferences"]
        by_channel: dict[int, dict[str, int]] = {row["channel"]: row["customers_by_mode"] for row in stored}
        known = by_channel.get(SCHEDULED_CHANNEL, {})
        for mode, customers in expected.items():
            got = known.get(str(mode), 0)
            if got != customers:
                example = f"mode {mode}: expected {customers:,} customers, got {got:,}"
                result.record_losses("not stored", example, abs(customers - got))
        return result


TEST = PreferencesTest()


def mode_of(start: int) -> int:
    """Return the mode of the call that begins with this customer; the modes alternate."""
    return _MODES[start // CUSTOMERS_PER_CALL % len(_MODES)]


class PreferenceUser(LoadTestUser):
    """A user that sends preferences for 50,000 customers at a time, and once for one customer too many."""

    session = LoadSession(TEST)

    def work(self, process: LoadProcess) -> None:
        """Send all remaining preferences."""
        self.client = self.http(process.job["url"])
        for start in TEST.starts:
            stop = min(start + CUSTOMERS_PER_CALL, process.options.customers)
            if not self._send(process, range(start, stop), mode_of(start)):
                return
        self._send_too_many(process)

    def _send(self, process: LoadProcess, customers: range, mode: int) -> bool:
        process.counts.record_start("preferences", "customers", process.now)
        response = self.client.post(_PATH, json=_body(customers, mode), headers=_headers(process), name="preferences")
        if response.status_code != _OK:
            reason = f"preferences: expected status 200, got {response.status_code}: {response.text!r:.200}"
            process.abort(reason, "harness")
            return False
        process.counts.record_events("preferences", "customers", len(customers), process.now)
        return True

    def _send_too_many(self, process: LoadProcess) -> None:
        process.counts.record_checked("too many accepted", "calls", "harness")
        body = _body(range(CUSTOMERS_PER_CALL + 1), _MODES[0])
        with self.client.post(
            _PATH, json=body, headers=_headers(process), name="too many preferences", catch_response=True
        ) as response:
            if response.status_code in _CLIENT_ERRORS:
                response.success()
            else:
                process.counts.record_losses(
                    "too many accepted", f"{CUSTOMERS_PER_CALL + 1:,} customers: status {response.status_code}"
                )


def _body(customers: range, mode: int) -> dict[str, object]:
    ids = [usual_id(index) for index in customers]
    return {"ChannelID": SCHEDULED_CHANNEL, "CommunicationMode": mode, "CustomerIDs": ids}


def _headers(process: LoadProcess) -> dict[str, str]:
    return {"X-API-KEY": process.job["key"]}
