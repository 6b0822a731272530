"""A load test in Locust: the session of each process, and the base class of users."""

import json
import logging
import os
import platform
import signal
from abc import abstractmethod
from argparse import Namespace
from contextlib import ExitStack
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

from base import LoadProcess, LoadTest, PreparedTest, runner_of
from command_options import add_arguments, parse_options
from latencies import latency_results
from page_guard import guard_page
from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.history.reader import HistoryError
from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.aggregation import GENERATOR, Aggregation
from sendproof_harness.load.counters import Counts, counts_from_builtins, counts_to_builtins
from sendproof_harness.load.finish import save_and_judge
from sendproof_harness.load.process_stats import WatchedProcess, is_local
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.load.service_levels import ServiceLevels, load_levels
from sendproof_harness.output import protect_streams
from sendproof_harness.program import EXIT_ERROR, report_unforeseen
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.errors import RunError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder, locked_folder
from sendproof_harness.terminal import Terminal

_INTERVAL_S = 1.0
# Connected workers start at once. Without any worker, the test ends after this time.
_START_TIMEOUT_S = 30.0
# Locust's workers send their statistics every three seconds.
_STATISTICS_INTERVAL_S = 3.0
_COUNTS_MESSAGE = "sendproof_counts"
_FINISHED_MESSAGE = "sendproof_finished"
_SETUP_ERRORS = (RunError, ControlError, ProcessError, OSError, ValueError)


class LoadSession:
    """One load test in this process. `process` is set in processes that generate load."""

    def __init__(self, test: LoadTest) -> None:
        """Register the listeners of Locust's events."""
        self.test = test
        self.process: LoadProcess | None = None
        protect_streams()
        self._console = Terminal()
        self._progress = LoadProgress(self._console)
        self._stack = ExitStack()
        self._aggregation: Aggregation | None = None
        self._levels = ServiceLevels()
        self._prepared: tuple[LoadOptions, PreparedTest]
        self._folder = Path()
        events.init_command_line_parser.add_listener(self._add_arguments)
        events.init.add_listener(self._initialize)
        events.test_start.add_listener(self._start)
        events.request.add_listener(self._record_latency)
        events.quitting.add_listener(self._quit)

    # -- listeners of Locust's events -------------------------------------------------------------

    def _add_arguments(self, parser: LocustArgumentParser, **_: object) -> None:
        add_arguments(parser, self.test)

    def _initialize(self, environment: Environment, **_: object) -> None:
        self._environment = environment
        page, arguments = environment.web_ui, environment.parsed_options
        if page is not None and page.app is not None and arguments is not None:
            guard_page(page.app, arguments.web_host)
        if os.environ.get("SENDPROOF_LOAD"):
            # `sendproof load` prints its own statistics.
            logging.getLogger("locust.stats_logger").disabled = True
        self._runner.register_message(_COUNTS_MESSAGE, self._receive_counts)
        self._runner.register_message(_FINISHED_MESSAGE, self._receive_finished)

    def _start(self, environment: Environment, **_: object) -> None:
        arguments = environment.parsed_options
        if arguments is None:
            raise RuntimeError("expected options of the locust command, got none; start the load test with locust")
        if not isinstance(environment.runner, WorkerRunner):
            self._set_up(arguments)
        if arguments.sendproof_job is not None and not isinstance(environment.runner, MasterRunner):
            self._start_generator(arguments)

    def _record_latency(self, name: str, response_time: float, **_: object) -> None:
        if self.process is not None and name in self.test.latencies:
            self.process.recent.setdefault(name, []).append(response_time)

    def _quit(self, **_: object) -> None:
        """Finish a test that was interrupted, for example by Ctrl-C.

        If it is still being prepared, the end of this process ends the simulators and the bridge. A second signal would
        interrupt Locust's own end with a traceback.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._aggregation is not None:
            self._finish(("it was interrupted", "harness"))

    # -- the main process -------------------------------------------------------------------------

    def _set_up(self, arguments: Namespace) -> None:
        options = parse_options(arguments, self.test)
        users, workers = arguments.num_users or 1, self._generator_count()
        if users < workers and not self.test.single_user:
            self._refuse(f"expected --users {workers} or more, one for each of {workers} workers, got {users}")
            return
        try:
            self._levels = ServiceLevels() if options.thresholds is None else load_levels(options.thresholds)
            self._folder = options.results / f"load_{options.kind}"
            self._stack.enter_context(locked_folder(self._folder))
            fresh_folder(self._folder)
            self._progress.expect_events(self.test.total(options))
            prepared = self.test.prepare(options, self._folder, self._progress, self._stack)
        except RunAbortedError as error:
            self._finish_without_load(options, error.aborted)
            return
        except _SETUP_ERRORS as error:
            self._refuse(str(error))
            return
        except Exception as error:  # noqa: BLE001 - Locust would log it, and wait for ever
            report_unforeseen(error)
            self._end_with_error()
            return
        self._prepared = options, prepared
        arguments.sendproof_job = json.dumps({**prepared.job, "shares": self._generator_count()})
        self._aggregation = self._new_aggregation(options, prepared)
        if self._is_master:
            job = json.loads(arguments.sendproof_job)
            process = LoadProcess(environment=self._environment, options=options, job=job)
            gevent.spawn(self._run_main, process)
        gevent.spawn(self._sample_until_finished)

    def _finish_without_load(self, options: LoadOptions, aborted: RunAborted) -> None:
        """Report a test that was aborted before its start, usually because the bridge did not become ready."""
        self._aggregation = self._new_aggregation(options, None)
        self._finish((_abort_message(aborted), aborted.blame))
        gevent.spawn_later(0, self._runner.quit)

    def _generator_count(self) -> int:
        """Return the number of processes that generate load."""
        runner = self._runner
        return max(1, len(runner.clients.ready)) if isinstance(runner, MasterRunner) else 1

    @property
    def _is_master(self) -> bool:
        return isinstance(self._runner, MasterRunner)

    @property
    def _runner(self) -> Runner:
        return runner_of(self._environment)

    def _new_aggregation(self, options: LoadOptions, prepared: PreparedTest | None) -> Aggregation:
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
        return Aggregation(
            kind=options.kind,
            title=self.test.title(options),
            settings={
                **self.test.settings(options),
                **({} if prepared is None else prepared.settings),
                "machine": machine,
            },
            seed=options.seed,
            began=monotonic(),
            began_at=datetime.now(UTC),
            watched=[] if prepared is None else self._watched_processes(prepared),
        )

    def _watched_processes(self, prepared: PreparedTest) -> list[WatchedProcess]:
        watched = list(prepared.watched)
        if is_local(prepared.control):
            with ControlClient(prepared.control) as control:
                watched.insert(0, WatchedProcess("simulators", "simulators", control.health()["pid"]))
        if self._is_master:
            watched.append(WatchedProcess(GENERATOR, "load master", os.getpid(), alone=True))
        return watched

    def _run_main(self, process: LoadProcess) -> None:
        try:
            self.test.run_main(process)
        except RunAbortedError as error:
            process.abort(_abort_message(error.aborted), error.aborted.blame)
        except _SETUP_ERRORS as error:
            process.abort(str(error), "harness")
        if process.counts.aborted is not None and self._aggregation is not None:
            self._aggregation.parts["load master"] = Counts(aborted=process.counts.aborted)
        self._runner.send_message(_FINISHED_MESSAGE, None)

    def _sample_until_finished(self) -> None:
        """Take a sample every second, and report when all users have finished or the test is aborted."""
        while (aggregation := self._aggregation) is not None:
            gevent.sleep(_INTERVAL_S)
            self._check_health(aggregation)
            if self.process is not None:
                aggregation.parts["load generator"] = self.process.take_counts()
            self._progress.sample(aggregation.sample(monotonic()))
            counts = aggregation.counts
            if not aggregation.parts and monotonic() - aggregation.began > _START_TIMEOUT_S:
                counts.aborted = (f"no load generator started within {_START_TIMEOUT_S:.0f} s", "harness")
                aggregation.parts["no load generator"] = counts
            if counts.aborted is not None or counts.finished >= self._runner.target_user_count > 0:
                self._wait_for_statistics()
                if counts.aborted is None:
                    self._add_final_counts(aggregation)
                self._finish(None)
                self._runner.quit()

    def _check_health(self, aggregation: Aggregation) -> None:
        try:
            self.test.check_health()
        except RunAbortedError as error:
            aggregation.parts["health"] = Counts(aborted=(_abort_message(error.aborted), error.aborted.blame))

    def _wait_for_statistics(self) -> None:
        """Wait for the last statistics of the workers."""
        if self._is_master:
            gevent.sleep(2 * _STATISTICS_INTERVAL_S)

    def _add_final_counts(self, aggregation: Aggregation) -> None:
        options, prepared = self._prepared
        try:
            with ControlClient(prepared.control) as control:
                self._progress.phase("judging")
                counts = self.test.final_counts(options, aggregation.counts, control, prepared.sandbox)
            aggregation.checks = self.test.judge_history()
        except (ControlError, HistoryError, OSError, ValueError) as error:
            counts = Counts(aborted=(str(error), "harness"))
        aggregation.parts["final counts"] = counts

    def _finish(self, aborted: tuple[str, Blame] | None) -> None:
        aggregation, self._aggregation = self._aggregation, None
        if aggregation is None:
            return
        self._progress.close()
        latencies = latency_results(self._environment, self.test.latencies, self.test.from_intended_start)
        result = aggregation.result(monotonic(), latencies, aborted)
        self._environment.process_exit_code = save_and_judge(result, self._levels, self._folder, self._console)
        self._stack.close()

    def _refuse(self, reason: str) -> None:
        self._progress.close()
        self._console.print("error", style="bold magenta")
        self._console.print(reason, markup=False, highlight=False, soft_wrap=True)
        self._end_with_error()

    def _end_with_error(self) -> None:
        self._environment.process_exit_code = EXIT_ERROR
        self._stack.close()
        gevent.spawn_later(0, self._runner.quit)

    def _receive_counts(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment
        if self._aggregation is not None:
            self._aggregation.parts[msg.data["name"]] = counts_from_builtins(msg.data["counts"])

    # -- the processes that generate load ---------------------------------------------------------

    def _start_generator(self, arguments: Namespace) -> None:
        job = json.loads(arguments.sendproof_job)
        runner = self._runner
        share = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        self.process = LoadProcess(
            environment=self._environment,
            options=parse_options(arguments, self.test),
            job=job,
            share=share,
            shares=job["shares"],
        )
        self.test.start_generator(self.process)
        if isinstance(runner, WorkerRunner):
            gevent.spawn(self._send_counts, self.process, f"load generator {share + 1}")
        else:
            gevent.spawn(self._run_main, self.process)

    def _send_counts(self, process: LoadProcess, name: str) -> None:
        while True:
            content = {"name": name, "counts": counts_to_builtins(process.take_counts())}
            self._runner.send_message(_COUNTS_MESSAGE, content)
            gevent.sleep(_INTERVAL_S)

    def _receive_finished(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment, msg
        if self.process is not None:
            self.process.finished.set()


def _abort_message(aborted: RunAborted) -> str:
    return f"{aborted.cause}: expected {aborted.expected}, got {aborted.got}"


class LoadTestUser(User):
    """A user of a load test. It does its work once, and then stops."""

    abstract = True
    session: ClassVar[LoadSession]

    def http(self, url: str, connections: int = 1) -> FastHttpSession:
        """Return a new HTTP client for this many parallel requests. Each is in Locust's statistics under its `name`."""
        event = self.environment.events.request
        return FastHttpSession(base_url=url, request_event=event, user=self, concurrency=connections)

    @abstractmethod
    def work(self, process: LoadProcess) -> None:
        """Do all the work of this user."""

    @task
    def work_once(self) -> None:
        """Work, and stop the user, because Locust would repeat the task for ever."""
        process = self.session.process
        if process is not None:
            try:
                self.work(process)
            except (ControlError, ValueError, OSError) as error:
                process.abort(str(error), "harness")
            finally:
                process.counts.finished += 1
        raise StopUser
