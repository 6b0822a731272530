"""Issuing a certificate: run the suite, judge and recount each history, and write the bundle."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.console import Console

from sendproof_harness.bounded_file import replaceable
from sendproof_harness.certificate.bundle import (
    BUNDLE,
    HTML,
    MARKDOWN,
    SCENARIOS,
    SIGNATURE,
    STATEMENT,
    SUMS,
    sums_of,
    write_bundle,
)
from sendproof_harness.certificate.document import render_html, render_markdown
from sendproof_harness.certificate.signature import SignatureError, sign
from sendproof_harness.certificate.statement import Assumption, CertifiedRun, Claim, Statement, statement_of
from sendproof_harness.certificate.suite import (
    CONFORMANCE_SCENARIO,
    Flow,
    has_conformance,
    library_names,
    suite_files,
    untested_messages,
)
from sendproof_harness.certificate.verification import certified_run, history_name
from sendproof_harness.conformance.run import (
    RESULTS_NAME,
    ConformanceOptions,
    conformance_scenario,
    run_conformance,
)
from sendproof_harness.control_client import ControlClient
from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.combined.record import EARLIER, read_record
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.identity import REFERENCE_BRIDGE
from sendproof_harness.run.processes import ProcessError
from sendproof_harness.run.results_folder import fresh_folder, locked_folder
from sendproof_harness.run.runner import HISTORY, RunOptions
from sendproof_harness.run.simulator_process import start_simulators
from sendproof_harness.scenario.fault_kinds import KILL
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import SMS
from sendproof_harness.session.schedule import Schedule
from sendproof_harness.session.selection import RunRefusedError, Selection
from sendproof_harness.session.session import print_progress, run_session

_LOG = "simulators.log"
_CONFORMANCE = ConformanceOptions(provider="", seed=None, examples=25, within_s=10.0, triggers=True)
_NEEDS_COMMAND = "it kills the bridge and starts it again, which needs --command instead of --bridge"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateOptions:
    """What to certify, the file of the bundle, and the key that signs it; None for no signature.

    `messages` are the types of messages that the bridge sends.
    """

    provider: str
    flow: Flow
    bundle: Path
    messages: tuple[str, ...] = (SMS,)
    key: Path | None = None
    parallel: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The scenario files of a certificate, and the conformance run after them, if there is one."""

    files: Sequence[Path]
    conformance: ConformanceOptions | None = None


def suite_of(provider: str, flow: Flow, messages: Sequence[str] = (SMS,)) -> Suite:
    """Return the fixed suite. `RunRefusedError` for an unknown provider, a missing package, or an empty suite."""
    conformance = dataclasses.replace(_CONFORMANCE, provider=provider, triggers=flow == "both")
    has_events = has_conformance(flow, messages)
    if has_events:
        conformance_scenario(conformance)
    for name in untested_messages(provider, flow, messages):
        raise RunRefusedError(
            f"--message: the suite of --provider {provider} and --flow {flow} has no scenario with {name} and none of "
            "the types that you left out; name them, too, if the bridge sends them"
        )
    return Suite(files=suite_files(provider, flow, messages), conformance=conformance if has_events else None)


def issue(options: CertificateOptions, suite: Suite, run_options: RunOptions, console: Console) -> Statement:
    """Run a suite, write the bundle, and return the statement of the certificate.

    `RunRefusedError` if nothing can run or the key cannot sign, `OSError` if the bundle cannot be written.
    """
    check_key(options.key)
    replaceable(options.bundle, BUNDLE)
    files, skipped = _runnable(suite.files, has_command=run_options.bridge is None)
    names = {
        _results_name(file, options.provider): name for file, name in zip(files, library_names(files), strict=True)
    }
    with _simulators(run_options) as shared:
        assumptions = tuple(_assumptions(shared, options.provider))
        selection = Selection(provider=options.provider)
        schedule = Schedule(parallel=options.parallel, further=0 if suite.conformance is None else 1)
        statuses = dict(run_session(files, selection, shared, schedule, console))
        if suite.conformance is not None:
            print_progress(schedule.progress(len(statuses) + 1, len(statuses)), console)
            statuses[RESULTS_NAME] = run_conformance(suite.conformance, shared, console)
    names[RESULTS_NAME] = CONFORMANCE_SCENARIO
    runs = _Collected(run_options.results, names, statuses)
    omitted = [CertifiedRun(name=Path(name).name, scenario=name, why=why) for name, why in skipped.items()]
    claim = Claim(
        provider=options.provider,
        flow=options.flow,
        messages=options.messages,
        bridge=run_options.bridge or run_options.command or REFERENCE_BRIDGE,
    )
    statement = statement_of(claim, [*runs.certified(), *omitted], assumptions)
    _write(options, statement, {**runs.files(), **_scenario_files(suite.files)})
    return statement


def check_key(key: Path | None) -> None:
    """Raise `RunRefusedError` if a key cannot sign, before anything runs."""
    if key is not None:
        try:
            sign(b"", key)
        except SignatureError as error:
            raise RunRefusedError(str(error)) from error


def _runnable(files: Sequence[Path], *, has_command: bool) -> tuple[Sequence[Path], Mapping[str, str]]:
    """Return the files that can run, and why the others cannot, by name in the library."""
    kills = {} if has_command else {file: _NEEDS_COMMAND for file in files if _has_kill(file)}
    return [file for file in files if file not in kills], dict(
        zip(library_names([*kills]), kills.values(), strict=True)
    )


def _has_kill(file: Path) -> bool:
    return any(fault["fault"] == KILL for scenario in load_scenarios(file) for fault in scenario.faults)


def _results_name(file: Path, provider: str) -> str:
    """Return the folder of a run, as a session names it."""
    has_several = any(scenario.provider is not None for scenario in load_scenarios(file))
    return f"{file.stem}-{provider}" if has_several else file.stem


@contextmanager
def _simulators(options: RunOptions) -> Iterator[RunOptions]:
    """Start simulators for all runs, and yield options with their URL."""
    if options.control_url is not None:
        yield options
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_folder(options.results))
            fresh_folder(options.results, [_LOG])
            url = start_simulators(options.results / _LOG, stack)
        except (ProcessError, RunOptionsError) as error:
            raise RunRefusedError(str(error)) from error
        yield dataclasses.replace(options, control_url=url, shared=True)


def _assumptions(options: RunOptions, provider: str) -> Iterator[Assumption]:
    """Yield the open questions about the services of a provider, with the default options that the suite uses."""
    with ControlClient(str(options.control_url)) as control:
        catalogue = control.dialects()
    for service in ("optimove", provider):
        for dialect in catalogue.get(service, ()):
            option = str(dialect["options"][0]["value"])
            yield Assumption(dialect=f"{service}.{dialect['name']}", question=str(dialect["question"]), option=option)


@dataclass(frozen=True, slots=True)
class _Collected:
    """The runs of a session in its results folder, by name, each with its scenario in the library and its status."""

    results: Path
    scenarios: Mapping[str, str]
    statuses: Mapping[str, Status]

    def certified(self) -> Iterator[CertifiedRun]:
        """Yield each run, judged and recounted. A run that is an error has no history that counts."""
        reasons = {outcome.scenario: outcome.why for outcome in read_record(self.results).outcomes}
        for name in self.statuses:
            histories = self._histories(name)
            if not histories:
                why = reasons.get(name) or "the run left no history"
                yield CertifiedRun(name=name, scenario=self.scenarios[name], status="error", why=why)
            for run, file in histories.items():
                yield certified_run(run, self.scenarios[name], file).run

    def files(self) -> Mapping[str, Path]:
        """Return the histories by their names in a bundle."""
        return {history_name(run): file for name in self.statuses for run, file in self._histories(name).items()}

    def _histories(self, name: str) -> Mapping[str, Path]:
        """Return the histories of a run by name: one, or one for each client."""
        if self.statuses[name] == "error" and not (self.results / name / HISTORY).exists():
            return {}
        folder = self.results / name
        clients = sorted(file for file in folder.glob(f"*/{HISTORY}") if file.parent.name != EARLIER)
        own = [folder / HISTORY] if (folder / HISTORY).is_file() else []
        return {file.parent.relative_to(self.results).as_posix(): file for file in [*own, *clients]}


def _scenario_files(files: Sequence[Path]) -> Mapping[str, Path]:
    """Return the scenario files by their names in a bundle."""
    return {f"{SCENARIOS}/{name}.yaml": file for name, file in zip(library_names(files), files, strict=True)}


def _write(options: CertificateOptions, statement: Statement, files: Mapping[str, bytes | Path]) -> None:
    content: dict[str, bytes | Path] = {
        **files,
        STATEMENT: msgspec.json.format(msgspec.json.encode(statement), indent=2) + b"\n",
        MARKDOWN: render_markdown(statement).encode(),
        HTML: render_html(statement).encode(),
    }
    sums = sums_of(content)
    content[SUMS] = sums
    if options.key is not None:
        content[SIGNATURE] = sign(sums, options.key)
    options.bundle.parent.mkdir(parents=True, exist_ok=True)
    write_bundle(options.bundle, content)
