"""Triggers at a rate, whether the bridge keeps up or not: the latency counts from when each was to be fired.

locust -f loadtests/triggers.py --headless --users 1 --rate 200 --seconds 60
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import gevent

from base import LoadTest, Prepared, Process, Running, Worker, all_of
from expected_rows import expected_order, people
from scheduled import LOOK_EVERY_S, bridge_of, limits, options_of, whose
from sendproof_harness.control_client import ControlClient
from sendproof_harness.load.arrivals import SHAPE_DESCRIPTIONS, SHAPES, arrival_count, arrival_times
from sendproof_harness.load.campaign_tracker import parse_journal
from sendproof_harness.load.counters import Counts
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions, trigger_scenario
from sendproof_harness.load.trigger_tracker import ORDER_EVENT, ORDER_PARAMETER, TriggerTracker, format_order
from sendproof_harness.run.runner import prepare_run
from sendproof_harness.run.steps.triggers import define
from sendproof_harness.run.steps.wait_for import wait_for
from sendproof_harness.scenario.model import DefineTrigger, WaitFor

_OK = 200
# An open model waits for nobody; so many calls may be under way at once before one has to.
_CONNECTIONS = 500
# The clock of the simulators is asked so often; the quickest answer tells it best.
_PROBES = 5


class TriggersTest(LoadTest):
    """A trigger that every customer meets with every event, in real time."""

    kind = "triggers"
    customers = 100_000
    latencies = ("message", "acknowledgement", "receipt", "event")
    intended = frozenset({"message"})

    def prepare(self, wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack) -> Prepared:
        """Simulators, a sandbox in real time, a bridge that is ready, and the trigger."""
        scenario = trigger_scenario(wanted)
        options = options_of(wanted, clock_rate=1.0)
        world = self.world = prepare_run(scenario, "load_triggers", options, telling, folder, stack)
        for step in scenario.steps:
            if isinstance(step, WaitFor):
                wait_for(world, step)
            elif isinstance(step, DefineTrigger):
                define(world, step)
        return Prepared(
            control=world.control.url,
            sandbox=world.sandboxes[0],
            job={"control": world.control.url, "sandbox": world.sandboxes[0]},
            watched=bridge_of(world),
        )

    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""
        return f"Triggers at {wanted.rate:,g} a second for {wanted.seconds:,g} seconds"

    def settings(self, wanted: LoadOptions) -> Mapping[str, str]:
        """What was asked for, in words."""
        return {
            "rate": f"{wanted.rate:,g} a second at its height",
            "shape": f"{wanted.shape}: {SHAPE_DESCRIPTIONS[wanted.shape]}",
            "seconds": f"{wanted.seconds:,g}",
            "customers": f"{wanted.customers:,}",
            "provider": wanted.provider,
            "rate limits": limits(wanted),
            "bridge": whose(wanted),
        }

    def watch(self) -> None:
        """The bridge must run."""
        self.world.bridge.check_running()

    def conclude(self, wanted: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """All that was planned must have been fired."""
        del control, sandbox
        return all_of("triggers", arrival_count(SHAPES[wanted.shape](wanted.rate, wanted.seconds)), counts)

    def begin(self, process: Process) -> None:
        """Those triggers of which the number leaves the worker's share as remainder."""
        everybody = people(process.wanted)
        # The pools of names are made when the first name is drawn; that must not hold up the first trigger.
        expected_order(everybody, 0)
        pace = SHAPES[process.wanted.shape](process.wanted.rate, process.wanted.seconds)
        self.tracker = TriggerTracker(
            process.counts,
            lambda number: expected_order(everybody, number),
            process.answered,
            total=arrival_count(pace),
            share=process.share,
            shares=process.shares,
        )
        self.everybody = everybody
        self.plan: Iterator[tuple[int, float]] = islice(
            enumerate(arrival_times(pace)), process.share, None, process.shares
        )


TEST = TriggersTest()


class Marketer(Worker):
    """Fires at the planned instants, in a greenlet for each, and meanwhile follows the journal."""

    test = Running(TEST)

    def work(self, process: Process) -> None:
        """Fire all of it, and wait until every message has come, or nothing more does for as long as one is patient."""
        self.session = self.http(process.job["control"], _CONNECTIONS)
        firing = gevent.spawn(self._fire_all, process)
        control, read, last_news = process.control(), 0, process.now
        while True:
            piece = control.journal(process.job["sandbox"], read)
            read += len(piece)
            came = TEST.tracker.arrived
            for line in parse_journal(piece):
                TEST.tracker.process(line)
            if TEST.tracker.arrived > came or not firing.dead:
                last_news = process.now
            if firing.dead and (TEST.tracker.arrived >= TEST.tracker.due or self._timeout_is_over(process, last_news)):
                break
            gevent.sleep(LOOK_EVERY_S / 2)
        TEST.tracker.finish()

    def _timeout_is_over(self, process: Process, last_news: float) -> bool:
        return process.now - last_news > process.wanted.timeout_s

    def _fire_all(self, process: Process) -> None:
        ahead = clock_ahead(process)
        began, group = process.now, gevent.pool.Group()
        for number, at in TEST.plan:
            gevent.sleep(max(0.0, began + at - process.now))
            group.spawn(self._fire, process, number, began + at, ahead)
        group.join()

    def _fire(self, process: Process, number: int, planned: float, ahead: float) -> None:
        TEST.tracker.record_fired(number, planned + ahead, process.now - planned)
        customer = TEST.everybody.id_of(number % process.wanted.customers)
        event = {"customer": customer, "event": ORDER_EVENT, "parameters": {ORDER_PARAMETER: format_order(number)}}
        path = f"/control/sandboxes/{process.job['sandbox']}/events"
        reply = self.session.post(path, json=[event], name="event")
        if reply.status_code != _OK:
            process.fail(f"an event: expected status 200, got {reply.status_code}: {reply.text!r:.200}", "harness")


def clock_ahead(process: Process) -> float:
    """What has to be added to the seconds of this process to have the clock of the simulators."""
    control, probes = process.control(), []
    for _ in range(_PROBES):
        asked = process.now
        real: float = control.health()["real"]
        answered = process.now
        probes.append((answered - asked, real - (asked + answered) / 2))
    return min(probes)[1]
