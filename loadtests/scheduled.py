"""The common part of `campaign.py`, `receipts.py` and `day.py`: campaigns from their pages to their last reports."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from itertools import dropwhile, takewhile
from pathlib import Path
from urllib.parse import urlsplit

import gevent

from base import LoadProcess, LoadTest, PreparedTest
from load_session import LoadTestUser
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.campaign_audit import audit
from sendproof_harness.load.checked import judge_history
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.model import HistoryCheck
from sendproof_harness.load.process_stats import WatchedProcess, is_local, listening_pid
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions, campaign_scenario
from sendproof_harness.load.tracking.campaign_tracker import CampaignTracker
from sendproof_harness.preflight.checks import handover_problems
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.runner import HISTORY, RunOptions, prepare_run
from sendproof_harness.run.steps import STEPS
from sendproof_harness.scenario.model import SMS, Advance, Scenario

# Pause between two reads of the journal. The lines have their times, so a longer one only delays what is shown.
POLL_INTERVAL_S = 0.25
# There is more to read at once.
_MANY_BYTES = 500_000


def run_options(options: LoadOptions, clock_rate: float | None = None) -> RunOptions:
    """Return the options of a run for those of a load test."""
    return RunOptions(
        bridge=options.bridge,
        command=options.command,
        control_url=options.control_url,
        results=options.results,
        timeout_s=options.timeout_s,
        clock_rate=clock_rate,
        preflight=handover_problems,
    )


def watched_bridge(context: RunContext) -> list[WatchedProcess]:
    """Return the process of the bridge, or nothing if it is on another machine."""
    pid = context.bridge.pid
    if pid is None and is_local(f"//{context.bridge.listen['host']}"):
        pid = listening_pid(context.bridge.listen["port"])
    return [] if pid is None else [WatchedProcess("bridge", "bridge", pid)]


def bridge_text(options: LoadOptions) -> str:
    """Return a description of the tested bridge."""
    if options.bridge is not None:
        return f"at {urlsplit(options.bridge).netloc}"
    return options.command or "the reference bridge"


def rate_limits_text(options: LoadOptions) -> str:
    """Return `on` or `off` for the rate limits of the services."""
    return "on" if options.rate_limits else "off"


class ScheduledTest(LoadTest):
    """Campaigns. The main process advances the virtual time; one load generator follows the journal and counts."""

    customers = 100_000
    latencies = ("receipt", "acknowledgement")

    def scenario(self, options: LoadOptions) -> Scenario:
        """Return the scenario: steps of preparation up to the first advance of time, and those of the test."""
        return campaign_scenario(options)

    def prepare(self, options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack) -> PreparedTest:
        """Start simulators and bridge, wait until the bridge is ready, and schedule the campaign."""
        scenario = self.scenario(options)
        durations = (step.by for step in scenario.steps if isinstance(step, Advance))
        progress.expect_time(sum(durations, timedelta()))
        context = self.context = prepare_run(
            scenario, f"load_{self.kind}", run_options(options), progress, folder, stack
        )
        for step in takewhile(lambda step: not isinstance(step, Advance), scenario.steps):
            STEPS[type(step)](context, step)
        is_in_virtual_time = bool(context.participants())
        self.history_file, self.keeps_history = folder / HISTORY, options.keep_history
        self.is_in_virtual_time = is_in_virtual_time
        return PreparedTest(
            control=context.control.url,
            sandbox=context.sandboxes[0],
            settings={}
            if is_in_virtual_time
            else {"times": "and reports are not judged: the bridge does not take part in virtual time"},
            job={"control": context.control.url, "sandbox": context.sandboxes[0]},
            watched=watched_bridge(context),
        )

    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""
        return {
            "customers": f"{options.customers:,}",
            "provider": options.provider,
            **({} if options.message == SMS else {"messages": options.message}),
            "days": str(options.days),
            "rate limits": rate_limits_text(options),
            "bridge": bridge_text(options),
        }

    def callers(self, users: int, shares: int) -> list[int]:
        """Return one caller: all counts come from one journal."""
        del users
        return [1, *[0] * (shares - 1)]

    def start_generator(self, process: LoadProcess) -> None:
        """Create the tracker, which reads the journal from its beginning."""
        self.tracker = CampaignTracker(process.counts, process.options.provider, process.record_response)

    def run_main(self, process: LoadProcess) -> None:
        """Take the steps of the test (most advance the time), and save the history."""
        del process
        for step in dropwhile(lambda step: not isinstance(step, Advance), self.context.scenario.steps):
            STEPS[type(step)](self.context, step)
        self.context.control.save_history(self.context.sandboxes[0], self.history_file)

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Compare the messages and totals of the history with what was due."""
        del options, control, sandbox
        return audit(self._history_lines, counts, timed=self.is_in_virtual_time)

    def _history_lines(self) -> Iterator[bytes]:
        with self.history_file.open("rb") as lines:
            yield from lines

    def judge_history(self) -> tuple[HistoryCheck, ...]:
        """Judge the history with the checks of `sendproof run`. Remove it if all is right, unless it is wanted.

        A bridge outside virtual time leaves some checks without an answer, which does not depend on its load.
        """
        checks = judge_history(self.history_file)
        if not self.keeps_history and all(check.status == "pass" for check in checks):
            self.history_file.unlink()
        return tuple(check for check in checks if self.is_in_virtual_time or check.status != "unknown")

    def follow(self, process: LoadProcess) -> None:
        """Count the journal's lines until the main process has finished and no line is left."""
        control, position = process.control(), 0
        while True:
            is_last_read = process.finished.is_set()
            chunk = control.journal(process.job["sandbox"], position)
            self.tracker.process(chunk)
            position += len(chunk)
            if is_last_read and not chunk:
                break
            if len(chunk) < _MANY_BYTES and not is_last_read:
                gevent.sleep(POLL_INTERVAL_S)


class CampaignUser(LoadTestUser):
    """The only user of such a test."""

    abstract = True

    def work(self, process: LoadProcess) -> None:
        """Follow the journal to its end."""
        test = self.session.test
        if isinstance(test, ScheduledTest):
            test.follow(process)
