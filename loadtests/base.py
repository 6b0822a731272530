"""What all load tests share: options, one world for all workers, counts that add up, and one verdict at the end.

A file of this folder is run by Locust, alone or as master and workers:

    locust -f loadtests/paging.py --headless --users 4 --customers 1000000
    locust -f loadtests/paging.py --headless --users 4 --processes 2

The process that has no master makes the world: simulators (unless `--host` names some), sandbox, bridge. Those that
generate load are told of it by an option, count what they see, and tell the counts about every second. The verdict and
the exit status are the same however many there are.
"""

import json
import logging
import os
import platform
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

import gevent
from locust import User, events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, Runner, WorkerRunner
from locust.stats import StatsEntry
from rich.console import Console

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.aggregation import GENERATOR, Aggregation
from sendproof_harness.load.arrivals import SHAPES
from sendproof_harness.load.counters import Counts, GeneratorUsage, counts_from_builtins, counts_to_builtins
from sendproof_harness.load.finish import save_and_judge
from sendproof_harness.load.model import Kind, Latency
from sendproof_harness.load.process_stats import Usage, WatchedProcess, is_local, own_usage
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.load.service_levels import ServiceLevels, load_levels
from sendproof_harness.providers import DEFAULT_PROVIDER
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.errors import RunError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder

_EVERY_S = 1.0
# Workers that are there begin at once; who has none waits for nobody.
_BEGIN_S = 30.0
_TOLD = "sendproof_counts"
_OVER = "sendproof_over"
_EXIT_ERROR = 3
_WORLD_MISTAKES = (RunError, ControlError, ProcessError, OSError, ValueError)


@dataclass(kw_only=True)
class Prepared:
    """The world of a test. `job` is what every process that generates load must know of it, as JSON.

    `settings` is what can be told only now that it is there.
    """

    control: str
    sandbox: str
    job: Mapping[str, Any]
    settings: Mapping[str, str] = field(default_factory=dict)
    watched: list[WatchedProcess] = field(default_factory=list)


class LoadTest(ABC):
    """One kind of load test. The part of it that runs in every process that generates load begins with `begin`."""

    kind: ClassVar[Kind]
    customers: ClassVar[int]
    days: ClassVar[int] = 7
    duplicates: ClassVar[int] = 0
    #: Whether a single user does all there is to do, however many workers there are.
    alone: ClassVar[bool] = False
    #: The latencies that are told, the most telling first; others of Locust's statistics are not.
    latencies: ClassVar[tuple[str, ...]]
    #: Those that count from the intended start; all others count from the request.
    intended: ClassVar[frozenset[str]] = frozenset()

    @abstractmethod
    def title(self, wanted: LoadOptions) -> str:
        """What is done, for people."""

    @abstractmethod
    def settings(self, wanted: LoadOptions) -> Mapping[str, str]:
        """What was asked for, in words."""

    @abstractmethod
    def prepare(self, wanted: LoadOptions, folder: Path, telling: LoadProgress, stack: ExitStack) -> Prepared:
        """Make the world; everything ends with the `stack`."""

    def play(self, process: "Process") -> None:  # noqa: B027 - most have nothing to do here
        """What is done in the one process that made the world, beside the users; nothing, for most."""

    def watch(self) -> None:  # noqa: B027 - as above
        """Check the run about every second, in the process that made it; `RunAbortedError` when it is broken."""

    @abstractmethod
    def begin(self, process: "Process") -> None:
        """The world is there; get ready to work."""

    def conclude(self, wanted: LoadOptions, counts: Counts, control: ControlClient, sandbox: str) -> Counts:
        """What can only be counted when everybody has nothing more to do and has told these `counts`."""
        del wanted, counts, control, sandbox
        return Counts()


@dataclass(kw_only=True)
class Process:
    """One process of a load test: what it knows, what it has counted. `over` is set when nothing more will happen."""

    environment: Environment
    wanted: LoadOptions
    job: Mapping[str, Any]
    share: int = 0
    shares: int = 1
    counts: Counts = field(default_factory=Counts)
    began: float = field(default_factory=monotonic)
    over: gevent.event.Event = field(default_factory=gevent.event.Event)
    usage_before: Usage = field(default_factory=own_usage)
    recent: dict[str, list[float]] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Seconds since this process began."""
        return monotonic() - self.began

    def control(self) -> ControlClient:
        """A client of its own for whoever asks."""
        return ControlClient(self.job["control"])

    def answered(self, name: str, ms: float, wrong: str | None) -> None:
        """Put one answer into Locust's statistics."""
        exception = None if wrong is None else RuntimeError(wrong)
        self.environment.events.request.fire(
            request_type=self.wanted.kind,
            name=name,
            response_time=ms,
            response_length=0,
            exception=exception,
            context={},
        )

    def fail(self, why: str, blame: Blame) -> None:
        """It cannot go on."""
        self.counts.aborted = self.counts.aborted or (why, blame)

    def report(self) -> Counts:
        """The counts, with how busy the process itself is; what is told of an interval begins anew."""
        usage = own_usage()
        used = usage.cpu_seconds - self.usage_before.cpu_seconds
        self.counts.generator = GeneratorUsage(os.getpid(), used, usage.memory_mb)
        self.counts.latency = {name: percentile(times, 0.95) for name, times in self.recent.items()}
        self.recent = {}
        told = counts_from_builtins(counts_to_builtins(self.counts))
        if self.counts.behind_ms is not None:
            self.counts.behind_ms = 0.0
        return told


class Worker(User):
    """A user of a load test: does its work once, and has nothing more to do then."""

    abstract = True
    test: ClassVar["Running"]

    def http(self, url: str, connections: int = 1) -> FastHttpSession:
        """A client of its own, for so many calls at once; each is in Locust's statistics under its `name`."""
        event = self.environment.events.request
        return FastHttpSession(base_url=url, request_event=event, user=self, concurrency=connections)

    @abstractmethod
    def work(self, process: Process) -> None:
        """All that this user does."""

    @task
    def work_once(self) -> None:
        """Locust would begin anew again and again."""
        process = self.test.process
        if process is not None:
            try:
                self.work(process)
            except (ControlError, ValueError, OSError) as error:
                process.fail(str(error), "harness")
            finally:
                process.counts.finished += 1
        raise StopUser


class Running:
    """One load test in this process, and the whole of it in the process that has no master."""

    def __init__(self, test: LoadTest) -> None:
        """Hook into Locust."""
        self.test = test
        self.process: Process | None = None
        self._console = Console()
        self._telling = LoadProgress(self._console)
        self._stack = ExitStack()
        self._gathering: Aggregation | None = None
        self._levels = ServiceLevels()
        self._world: tuple[LoadOptions, Prepared]
        self._folder = Path()
        events.init_command_line_parser.add_listener(self._arguments)
        events.init.add_listener(self._init)
        events.test_start.add_listener(self._start)
        events.request.add_listener(self._answered)
        events.quitting.add_listener(self._quit)

    # -- what Locust calls ------------------------------------------------------------------------

    def _arguments(self, parser: LocustArgumentParser, **_: object) -> None:
        add_arguments(parser, self.test)

    def _init(self, environment: Environment, **_: object) -> None:
        self._environment = environment
        if os.environ.get("SENDPROOF_LOAD"):
            # `sendproof load` tells what there is to tell.
            logging.getLogger("locust.stats_logger").disabled = True
        self._runner.register_message(_TOLD, self._told)
        self._runner.register_message(_OVER, self._is_over)

    def _start(self, environment: Environment, **_: object) -> None:
        options = environment.parsed_options
        if options is None:
            raise RuntimeError("a load test is started by the locust command, which parses its options")
        if not isinstance(environment.runner, WorkerRunner):
            self._make_world(options)
        if options.sendproof_job is not None and not isinstance(environment.runner, MasterRunner):
            self._begin(options)

    def _answered(self, name: str, response_time: float, **_: object) -> None:
        if self.process is not None and name in self.test.latencies:
            self.process.recent.setdefault(name, []).append(response_time)

    def _quit(self, **_: object) -> None:
        """Also after Ctrl-C."""
        if self._gathering is not None:
            self._finish(("it was interrupted", "harness"))

    # -- the process that has no master -----------------------------------------------------------

    def _make_world(self, options: Namespace) -> None:
        wanted = wanted_of(options, self.test)
        users, workers = options.num_users or 1, self._workers()
        if users < workers and not self.test.alone:
            self._refuse(f"expected --users {workers} or more, one for each of {workers} workers, got {users}")
            return
        try:
            self._levels = ServiceLevels() if wanted.thresholds is None else load_levels(wanted.thresholds)
            self._folder = fresh_folder(wanted.results / f"load_{wanted.kind}")
            prepared = self.test.prepare(wanted, self._folder, self._telling, self._stack)
        except RunAbortedError as error:
            self._end_early(wanted, error.aborted)
            return
        except _WORLD_MISTAKES as error:
            self._refuse(str(error))
            return
        self._world = wanted, prepared
        shares = self._workers()
        options.sendproof_job = json.dumps({**prepared.job, "shares": shares})
        self._gathering = self._gather(wanted, prepared)
        if self._is_master:
            process = Process(environment=self._environment, wanted=wanted, job=json.loads(options.sendproof_job))
            gevent.spawn(self._play, process)
        gevent.spawn(self._conduct)

    def _end_early(self, wanted: LoadOptions, trouble: RunAborted) -> None:
        """The bridge, most likely, did not get ready."""
        self._gathering = self._gather(wanted, None)
        self._finish((told(trouble), trouble.blame))
        gevent.spawn_later(0, self._runner.quit)

    def _workers(self) -> int:
        """How many processes generate load."""
        runner = self._runner
        return max(1, len(runner.clients.ready)) if isinstance(runner, MasterRunner) else 1

    @property
    def _is_master(self) -> bool:
        return isinstance(self._runner, MasterRunner)

    @property
    def _runner(self) -> Runner:
        return runner_of(self._environment)

    def _gather(self, wanted: LoadOptions, prepared: Prepared | None) -> Aggregation:
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
        return Aggregation(
            kind=wanted.kind,
            title=self.test.title(wanted),
            settings={
                **self.test.settings(wanted),
                **({} if prepared is None else prepared.settings),
                "machine": machine,
            },
            seed=wanted.seed,
            began=monotonic(),
            began_at=datetime.now(UTC),
            watched=[] if prepared is None else self._watched(prepared),
        )

    def _watched(self, prepared: Prepared) -> list[WatchedProcess]:
        watched = list(prepared.watched)
        if is_local(prepared.control):
            with ControlClient(prepared.control) as control:
                watched.insert(0, WatchedProcess("simulators", "simulators", control.health()["pid"]))
        if self._is_master:
            watched.append(WatchedProcess(GENERATOR, "load master", os.getpid(), alone=True))
        return watched

    def _play(self, process: Process) -> None:
        try:
            self.test.play(process)
        except RunAbortedError as error:
            process.fail(told(error.aborted), error.aborted.blame)
        except _WORLD_MISTAKES as error:
            process.fail(str(error), "harness")
        if process.counts.aborted is not None and self._gathering is not None:
            self._gathering.parts["load master"] = Counts(aborted=process.counts.aborted)
        self._runner.send_message(_OVER, None)

    def _conduct(self) -> None:
        """A sample every second until everybody has nothing more to do."""
        while (gathering := self._gathering) is not None:
            gevent.sleep(_EVERY_S)
            self._watch(gathering)
            if self.process is not None:
                gathering.parts["load generator"] = self.process.report()
            self._telling.sample(gathering.sample(monotonic()))
            counts = gathering.counts
            if not gathering.parts and monotonic() - gathering.began > _BEGIN_S:
                counts.aborted = (f"no load generator began within {_BEGIN_S:.0f} s", "harness")
                gathering.parts["nobody"] = counts
            if counts.aborted is not None or counts.finished >= self._runner.target_user_count > 0:
                self._settle()
                if counts.aborted is None:
                    self._conclude(gathering)
                self._finish(None)
                self._runner.quit()

    def _watch(self, gathering: Aggregation) -> None:
        try:
            self.test.watch()
        except RunAbortedError as error:
            gathering.parts["world"] = Counts(aborted=(told(error.aborted), error.aborted.blame))

    def _settle(self) -> None:
        """Workers tell Locust's statistics every few seconds; wait for the last of them."""
        if self._is_master:
            gevent.sleep(2 * 3.0)

    def _conclude(self, gathering: Aggregation) -> None:
        wanted, prepared = self._world
        try:
            with ControlClient(prepared.control) as control:
                gathering.parts["conclusion"] = self.test.conclude(wanted, gathering.counts, control, prepared.sandbox)
        except ControlError as error:
            gathering.parts["conclusion"] = Counts(aborted=(str(error), "harness"))

    def _finish(self, trouble: tuple[str, Blame] | None) -> None:
        gathering, self._gathering = self._gathering, None
        if gathering is None:
            return
        self._telling.close()
        result = gathering.result(monotonic(), self._latencies(), trouble)
        self._environment.process_exit_code = save_and_judge(result, self._levels, self._folder, self._console)
        self._stack.close()

    def _refuse(self, why: str) -> None:
        self._telling.close()
        self._console.print("error", style="bold magenta")
        self._console.print(why, markup=False, highlight=False, soft_wrap=True)
        self._environment.process_exit_code = _EXIT_ERROR
        self._stack.close()
        gevent.spawn_later(0, self._runner.quit)

    def _told(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment
        if self._gathering is not None:
            self._gathering.parts[msg.data["name"]] = counts_from_builtins(msg.data["counts"])

    # -- the processes that generate load ---------------------------------------------------------

    def _begin(self, options: Namespace) -> None:
        job = json.loads(options.sendproof_job)
        runner = self._runner
        share = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        self.process = Process(
            environment=self._environment,
            wanted=wanted_of(options, self.test),
            job=job,
            share=share,
            shares=job["shares"],
        )
        self.test.begin(self.process)
        if isinstance(runner, WorkerRunner):
            gevent.spawn(self._tell, self.process, f"load generator {share + 1}")
        else:
            gevent.spawn(self._play, self.process)

    def _tell(self, process: Process, name: str) -> None:
        while True:
            self._runner.send_message(_TOLD, {"name": name, "counts": counts_to_builtins(process.report())})
            gevent.sleep(_EVERY_S)

    def _is_over(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment, msg
        if self.process is not None:
            self.process.over.set()

    # -- Locust's statistics ----------------------------------------------------------------------

    def _entries(self) -> dict[str, StatsEntry]:
        known = {entry.name: entry for entry in self._environment.stats.entries.values()}
        return {name: known[name] for name in self.test.latencies if name in known}

    def _latencies(self) -> list[Latency]:
        return [self._latency(name, entry) for name, entry in self._entries().items() if entry.num_requests]

    def _latency(self, name: str, entry: StatsEntry) -> Latency:
        at = [float(entry.get_response_time_percentile(share)) for share in (0.5, 0.9, 0.95, 0.99)]
        return Latency(
            name=name,
            since="the intended start" if name in self.test.intended else "the request",
            count=entry.num_requests,
            failed=entry.num_failures,
            p50=at[0],
            p90=at[1],
            p95=at[2],
            p99=at[3],
            longest=float(entry.max_response_time),
        )


def runner_of(environment: Environment) -> Runner:
    """Return Locust's runner of this process."""
    if environment.runner is None:
        raise RuntimeError("expected a runner, got none: Locust has not created it yet")
    return environment.runner


def percentile(times: list[float], share: float) -> float:
    """The time within which this share of some was answered."""
    return sorted(times)[min(len(times) - 1, int(share * len(times)))]


def all_of(stage: str, wanted: int, counts: Counts) -> Counts:
    """No trouble, if a stage has as many as there had to be."""
    got = counts.stages[stage].count if stage in counts.stages else 0
    return Counts(aborted=None if got == wanted else (f"expected {wanted:,} {stage}, got {got:,}", "harness"))


def told(trouble: RunAborted) -> str:
    """In a sentence."""
    return f"{trouble.cause}: expected {trouble.expected}, got {trouble.got}"


def add_arguments(parser: LocustArgumentParser, test: LoadTest) -> None:
    """The options of a load test, beside those of Locust. `--host` is the control address of simulators that run."""
    group = parser.add_argument_group("sendproof")
    add = group.add_argument
    add("--customers", type=int, default=test.customers, help="How many there are.")
    add("--seed", type=int, default=1, help="Seed of the sandbox.")
    add("--provider", default=DEFAULT_PROVIDER, help="Provider that carries the messages.")
    add("--days", type=int, default=test.days, help="Virtual days of receipts and reports.")
    add("--rate", type=float, default=200.0, help="Triggers a second at the height of the shape.")
    add("--seconds", type=float, default=60.0, help="For how long triggers come.")
    add("--shape", choices=list(SHAPES), default="steady", help="How the rate changes over the seconds.")
    add("--duplicates", type=int, default=test.duplicates, help="How many times more every receipt comes.")
    add("--no-rate-limits", action="store_true", help="Let the services take any number of calls.")
    add("--bridge", default=None, help="Address of a bridge that runs already.")
    add("--command", default=None, help="A command that starts the bridge.")
    add("--results", default="results", help="Folder for results.")
    add("--thresholds", default=None, help="File of service levels.")
    add("--timeout", type=float, default=60.0, help="Real seconds for the bridge to come to rest.")
    add("--keep-history", action="store_true", help="Save the history, too, for `sendproof judge` and `explain`.")
    # Not for people: the master tells its workers by it where the world is.
    parser.add_argument("--sendproof-job", default=None, help="Not for people.", include_in_web_ui=False)


def wanted_of(options: Namespace, test: LoadTest) -> LoadOptions:
    """What the options ask for."""
    given = vars(options)
    renamed = {"control_url": "host", "timeout_s": "timeout"}
    values = {
        one.name: given[renamed.get(one.name, one.name)]
        for one in fields(LoadOptions)
        if renamed.get(one.name, one.name) in given
    }
    for name in ("results", "thresholds"):
        values[name] = None if values[name] is None else Path(values[name])
    return LoadOptions(**{**values, "kind": test.kind, "rate_limits": not given["no_rate_limits"]})
