"""Selecting the scenarios of a session: from files and folders, with a seed, a provider, faults and dialects."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sendproof_harness.control_client import ControlClient, ControlError
from sendproof_harness.providers import discover
from sendproof_harness.run.errors import RunOptionsError
from sendproof_harness.run.runner import RunOptions, check_command_line
from sendproof_harness.scenario.diagnostics import InvalidFileError
from sendproof_harness.scenario.dialect_matrix import dialect_variants
from sendproof_harness.scenario.library import (
    find_scenario_files,
    library_folder,
    nearest_scenario,
    no_scenario_files,
    scenarios_nearby,
)
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import Scenario
from sendproof_harness.scenario.random_faults import TooManyFaultsError, generate_faults
from sendproof_harness.suggestions import alternatives, wrong_choice

_LIST = " (list: sendproof scenarios)"


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
    providers: set[str] = set()
    found = {named: find_scenario_files(named) for named in files}
    mistakes = [no_scenario_files(named) + _LIST for named, below in found.items() if not below]
    for file in (file for named in files for file in found[named]):
        if not file.exists():
            mistakes.append(_no_scenario(file))
            continue
        try:
            variants = load_scenarios(file)
        except InvalidFileError as error:
            mistakes.append(str(error))
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
            selected[name] = dataclasses.replace(_apply(scenario, name, selection, options), source=_source(file))
    if mistakes:
        raise RunRefusedError("\n".join(mistakes))
    if not selected and selection.provider is not None:
        raise RunRefusedError(_nothing_selected(files, selection.provider, providers))
    return selected


def _source(file: Path) -> str:
    """Return a file as a reader of the repository finds it: below the working folder, and not in the library."""
    path, here = file.resolve(), Path.cwd()
    if not path.is_relative_to(here) or path.is_relative_to(library_folder().resolve()):
        return ""
    return path.relative_to(here).as_posix()


def _no_scenario(file: Path) -> str:
    """Return the message for a path that neither the working folder nor the library has."""
    nearest = nearest_scenario(file)
    hint = f"did you mean {nearest}?" if nearest else "name a file, a folder, or a scenario of the library"
    return f"no scenario '{file}'; {hint}{_LIST}"


def _nothing_selected(files: Sequence[Path], provider: str, providers: Collection[str]) -> str:
    """Return the message for files without a scenario of the provider."""
    names = ", ".join(map(str, files))
    known = list(dict.fromkeys([*discover(), *sorted(providers)]))
    if provider not in known:
        return wrong_choice("--provider", provider, known)
    other = next((name for file in files for name in scenarios_nearby(file, provider)), None)
    hint = f"for {provider} try {other}" if other else "leave --provider out, or choose another scenario"
    return f"{names} is for {alternatives(sorted(providers))} only; {hint}{_LIST}"


def check_options(options: RunOptions) -> None:
    """Raise `RunRefusedError` if an address or the command line of the bridge is wrong."""
    try:
        check_command_line(options)
    except RunOptionsError as error:
        raise RunRefusedError(str(error)) from error


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
