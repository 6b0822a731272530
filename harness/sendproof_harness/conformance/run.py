"""The contract of a bridge: its ordinary work, with everything that may be posted to its listeners in the middle."""

import dataclasses
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from sendproof_harness.conformance.probe import probe_listeners
from sendproof_harness.judge.verdict import Status
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.run.steps import STEPS
from sendproof_harness.scenario.library import find_scenario_files
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import (
    CustomerEvents,
    DefineTrigger,
    PlanCampaign,
    ProbeListeners,
    Scenario,
    Step,
    WaitFor,
)
from sendproof_harness.session.judged_run import run_and_judge
from sendproof_harness.session.selection import RunRefusedError

#: The folder in the results.
RESULTS_NAME = "contract"
_FILE = Path("contract/everyday")
_NEEDED = ("schemathesis", "hypothesis")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceOptions:
    """What of the contract is asked: for which provider, from which seed, with how many made-up events of each kind.

    `within_s` real seconds a listener may take to answer. Without `triggers` the bridge serves only campaigns.
    """

    provider: str
    seed: int | None
    examples: int
    within_s: float
    triggers: bool


def conformance_scenario(asked: ConformanceOptions) -> Scenario:
    """What is played; `RunRefusedError` for a provider that nothing is known of, or without the packages."""
    require_packages(_NEEDED)
    (file,) = find_scenario_files(_FILE)
    every = {str(scenario.provider): scenario for scenario in load_scenarios(file)}
    if asked.provider not in every:
        raise RunRefusedError(f"--provider: expected one of {', '.join(every)}, got {asked.provider!r}")
    scenario = every[asked.provider]
    scenario = scenario if asked.triggers else _without_triggers(scenario)
    probing = ProbeListeners(examples=asked.examples, within_s=asked.within_s)
    seed = scenario.seed if asked.seed is None else asked.seed
    return dataclasses.replace(scenario, seed=seed, steps=tuple(_with_probing(scenario.steps, probing)))


def require_packages(packages: Sequence[str]) -> None:
    """Raise `RunRefusedError` where one of the extra's packages is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise RunRefusedError(f'{", ".join(missing)} is not installed; try: pip install "sendproof[contract]"')


def run_conformance(asked: ConformanceOptions, options: RunOptions, console: Console) -> Status:
    """Play it, judge it, and say so."""
    return run_and_judge(conformance_scenario(asked), RESULTS_NAME, with_probes(options), console)


def with_probes(options: RunOptions) -> RunOptions:
    """Return the options with the step that probes the listeners."""
    return dataclasses.replace(options, steps={**STEPS, ProbeListeners: probe_listeners})


def _with_probing(steps: tuple[Step, ...], probing: ProbeListeners) -> Iterator[Step]:
    """Before the last campaign: much was seen of the bridge until then, and it has to work afterwards, too."""
    last = max(index for index, step in enumerate(steps) if isinstance(step, PlanCampaign))
    yield from (*steps[:last], probing, *steps[last:])


def _without_triggers(scenario: Scenario) -> Scenario:
    channels = tuple(channel for channel in scenario.channels if channel.kind != "triggered")
    steps = tuple(
        dataclasses.replace(step, listeners=len(channels)) if isinstance(step, WaitFor) else step
        for step in scenario.steps
        if not isinstance(step, DefineTrigger | CustomerEvents)
    )
    return dataclasses.replace(scenario, channels=channels, triggers=(), steps=steps)
