"""Selecting the scenarios of a session: from files and folders, with a seed, a provider, faults and dialects."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.run.runner import RunOptions
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.dialect_matrix import dialect_variants
from sendproof_harness.scenario.library import find_scenario_files, nearest_scenario
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.random_faults import TooManyFaultsError, generate_faults


class RunRefusedError(Exception):
    """No scenario was run; the message has the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The wanted seed, the only provider, the number of random faults, and all dialects if set."""

    seed: int | None = None
    provider: str | None = None
    random_faults: int = 0
    all_dialects: bool = False


def select_scenarios(files: Sequence[Path], selection: Selection, options: RunOptions) -> dict[str, Scenario]:
    """Return the scenarios by the name of their results folder; `RunRefusedError` names all mistakes of all files."""
    selected: dict[str, Scenario] = {}
    mistakes: list[str] = []
    providers: set[str] = set()
    for file in (found for named in files for found in find_scenario_files(named)):
        try:
            variants = load_scenarios(file)
        except InvalidFileError as error:
            mistakes.append(str(error) + _nearest_text(file))
            continue
        for scenario in variants:
            providers |= {channel.provider for channel in scenario.channels}
            name = file.stem if scenario.provider is None else f"{file.stem}-{scenario.provider}"
            if not _has_provider(scenario, selection.provider):
                continue
            if name in selected:
                message = f"expected another name than {name}, which another file has; its results would be overwritten"
                mistakes.append(f"{file}: {message}")
                continue
            selected[name] = _apply(scenario, name, selection, options)
    if mistakes:
        raise RunRefusedError("\n".join(mistakes))
    if not selected:
        condition = "" if selection.provider is None else f" for the provider {selection.provider}"
        known = f"; their providers are {', '.join(sorted(providers))}" if providers else ""
        raise RunRefusedError(f"expected scenario files{condition}, got none in {', '.join(map(str, files))}{known}")
    return selected


def _nearest_text(file: Path) -> str:
    nearest = "" if file.exists() else nearest_scenario(file)
    return f"; nearest in the library: {nearest}" if nearest else ""


def expand_dialects(
    scenarios: Mapping[str, Scenario], selection: Selection, options: RunOptions
) -> Mapping[str, Scenario]:
    """Return the scenarios and, if all dialects are selected, a variant for each option of the running simulators."""
    if not selection.all_dialects or options.control_url is None:
        return scenarios
    try:
        with ControlClient(options.control_url) as control:
            return dialect_variants(scenarios, control.dialects())
    except ControlError as error:
        raise RunRefusedError(f"--all-dialects: {error}") from error


def _has_provider(scenario: Scenario, provider: str | None) -> bool:
    return provider is None or all(channel.provider == provider for channel in scenario.channels)


def _apply(scenario: Scenario, name: str, selection: Selection, options: RunOptions) -> Scenario:
    """Return the scenario with the selected seed and its random faults."""
    seed = scenario.seed if selection.seed is None else selection.seed
    try:
        faults = generate_faults(scenario, seed, selection.random_faults, kills=options.bridge is None)
    except TooManyFaultsError as error:
        raise RunRefusedError(f"--random-faults: {name}: {error}") from error
    return dataclasses.replace(scenario, seed=seed, faults=(*scenario.faults, *faults))
