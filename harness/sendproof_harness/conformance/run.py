"""`sendproof contract`: an ordinary scenario that also posts valid and invalid events to the bridge's listeners."""

import dataclasses
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from sendproof_harness.conformance.probe import probe_listeners
from sendproof_harness.conformance.slow_listener import advance_and_watch
from sendproof_harness.installation import install_command
from sendproof_harness.judge.verdict import Status
from sendproof_harness.report.combined.record import Outcome
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.run.steps import STEPS, StepFunction
from sendproof_harness.scenario.library import library_files
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import (
    Advance,
    CustomerEvents,
    DefineTrigger,
    PlanCampaign,
    ProbeListeners,
    Scenario,
    Step,
    WaitFor,
)
from sendproof_harness.session.finish import finish_session
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.session.selection import RunRefusedError, check_options
from sendproof_harness.suggestions import wrong_choice

#: The name of the folder in the results.
RESULTS_NAME = "contract"
_SCENARIO = Path("contract/everyday")
_REQUIRED_PACKAGES = ("schemathesis", "hypothesis")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceOptions:
    """The options of a conformance run.

    Without a `seed`, the scenario's own is used. `examples` is the number of generated events of each kind. A listener
    must respond within `within_s` real seconds. Without `triggers`, the bridge only serves campaigns.
    """

    provider: str
    seed: int | None
    examples: int
    within_s: float
    triggers: bool


def conformance_scenario(options: ConformanceOptions) -> Scenario:
    """Return the scenario of a conformance run.

    Raises `RunRefusedError` for an unknown provider, or if a required package is missing.
    """
    require_packages(_REQUIRED_PACKAGES)
    (file,) = library_files(_SCENARIO)
    scenarios = {str(scenario.provider): scenario for scenario in load_scenarios(file)}
    if options.provider not in scenarios:
        raise RunRefusedError(wrong_choice("--provider", options.provider, scenarios))
    scenario = scenarios[options.provider]
    scenario = scenario if options.triggers else without_triggers(scenario)
    probe = ProbeListeners(examples=options.examples, within_s=options.within_s)
    seed = scenario.seed if options.seed is None else options.seed
    return dataclasses.replace(scenario, seed=seed, steps=tuple(_with_probe(scenario.steps, probe)))


def require_packages(packages: Sequence[str]) -> None:
    """Raise `RunRefusedError` if one of these packages of the extra `contract` is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise RunRefusedError(f"{', '.join(missing)} is not installed; try: {install_command('contract')}")


def run_conformance(conformance: ConformanceOptions, options: RunOptions, console: Console) -> Status:
    """Run and judge the conformance scenario, and print the report."""
    check_options(options)
    status, why = run_and_judge(conformance_scenario(conformance), RESULTS_NAME, with_probes(options), console)
    outcome = Outcome(scenario=RESULTS_NAME, verdict=status, why=why)
    finish_session(options.results, [outcome], options.accepted, console)
    return status


def with_probes(options: RunOptions) -> RunOptions:
    """Return the options with the step that probes the listeners, and with an end for listeners that are too slow."""
    steps: dict[type, StepFunction] = {**STEPS, ProbeListeners: probe_listeners, Advance: advance_and_watch}
    return dataclasses.replace(options, steps=steps)


def _with_probe(steps: tuple[Step, ...], probe: ProbeListeners) -> Iterator[Step]:
    """Insert the probe before the last campaign: the bridge has worked before, and has to work afterwards."""
    last = max(index for index, step in enumerate(steps) if isinstance(step, PlanCampaign))
    yield from (*steps[:last], probe, *steps[last:])


def without_triggers(scenario: Scenario) -> Scenario:
    """Return the scenario for a bridge that only serves campaigns."""
    channels = tuple(channel for channel in scenario.channels if channel.kind != "triggered")
    steps = tuple(
        dataclasses.replace(step, listeners=len(channels)) if isinstance(step, WaitFor) else step
        for step in scenario.steps
        if not isinstance(step, DefineTrigger | CustomerEvents)
    )
    return dataclasses.replace(scenario, channels=channels, triggers=(), steps=steps)
