"""The common part of `triggers.py` and `soak.py`: triggers at a rate, an open model.

Latency counts from the planned time of each trigger.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import count, islice
from pathlib import Path

import gevent

from base import LoadProcess, LoadTest, PreparedTest, check_total
from expected_rows import create_audience, expected_order
from load_session import LoadTestUser
from scheduled import POLL_INTERVAL_S, bridge_text, rate_limits_text, run_options, watched_bridge
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.arrivals import SHAPE_DESCRIPTIONS, SHAPES, Arrival, arrival_count, arrival_times, together
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions, trigger_scenario
from sendproof_harness.load.tracking.campaign_tracker import parse_journal
from sendproof_harness.load.tracking.trigger_tracker import (
    ORDER_EVENT,
    ORDER_PARAMETER,
    UNANSWERED,
    TriggerTracker,
    format_order,
)
from sendproof_harness.run.runner import prepare_run
from sendproof_harness.run.steps.triggers import define
from sendproof_harness.run.steps.wait_for import wait_for
from sendproof_harness.scenario.model import DefineTrigger, WaitFor
from sendproof_simulators.core.audience.audience import Audience

_OK = 200
_CLIENT_ERRORS = range(400, 500)
# An open model does not wait for responses. This many requests can be open before one has to wait.
_CONNECTIONS = 500


class TriggeredTest(LoadTest):
    """Events in real time; each triggers a message."""

    customers = 100_000
    latencies = ("message", "acknowledgement", "receipt", "event")
    from_intended_start = frozenset({"message"})

    def prepare(self, options: LoadOptions, folder: Path, progress: LoadProgress, stack: ExitStack) -> PreparedTest:
        """Start simulators and bridge in real time, wait until the bridge is ready, and define the trigger."""
        scenario = trigger_scenario(options)
        context = self.context = prepare_run(
            scenario, f"load_{self.kind}", run_options(options, clock_rate=1.0), progress, folder, stack
        )
        for step in scenario.steps:
            if isinstance(step, WaitFor):
                wait_for(context, step)
            elif isinstance(step, DefineTrigger):
                define(context, step)
        return PreparedTest(
            control=context.control.url,
            sandbox=context.sandboxes[0],
            job={"control": context.control.url, "sandbox": context.sandboxes[0]},
            watched=watched_bridge(context),
        )

    def title(self, options: LoadOptions) -> str:
        """Return the title of the report."""
        return f"Triggers at {options.rate:,g} per second for {options.seconds:,g} seconds"

    def total(self, options: LoadOptions) -> tuple[str, int]:
        """Return the number of triggers."""
        return "triggers", arrival_count(SHAPES[options.shape](options.rate, options.seconds))

    def settings(self, options: LoadOptions) -> Mapping[str, str]:
        """Return the settings for the report, as text."""
        return {
            "rate": f"{options.rate:,g} per second at its highest",
            "shape": f"{options.shape}: {SHAPE_DESCRIPTIONS[options.shape]}",
            "seconds": f"{options.seconds:,g}",
            "customers": f"{options.customers:,}",
            "provider": options.provider,
            "rate limits": rate_limits_text(options),
            "bridge": bridge_text(options),
        }

    def check_health(self) -> None:
        """Check that the bridge runs."""
        self.context.bridge.check_running()

    def final_counts(self, options: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """Check that all planned triggers were fired, except for those whose event got no response."""
        del control, sandbox
        expected = arrival_count(SHAPES[options.shape](options.rate, options.seconds))
        return check_total("triggers", expected, counts, missing=counts.losses[UNANSWERED].count)

    def callers(self, users: int, shares: int) -> list[int]:
        """Return one caller for each load generator: it sends all triggers of its share without waiting."""
        del users
        return [1] * shares

    def start_generator(self, process: LoadProcess) -> None:
        """Plan the triggers of this worker: every n-th of n workers."""
        audience = create_audience(process.options)
        # The first call loads the pools of names. Without it, the first trigger would be late.
        expected_order(audience, 0)
        profile = SHAPES[process.options.shape](process.options.rate, process.options.seconds)
        self.tracker = TriggerTracker(
            process.counts,
            lambda number: expected_order(audience, number),
            process.record_response,
            total=arrival_count(profile),
            share=process.share,
            shares=process.shares,
        )
        self.audience = audience
        arrivals = map(Arrival, count(), arrival_times(profile))
        self.plan: Iterator[Arrival] = islice(arrivals, process.share, None, process.shares)


class TriggerUser(LoadTestUser):
    """A caller that fires the triggers at their planned times, without waiting, and follows the journal meanwhile."""

    abstract = True

    @property
    def test(self) -> TriggeredTest:
        """The test of this process."""
        if not isinstance(self.session.test, TriggeredTest):
            raise TypeError(f"expected a test with triggers, got {self.session.test!r}")
        return self.session.test

    def work(self, process: LoadProcess) -> None:
        """Fire all triggers. End when all messages have arrived, or none arrived within the timeout."""
        self.client = self.http(process.job["control"], _CONNECTIONS)
        firing = gevent.spawn(self._fire_all, process)
        control, position, last_progress = process.control(), 0, process.now
        while True:
            chunk = control.journal(process.job["sandbox"], position)
            position += len(chunk)
            arrived_before = self.test.tracker.arrived
            for line in parse_journal(chunk):
                self.test.tracker.process(line)
            if self.test.tracker.arrived > arrived_before or not firing.dead:
                last_progress = process.now
            if firing.dead and (self.test.tracker.outstanding <= 0 or self._is_timed_out(process, last_progress)):
                break
            gevent.sleep(POLL_INTERVAL_S)
        self.test.tracker.finish()

    def _is_timed_out(self, process: LoadProcess, last_progress: float) -> bool:
        return process.now - last_progress > process.options.timeout_s

    def _fire_all(self, process: LoadProcess) -> None:
        clock_offset: float = process.job["began"]
        start, group = process.now, gevent.pool.Group()
        for arrivals in together(self.test.plan):
            gevent.sleep(max(0.0, start + arrivals[-1].at - process.now))
            for number, at in arrivals:
                self.test.tracker.record_fired(number, start + at + clock_offset, process.now - start - at)
            group.spawn(self._fire, process, [arrival.number for arrival in arrivals])
        group.join()

    def _fire(self, process: LoadProcess, numbers: list[int]) -> None:
        path = f"/control/sandboxes/{process.job['sandbox']}/events"
        customer_events = [_event(self.test.audience, process, number) for number in numbers]
        response = self.client.post(path, json=customer_events, name="event")
        if response.status_code == _OK:
            return
        got = getattr(response, "error", None) or f"status {response.status_code}: {response.text!r:.200}"
        reason = f"expected status 200, got {got}"
        if response.status_code in _CLIENT_ERRORS:
            process.abort(f"event: {reason}", "harness")
        else:
            # No response, or a server error: the simulators are overloaded, and the other events are still worth it.
            for number in numbers:
                self.test.tracker.record_unanswered(number, reason)


def _event(audience: Audience, process: LoadProcess, number: int) -> dict[str, object]:
    customer = audience.id_of(number % process.options.customers)
    return {"customer": customer, "event": ORDER_EVENT, "parameters": {ORDER_PARAMETER: format_order(number)}}
