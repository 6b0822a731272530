"""A load test in Locust: the session of each process, and the base class of users."""

import json
import logging
import os
import platform
import socket
from abc import abstractmethod
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, NoReturn

import gevent
from locust import User, events, runners, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner, Runner, WorkerRunner

from base import LoadProcess, LoadTest, PreparedTest, runner_of
from command_options import add_arguments, parse_options
from late_signals import ignore_sigterm_from_now_on
from page_guard import guard_page
from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.history.reader import HistoryError
from sendproof_harness.history.wording import counted
from sendproof_harness.judge.findings import Blame
from sendproof_harness.load.aggregation import GENERATOR, Aggregation
from sendproof_harness.load.counters import Counts, latency_results
from sendproof_harness.load.finish import save_and_judge
from sendproof_harness.load.process_stats import WatchedProcess, is_local, simulator_processes
from sendproof_harness.load.progress import LoadProgress
from sendproof_harness.load.scenarios import LoadOptions
from sendproof_harness.load.service_levels import ServiceLevels, load_levels
from sendproof_harness.load.workers import LOCAL, Workers, kind_difference, read_report, report, version_difference
from sendproof_harness.output import protect_streams
from sendproof_harness.program import EXIT_ERROR, report_unforeseen
from sendproof_harness.run.aborted import RunAborted, RunAbortedError
from sendproof_harness.run.errors import RunError
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder, locked_folder
from sendproof_harness.terminal import Terminal

_INTERVAL_S = 1.0
# A worker that reported nothing in so many intervals of the master is lost. A busy machine holds one up for seconds;
# after three, Locust would regard it as missing, and distribute its users again.
_SILENT_INTERVALS = 60
runners.HEARTBEAT_LIVENESS = _SILENT_INTERVALS
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
        self._workers = Workers(ids=[LOCAL], host=socket.gethostname(), patience=_SILENT_INTERVALS)
        self._is_main_work_done = False
        self._folder = Path()
        events.init_command_line_parser.add_listener(self._add_arguments)
        events.init.add_listener(self._initialize)
        events.test_start.add_listener(self._start)
        events.request.add_listener(self._record_latency)
        events.test_stopping.add_listener(self._stop)
        events.quitting.add_listener(self._quit)

    # -- listeners of Locust's events -------------------------------------------------------------

    def _add_arguments(self, parser: LocustArgumentParser, **_: object) -> None:
        add_arguments(parser, self.test)

    def _initialize(self, environment: Environment, **_: object) -> None:
        self._environment = environment
        page, arguments = environment.web_ui, environment.parsed_options
        if page is not None and page.app is not None and arguments is not None:
            guard_page(page.app, arguments.web_host)
        if _is_command():
            # `sendproof load` prints its own statistics.
            logging.getLogger("locust.stats_logger").disabled = True
            if page is not None:
                self._progress.note(f"Locust's page: http://{page.host or socket.gethostname()}:{page.port}")
        if isinstance(environment.runner, WorkerRunner) and arguments is not None and not arguments.processes:
            self._progress.note(f"waiting for the load test at {arguments.master_host}:{arguments.master_port}")
        if isinstance(environment.runner, MasterRunner) and arguments is not None and not arguments.processes:
            workers, port = counted(arguments.expect_workers, "workers"), arguments.master_bind_port
            self._progress.note(
                f"waiting for {workers}: sendproof load worker {self.test.kind} --master {socket.gethostname()} "
                f"--port {port}"
            )
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

    def _record_latency(self, name: str, response_time: float, exception: object = None, **_: object) -> None:
        if self.process is not None and name in self.test.latencies:
            self.process.record_latency(name, response_time, is_failed=exception is not None)

    def _stop(self, **_: object) -> None:
        """Finish a test that was stopped on Locust's page, or that has lost all workers."""
        if self._aggregation is not None and not isinstance(self._runner, WorkerRunner):
            self._finish(("it was interrupted", "harness"))
            gevent.spawn_later(0, self._end)

    def _quit(self, **_: object) -> None:
        """Finish a test that was interrupted, for example by Ctrl-C.

        If it is still being prepared, the end of this process ends the simulators and the bridge.
        """
        ignore_sigterm_from_now_on()
        if self._aggregation is not None:
            self._finish(("it was interrupted", "harness"))

    # -- the main process -------------------------------------------------------------------------

    def _set_up(self, arguments: Namespace) -> None:
        options = parse_options(arguments, self.test)
        self._is_main_work_done = False
        self._workers = Workers(ids=self._generator_ids(), host=socket.gethostname(), patience=_SILENT_INTERVALS)
        if (reason := self._workers.unreachable(options.control_url)) is not None:
            self._refuse(reason)
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
        except Exception as error:  # noqa: BLE001 - Locust would log it, and wait forever
            report_unforeseen(error)
            self._end_with_error()
            return
        self._prepared = options, prepared
        arguments.sendproof_job = json.dumps({**prepared.job, **self._distribution(prepared)})
        self._aggregation = self._new_aggregation(options, prepared)
        if self._is_master:
            job = json.loads(arguments.sendproof_job)
            process = LoadProcess(environment=self._environment, options=options, job=job)
            self._spawn(self._run_main, process)
        self._spawn(self._sample_until_finished)

    def _finish_without_load(self, options: LoadOptions, aborted: RunAborted) -> None:
        """Report a test that was aborted before its start, usually because the bridge did not become ready."""
        self._aggregation = self._new_aggregation(options, None)
        self._finish((_abort_message(aborted), aborted.blame))
        gevent.spawn_later(0, self._end)

    def _generator_ids(self) -> list[str]:
        """Return the ids of the processes that generate load, in the order of their connections."""
        runner = self._runner
        if isinstance(runner, MasterRunner):
            return sorted((client.id for client in runner.clients.ready), key=runner.get_worker_index)
        return [LOCAL]

    def _distribution(self, prepared: PreparedTest) -> dict[str, Any]:
        """Return what each load generator needs to know its share; one that connects later has none."""
        ids = self._workers.ids
        with ControlClient(prepared.control) as control:
            began = control.health()["steady"]
        return {
            "began": began,
            "version": version("sendproof"),
            "kind": self.test.kind,
            "shares": ids,
            "callers": self.test.callers(self._runner.target_user_count, len(ids)),
        }

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
                watched[:0] = simulator_processes(control.health()["pid"])
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
        self._is_main_work_done = True

    def _sample_until_finished(self) -> None:
        """Take a sample every second, and report when all users have finished or the test is aborted."""
        while (aggregation := self._aggregation) is not None:
            gevent.sleep(_INTERVAL_S)
            self._check_health(aggregation)
            if self.process is not None:
                self._take_report(self.process.share, self.process.take_counts())
            self._progress.sample(aggregation.sample(monotonic()))
            self._count_interval(aggregation)
            if self._is_main_work_done:
                # Again and again: a worker that has not started yet does not listen.
                self._runner.send_message(_FINISHED_MESSAGE, None)
            counts = aggregation.counts
            if counts.aborted is not None or counts.finished >= len(self._workers.ids) > 0:
                if counts.aborted is None:
                    self._add_final_counts(aggregation)
                self._finish(None)
                self._end()

    def _take_report(self, share: int, counts: Counts) -> None:
        if self._aggregation is not None:
            name = self._workers.name(share) if self._is_master else GENERATOR
            self._aggregation.parts[name] = counts
            self._workers.hear(share)

    def _count_interval(self, aggregation: Aggregation) -> None:
        names = [self._workers.name(share) if self._is_master else GENERATOR for share in range(len(self._workers.ids))]
        finished = [
            share for share, name in enumerate(names) if name in aggregation.parts and aggregation.parts[name].finished
        ]
        if (reason := self._workers.count_interval(finished)) is not None:
            aggregation.parts["workers"] = Counts(aborted=(reason, "harness"))

    def _check_health(self, aggregation: Aggregation) -> None:
        try:
            self.test.check_health()
        except RunAbortedError as error:
            aggregation.parts["health"] = Counts(aborted=(_abort_message(error.aborted), error.aborted.blame))

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
        latencies = latency_results(aggregation.counts, self.test.latencies, self.test.from_intended_start)
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
        gevent.spawn_later(0, self._end)

    def _spawn(self, function: Callable[..., None], *arguments: object) -> None:
        """Start a greenlet. A defect of ours in it ends the test with an error; otherwise it would wait forever."""
        gevent.spawn(function, *arguments).link_exception(self._report_defect)

    def _report_defect(self, greenlet: gevent.Greenlet) -> None:
        if not isinstance(greenlet.exception, Exception):
            return
        reason = _unforeseen(greenlet.exception)
        if self._aggregation is not None:
            self._finish((reason, "harness"))
            self._end()
        elif self.process is not None:
            self.process.abort(reason, "harness")

    def _end(self) -> None:
        """End this process and the workers. The page of plain Locust stays, so that its plots can be read."""
        self._runner.quit()
        if _is_command() and self._environment.web_ui is not None:
            self._environment.web_ui.stop()

    def _receive_counts(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment
        self._take_report(*read_report(msg.data))

    # -- the processes that generate load ---------------------------------------------------------

    def _start_generator(self, arguments: Namespace) -> None:
        job, runner = json.loads(arguments.sendproof_job), self._runner
        id_ = runner.client_id if isinstance(runner, WorkerRunner) else LOCAL
        if id_ not in job["shares"]:
            # This worker connected after the start, and the others have all the work.
            return
        share, shares = job["shares"].index(id_), len(job["shares"])
        if (difference := kind_difference(self.test.kind, job["kind"])) is not None:
            self._leave(share, difference)
        process = self.process = LoadProcess(
            environment=self._environment,
            options=parse_options(arguments, self.test),
            job=job,
            share=share,
            shares=shares,
            working=job["callers"][share],
        )
        try:
            if (difference := version_difference(version("sendproof"), job["version"])) is not None:
                raise RunError(difference)
            process.join_clock()
            self.test.start_generator(process)
        except _SETUP_ERRORS as error:
            process.abort(f"load generator {share + 1}: {error}", "harness")
        else:
            self._start_callers(process)
        if isinstance(runner, WorkerRunner):
            self._spawn(self._send_counts, process)
        else:
            self._spawn(self._run_main, process)

    def _leave(self, share: int, reason: str) -> NoReturn:
        """End this worker, which has no users of the master's test: Locust would fail with a traceback."""
        abort = Counts(aborted=(f"load generator {share + 1}: {reason}", "harness"))
        self._runner.send_message(_COUNTS_MESSAGE, report(share, abort))
        self._console.print(reason, markup=False, highlight=False, soft_wrap=True)
        # Until the message is sent.
        gevent.sleep(_INTERVAL_S)
        raise SystemExit(EXIT_ERROR)

    def _start_callers(self, process: LoadProcess) -> None:
        (user_class,) = self._environment.user_classes
        if not process.working:
            process.end_caller()
        for _ in range(process.working):
            self._spawn(self._call, process, user_class(self._environment))

    def _call(self, process: LoadProcess, user: "LoadTestUser") -> None:
        """Do the work of one caller."""
        try:
            user.work(process)
        except (ControlError, ValueError, OSError) as error:
            process.abort(str(error), "harness")
        except Exception as error:  # noqa: BLE001 - the counts are incomplete, which must not blame the bridge
            process.abort(_unforeseen(error), "harness")
        finally:
            process.end_caller()

    def _send_counts(self, process: LoadProcess) -> None:
        while True:
            self._runner.send_message(_COUNTS_MESSAGE, report(process.share, process.take_counts()))
            gevent.sleep(_INTERVAL_S)

    def _receive_finished(self, environment: Environment, msg: Any, **_: object) -> None:
        del environment, msg
        if self.process is not None:
            self.process.finished.set()


def _is_command() -> bool:
    """Return True below `sendproof load`, which sets the variable."""
    return bool(os.environ.get("SENDPROOF_LOAD"))


def _unforeseen(error: Exception) -> str:
    """Report a defect of ours, and return why it ends the test."""
    report_unforeseen(error)
    return f"an unexpected error of Sendproof: {error!r:.200}"


def _abort_message(aborted: RunAborted) -> str:
    return f"{aborted.cause}: expected {aborted.expected}, got {aborted.got}"


class LoadTestUser(User):
    """A caller of a load test, and what Locust spawns and shows as a user, which only waits for the callers."""

    abstract = True
    session: ClassVar[LoadSession]

    def http(self, url: str, connections: int = 1) -> FastHttpSession:
        """Return a new HTTP client for this many parallel requests. Each is in Locust's statistics under its `name`."""
        event = self.environment.events.request
        return FastHttpSession(base_url=url, request_event=event, user=self, concurrency=connections)

    @abstractmethod
    def work(self, process: LoadProcess) -> None:
        """Do all the work of a caller."""

    @task
    def wait_for_work(self) -> None:
        """Wait for the callers of this process, and stop this user, because Locust would repeat the task forever."""
        process = self.session.process
        if process is not None:
            process.worked.wait()
        raise StopUser
