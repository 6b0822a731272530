"""The scenarios that come with Sendproof.

They are in the folder `scenarios` of the repository, and in the folder `library` of the installed package.
"""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console

from sendproof_harness.bounded_file import named_by_user
from sendproof_harness.history.timestamps import span
from sendproof_harness.scenario.load import load_scenarios
from sendproof_harness.scenario.model import virtual_duration
from sendproof_harness.scenario.values import to_milliseconds
from sendproof_harness.suggestions import closest

_PACKAGE = Path(__file__).parents[1]


def library_folder() -> Path:
    """Return the folder that contains `scheduled/` and the other themes."""
    installed = _PACKAGE / "library"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "scenarios"


def find_scenario_files(path: Path) -> list[Path]:
    """Return the scenario file at `path`, or all files below a folder, sorted by name.

    A path that does not exist, or is a folder without scenario files named as a theme, is searched in the library:
    `scenarios/scheduled/first_campaign.yaml` and `scheduled/first_campaign` find one file of it, `scenarios/triggered`
    and `triggered` a folder, and `scenarios` all. A file that is not found there either is returned unchanged. An own
    folder `scenarios` without scenario files has none.
    """
    with named_by_user(path):
        if path.is_dir():
            return _yaml_files(path) or _files_of_theme(path)
        if path.exists():
            return [path]
    return library_files(path) or [path]


def _files_of_theme(folder: Path) -> list[Path]:
    """Return the files of the theme that has the name of a folder without *.yaml, such as `templates` of a project."""
    found = [] if folder == Path("scenarios") or _has_yml(folder) else library_files(folder)
    # A scenario of the library is no theme.
    return [file for file in found if file.parent.name == folder.name]


def _has_yml(folder: Path) -> bool:
    return any(folder.rglob("*.yml"))


def no_scenario_files(folder: Path) -> str:
    """Return the message for a folder in which `find_scenario_files` found none."""
    got = "only *.yml; rename them to .yaml" if _has_yml(folder) else "none"
    return f"{folder}: expected scenario files (*.yaml), got {got}"


def library_files(path: Path) -> list[Path]:
    """Return the files that a path names in the library, whatever the working folder contains; empty if none."""
    if path.is_absolute() or not path.parts or ".." in path.parts:
        return []
    inside = Path(*path.parts[1:]) if path.parts[:1] == ("scenarios",) else path
    in_library = library_folder() / inside
    if in_library.is_dir():
        return _yaml_files(in_library)
    file = in_library.with_suffix(".yaml")
    return [file] if file.is_file() else []


def nearest_scenario(path: Path) -> str:
    """Return the nearest scenario or theme of the library, such as `scheduled/first_campaign`; empty if none is."""
    known = _library_names()
    by_stem = {Path(name).name: name for name in reversed(known)}
    name = path.with_suffix("").as_posix().removeprefix("scenarios/")
    themes = {Path(name).parent.as_posix() for name in known}
    if "/" not in name and (theme := closest(name, themes)):
        return theme
    return (
        by_stem.get(Path(name).name) or closest(name, known) or by_stem.get(closest(Path(name).name, by_stem) or "", "")
    )


def scenarios_nearby(path: Path, provider: str) -> Iterator[str]:
    """Yield the scenarios of a provider in the theme of the library to which a scenario or a theme belongs."""
    folder = library_folder()
    files = [file for file in find_scenario_files(path) if file.is_relative_to(folder)]
    for theme in dict.fromkeys(file.parent for file in files):
        for file in _yaml_files(theme):
            variants = load_scenarios(file)
            if any({channel.provider for channel in variant.channels} == {provider} for variant in variants):
                yield file.relative_to(folder).with_suffix("").as_posix()


def _library_names() -> list[str]:
    folder = library_folder()
    return [file.relative_to(folder).with_suffix("").as_posix() for file in _yaml_files(folder)]


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def scenario_summaries(folder: Path) -> Iterator[dict[str, Any]]:
    """Summarize each scenario of a folder: theme, scenario, name, about, providers, customers, virtual_time."""
    for file in find_scenario_files(folder):
        variants = load_scenarios(file)
        first = variants[0]
        yield {
            "theme": file.parent.name,
            "scenario": file.stem,
            "name": first.name,
            "about": first.about,
            "providers": sorted({channel.provider for variant in variants for channel in variant.channels}),
            "customers": first.audience.customers * max(1, len(first.clients)),
            "virtual_time": span(to_milliseconds(virtual_duration(first))),
        }


def library_summaries() -> list[dict[str, Any]]:
    """Summarize every scenario of the library."""
    return list(scenario_summaries(library_folder()))


def print_summaries(summaries: list[dict[str, Any]], console: Console) -> None:
    """Print the scenarios by theme, three lines each: the path for `sendproof run`, the name, and the size."""
    for theme, scenarios in groupby(summaries, key=itemgetter("theme")):
        console.print(theme, style="bold", markup=False, highlight=False)
        for scenario in scenarios:
            size = f"{scenario['customers']:,} customers, {scenario['virtual_time']}, {' '.join(scenario['providers'])}"
            console.print(f"  {theme}/{scenario['scenario']}", markup=False, highlight=False, soft_wrap=True)
            console.print(f"      {scenario['name']}", markup=False, highlight=False, soft_wrap=True)
            console.print(f"      {size}", style="dim", markup=False, highlight=False, soft_wrap=True)
