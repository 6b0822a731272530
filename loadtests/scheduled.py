"""A scheduled campaign through a bridge, from its pages to its last report; `campaign.py` and `receipts.py` are it."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import gevent

from base import LoadTest, Prepared, Process, Worker, runner_of
from sendproof_harness.load.campaign_tracker import CampaignTracker, parse_obligations
from sendproof_harness.load.process_stats import WatchedProcess, is_local, listening_pid
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions, campaign_scenario
from sendproof_harness.preflight.checks import handover_problems
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.runner import RunOptions, prepare_run
from sendproof_harness.run.steps.campaigns import schedule
from sendproof_harness.run.steps.wait_for import wait_for
from sendproof_harness.scenario.model import Advance, PlanCampaign, WaitFor

# The journal is asked so often for what is new.
LOOK_EVERY_S = 0.1
_KNOWN = "sendproof_known"


def options_of(wanted: LoadOptions, clock_rate: float | None = None) -> RunOptions:
    """As a run has them."""
    return RunOptions(
        bridge=wanted.bridge,
        command=wanted.command,
        control_url=wanted.control_url,
        results=wanted.results,
        timeout_s=wanted.timeout_s,
        clock_rate=clock_rate,
        preflight=handover_problems,
    )


def bridge_of(world: RunContext) -> list[WatchedProcess]:
    """The process of the bridge, if it can be seen."""
    pid = world.bridge.pid
    if pid is None and is_local(f"//{world.bridge.listen['host']}"):
        pid = listening_pid(world.bridge.listen["port"])
    return [] if pid is None else [WatchedProcess("bridge", "bridge", pid)]


def whose(wanted: LoadOptions) -> str:
    """Which bridge is tested."""
    if wanted.bridge is not None:
        return f"at {urlsplit(wanted.bridge).netloc}"
    return wanted.command or "the reference bridge"


def limits(wanted: LoadOptions) -> str:
    """Whether the services keep theirs."""
    return "kept" if wanted.rate_limits else "off"


class Scheduled(LoadTest):
    """The process that made the world lets time pass; one user follows the journal and counts."""

    customers = 100_000
    alone = True
    latencies = ("receipt", "acknowledgement")

    def prepare(self, wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack) -> Prepared:
        """Simulators, sandbox, a bridge that is ready, and a campaign that is planned."""
        scenario = campaign_scenario(wanted)
        world = self.world = prepare_run(scenario, f"load_{self.kind}", options_of(wanted), telling, folder, stack)
        for step in scenario.steps[:2]:
            if isinstance(step, WaitFor):
                wait_for(world, step)
            elif isinstance(step, PlanCampaign):
                schedule(world, step)
        timed = bool(world.participants())
        self.keep = folder / "history.ndjson" if wanted.keep_history else None
        return Prepared(
            control=world.control.url,
            sandbox=world.sandboxes[0],
            settings={}
            if timed
            else {"times": "and reports not judged: the bridge does not take part in virtual time"},
            job={"control": world.control.url, "sandbox": world.sandboxes[0], "timed": timed},
            watched=bridge_of(world),
        )

    def settings(self, wanted: LoadOptions) -> Mapping[str, str]:
        """What was asked for, in words."""
        return {
            "customers": f"{wanted.customers:,}",
            "provider": wanted.provider,
            "days": str(wanted.days),
            "rate limits": limits(wanted),
            "bridge": whose(wanted),
        }

    def begin(self, process: Process) -> None:
        """The journal is followed from its beginning."""
        self.known: gevent.event.Event = gevent.event.Event()
        runner_of(process.environment).register_message(_KNOWN, lambda **_: self.known.set())
        self.tracker = CampaignTracker(
            process.counts, process.wanted.provider, process.answered, timed=process.job["timed"]
        )

    def play(self, process: Process) -> None:
        """Let the bridge read the campaign, see what is owed to whom, and let the rest of the time pass."""
        first, *rest = (step.by for step in self.world.scenario.steps if isinstance(step, Advance))
        # What is owed is asked for while nothing else happens, so that it slows nobody down.
        self.world.time.advance(first / 2)
        runner_of(process.environment).send_message(_KNOWN, None)
        for by in (first / 2, *rest):
            self.world.time.advance(by)
        if self.keep is not None:
            self.world.control.save_history(self.world.sandboxes[0], self.keep)

    def follow(self, process: Process) -> None:
        """Count what happens until nothing more does."""
        control, read = process.control(), 0
        sandbox = process.job["sandbox"]
        while True:
            over = process.over.is_set()
            if self.known.is_set() and not self.tracker.ready:
                self.tracker.set_obligations(parse_obligations(control.expectations(sandbox)))
            piece = control.journal(sandbox, read)
            if piece and self.tracker.can_process(piece):
                self.tracker.process(piece)
                read += len(piece)
            elif over:
                break
            else:
                gevent.sleep(LOOK_EVERY_S)
        self.tracker.finish(lambda: parse_obligations(control.expectations(sandbox)))


class Follower(Worker):
    """The one user of such a test."""

    abstract = True
    fixed_count = 1

    def work(self, process: Process) -> None:
        """Follow the journal."""
        test = self.test.test
        if isinstance(test, Scheduled):
            test.follow(process)
