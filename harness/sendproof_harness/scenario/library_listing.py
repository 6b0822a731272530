"""The library as a list: what there is to play."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from rich.console import Console

from sendproof_harness.history.timestamps import span
from sendproof_harness.scenario.library import find, library
from sendproof_harness.scenario.load import load
from sendproof_harness.scenario.model import whole
from sendproof_harness.scenario.values import milliseconds


def listed(folder: Path) -> Iterator[dict[str, Any]]:
    """Every scenario of a folder: theme, scenario, name, about, providers, customers, virtual_time."""
    for file in find(folder):
        every = load(file)
        providers = {channel.provider for scenario in every for channel in scenario.channels}
        first = every[0]
        length = whole(first)
        yield {
            "theme": file.parent.name,
            "scenario": file.stem,
            "name": first.name,
            "about": first.about,
            "providers": sorted(providers),
            "customers": first.audience.customers * max(1, len(first.clients)),
            "virtual_time": span(milliseconds(length)),
        }


def of_library() -> list[dict[str, Any]]:
    """Every scenario that comes with Sendproof."""
    return list(listed(library()))


def print_list(scenarios: list[dict[str, Any]], console: Console) -> None:
    """By theme, three lines for each: how to name it, what it shows, and how large it is."""
    for theme, some in groupby(scenarios, key=itemgetter("theme")):
        console.print(theme, style="bold", markup=False, highlight=False)
        for one in some:
            size = f"{one['customers']:,} customers, {one['virtual_time']}, {' '.join(one['providers'])}"
            console.print(f"  {theme}/{one['scenario']}", markup=False, highlight=False, soft_wrap=True)
            console.print(f"      {one['name']}", markup=False, highlight=False, soft_wrap=True)
            console.print(f"      {size}", style="dim", markup=False, highlight=False, soft_wrap=True)
