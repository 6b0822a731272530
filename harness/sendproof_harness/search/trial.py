"""Trials: one scenario after the other against one bridge, in simulators that all of them share.

A trial is a run like any other, with its own sandbox, bridge and history. It prints nothing and writes no reports.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from time import monotonic

from sendproof_harness.history.records import History
from sendproof_harness.judge.findings import Blame, Finding
from sendproof_harness.judge.judged_file import JudgedFile, judge_file
from sendproof_harness.judge.verdict import Group, Status, Verdict, worst_status
from sendproof_harness.run.aborted import RunAborted
from sendproof_harness.run.bridge_process import REFERENCE_IMPORTS
from sendproof_harness.run.errors import RunError, RunOptionsError
from sendproof_harness.run.keeping.forked_process import template_command
from sendproof_harness.run.processes import Child, Program, wait_until
from sendproof_harness.run.runner import TIMEOUT_S, RunOptions, run_scenario
from sendproof_harness.run.simulator_process import SIMULATORS_READY_S, start_simulators
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scratch import scratch_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeUnderTest:
    """A bridge that every trial starts anew. With neither `command` nor `url`, it is the reference bridge.

    `environment` is added to that of the bridge: with the folder of a mutant in PYTHONPATH, the reference bridge is
    that mutant. A bridge that runs already has a `url`, and `reset` is the command that makes it start anew with the
    handover file, whose path is in SENDPROOF_HANDOVER.
    """

    command: str | None = None
    url: str | None = None
    reset: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequirement:
    """Findings of one check with one cause.

    `number` is that of the requirement, such as R401. A `is_root` cause explains other findings, which are in no other
    failure. `customers` are the ids that the findings name, in their order; of a condensed history, only some.
    `expected` and `got` are those of the first finding.
    """

    number: str
    check: str
    cause: str
    blame: Blame
    count: int
    is_root: bool
    customers: tuple[str, ...]
    client: str | None = None
    expected: str = ""
    got: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Requirement and check, which identify the failure across scenarios. Causes may contain numbers."""
        return self.number, self.check


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCost:
    """The cost of a trial: real seconds, and processor seconds of the harness and of a bridge with a command."""

    real_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """The result of one trial: the worst status of its clients, its failures, and a judged history per client.

    `error` is the reason why there is no verdict; the status is then `error`, and there may be no history. `aborted` is
    the reason for a run that ended before its last step.
    """

    scenario: Scenario
    folder: Path
    status: Status
    failures: tuple[FailedRequirement, ...]
    judged: tuple[JudgedFile, ...]
    cost: TrialCost
    aborted: RunAborted | None = None
    error: str = ""

    @property
    def histories(self) -> tuple[History, ...]:
        """The history of each client."""
        return tuple(of_client.history for of_client in self.judged)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdict of each client."""
        return tuple(of_client.verdict for of_client in self.judged)

    def failed(self, number: str) -> tuple[FailedRequirement, ...]:
        """Return the failures of a requirement such as R401."""
        return tuple(failure for failure in self.failures if failure.number == number)


class _NoProgress:
    """A progress listener that ignores everything."""

    def phase(self, text: str) -> None:
        """Ignore the phase."""

    def show(self, passed: timedelta, now: str, counts: Mapping[str, int]) -> None:
        """Ignore the progress."""

    def wait_for(self, text: str, *, jumps_next: bool = False) -> None:
        """Ignore the wait."""

    def note(self, text: str) -> None:
        """Ignore the note."""


class TrialSession:
    """Trials of one bridge. Use `trial_session`, which starts the simulators.

    Each trial has a numbered folder below `folder`, with its history and the log of the bridge.
    """

    def __init__(
        self,
        bridge: BridgeUnderTest,
        folder: Path,
        control_url: str,
        timeout_s: float = TIMEOUT_S,
        template: Path | None = None,
    ) -> None:
        """`timeout_s` is the real time for a bridge to become ready, and to become idle.

        `template` is the address of a process that has imported the reference bridge.
        """
        self.bridge = bridge
        self.folder = folder
        self.control_url = control_url
        self._options = RunOptions(
            bridge=bridge.url,
            command=bridge.command,
            reset=bridge.reset,
            environment=bridge.environment,
            template=template,
            control_url=control_url,
            shared=True,
            exclusive=True,
            results=folder,
            timeout_s=timeout_s,
        )
        self._numbers = count(1)

    def play(self, scenario: Scenario) -> TrialResult:
        """Run and judge a scenario. `RunOptionsError` if no scenario can run against this bridge."""
        name = f"trial-{next(self._numbers):05}"
        began, cpu_began = monotonic(), _cpu_s()
        judged: tuple[JudgedFile, ...] = ()
        aborted, error = None, ""
        try:
            result = run_scenario(scenario, name, self._options, _NoProgress())
            aborted = result.aborted
            judged = tuple(judge_file(file) for file in result.histories)
        except RunOptionsError:
            raise
        except RunError as failed:
            error = str(failed)
        return TrialResult(
            scenario=scenario,
            folder=self.folder / name,
            status="error" if error else worst_status(of_client.verdict.status for of_client in judged),
            failures=tuple(_failures_of_clients(scenario, judged)),
            judged=judged,
            cost=TrialCost(real_s=monotonic() - began, cpu_s=_cpu_s() - cpu_began),
            aborted=aborted,
            error=error,
        )

    def discard(self, result: TrialResult) -> None:
        """Remove the folder of a trial."""
        shutil.rmtree(result.folder, ignore_errors=True)


@contextmanager
def trial_session(
    bridge: BridgeUnderTest, folder: Path, control_url: str | None = None, timeout_s: float = TIMEOUT_S
) -> Iterator[TrialSession]:
    """Yield a session of trials with results below `folder`. It starts simulators, unless there is a `control_url`.

    `ProcessError` if the simulators do not start. Simulators at a `control_url` must serve nothing else meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        url = control_url or start_simulators(folder / "simulators.log", stack)
        template = _start_template(bridge, folder, stack) if bridge.command is None and bridge.url is None else None
        yield TrialSession(bridge, folder, url, timeout_s, template)


def _start_template(bridge: BridgeUnderTest, folder: Path, stack: ExitStack) -> Path:
    """Start a process that has imported what the reference bridge needs."""
    address = stack.enter_context(scratch_folder()) / "start"
    command = template_command(address, REFERENCE_IMPORTS)
    log = folder / "template.log"
    program = Program(
        name="the reference bridge",
        command=command,
        log=log,
        environment=bridge.environment,
    )
    child = stack.enter_context(Child(program))
    wait_until(lambda: child.exit_status is not None or address.exists(), SIMULATORS_READY_S)
    child.check_running()
    return address


def _failures_of_clients(scenario: Scenario, judged: Sequence[JudgedFile]) -> Iterator[FailedRequirement]:
    for client, of_client in zip(scenario.clients or (None,), judged, strict=False):
        yield from failures(of_client.verdict, client)


def failures(verdict: Verdict, client: str | None = None) -> Iterator[FailedRequirement]:
    """Yield the failures of a verdict, root causes first."""
    requirements = {result.check.id: result.check.requirement.number for result in verdict.results}
    for group in verdict.groups:
        if group.level == "fail":
            findings = list(_findings(verdict, group))
            yield FailedRequirement(
                number=requirements[group.check],
                check=group.check,
                cause=group.cause,
                blame=group.blame,
                count=group.count,
                is_root=group.is_root,
                customers=tuple(dict.fromkeys(filter(None, (finding.where.customer for finding in findings)))),
                client=client,
                expected=findings[0].expected if findings else "",
                got=findings[0].got if findings else "",
            )


def _findings(verdict: Verdict, group: Group) -> Iterator[Finding]:
    """Yield the findings of a group."""
    for result in verdict.results:
        if result.check.id == group.check:
            for finding in result.findings:
                if (finding.cause, finding.level) == (group.cause, group.level):
                    yield finding


def _cpu_s() -> float:
    """Return the processor seconds of this process and of all child processes that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
